"""When digests are brought further: of tables that are begun and current, of a new table before it is in service."""

from datetime import UTC, datetime

import pytest

from tests.engine.unit.facts.facts_world import FactsWorld
from tests.engine.workshop.application import EVENTS
from tests.engine.workshop.events import RepairOpened
from tests.engine.workshop.facts import RepairFacts
from twinpath.errors import Unavailable
from twinpath.facts.in_memory import InMemoryFacts
from twinpath.facts.interface import DIGESTED
from twinpath.facts.rebuilding import rebuilt
from twinpath.facts.tables import Table, table_of

TABLE = table_of(RepairFacts())


class Noting(InMemoryFacts):
    """Notes which tables were digested, exchanged."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, str]] = []

    async def digest(self, table: Table, least: int = DIGESTED) -> None:
        await super().digest(table, least)
        self.calls.append(("digest", table.name))

    async def exchange(self, table: Table) -> None:
        await super().exchange(table)
        self.calls.append(("exchange", table.name))


@pytest.fixture
async def world() -> FactsWorld:
    world = FactsWorld(EVENTS, [RepairFacts()], store=Noting())
    opened_at = datetime(2026, 3, 10, tzinfo=UTC)
    await world.append("repair-1", RepairOpened(subject="s", message="m", owner_id="owner-1", opened_at=opened_at))
    return world


def calls(world: FactsWorld) -> list[tuple[str, str]]:
    assert isinstance(world.means.store, Noting)
    return world.means.store.calls


async def test_a_table_is_digested_once_it_is_begun(world: FactsWorld) -> None:
    await world.keeper.digest()
    assert calls(world) == []

    await world.keeper.caught_up()
    await world.keeper.digest()
    assert calls(world) == [("digest", TABLE.name)]


async def test_a_table_that_was_lost_is_not_digested(world: FactsWorld) -> None:
    await world.keeper.caught_up()
    await world.means.store.drop(TABLE)

    with pytest.raises(Unavailable):
        await world.keeper.digest()


async def test_a_new_table_is_digested_before_it_is_in_service(world: FactsWorld) -> None:
    await rebuilt(RepairFacts(), world.logs, world.means)

    assert calls(world) == [("digest", TABLE.beside.name), ("exchange", TABLE.name)]
