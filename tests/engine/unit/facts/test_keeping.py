"""Tables of facts are kept true to the log: after failed inserts, lost rows, and with another replica at work."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.engine.unit.facts.facts_world import FactsWorld
from tests.engine.workshop.application import EVENTS
from tests.engine.workshop.events import RepairClosed, RepairNoteAdded, RepairOpened
from tests.engine.workshop.facts import RepairFacts
from tests.support.eventually import eventually
from twinpath.errors import Unavailable
from twinpath.facts.in_memory import InMemoryFacts
from twinpath.facts.inserting import Inserting
from twinpath.facts.rebuilding import folded, rebuilt
from twinpath.facts.tables import Row, Table, table_of

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
TABLE = table_of(RepairFacts())


class Failing(InMemoryFacts):
    """Refuses every other insert, after a part of it is in."""

    def __init__(self) -> None:
        super().__init__()
        self.inserts = 0

    async def insert(self, table: Table, rows: Sequence[Row]) -> None:
        self.inserts += 1
        if self.inserts % 2:
            await super().insert(table, rows[len(rows) // 2 :])
            raise Unavailable("the answer did not come")
        await super().insert(table, rows)


async def a_repair(world: FactsWorld, number: int) -> None:
    stream = f"repair-{number}"
    opened = RepairOpened(subject="s", message="m", owner_id="owner-1", opened_at=NOON)
    await world.append(stream, opened, RepairNoteAdded(note="n"))
    await world.append(stream, RepairClosed(resolution="done", previous_status="open"))


async def _has_rows(world: FactsWorld, count: int) -> None:
    async def has() -> bool:
        return len(world.memory.rows(TABLE)) == count

    await eventually(has)


def steps(rows: Sequence[Row]) -> list[str]:
    return sorted(row[6] for row in rows)


async def test_inserts_that_fail_half_done_lose_and_double_nothing() -> None:
    store = Failing()
    world = FactsWorld(EVENTS, [RepairFacts()], partitions=3, store=store)
    for number in range(20):
        await a_repair(world, number)

    await world.keeper.caught_up()

    assert steps(store.rows(TABLE)) == sorted([""] * 20 + ["opened"] * 20 + ["closed"] * 20)
    assert store.inserts >= 2


@pytest.mark.parametrize("is_dropped", [True, False])
async def test_a_table_that_was_emptied_or_dropped_is_filled_again_by_itself(is_dropped: bool) -> None:
    world = FactsWorld(EVENTS, [RepairFacts()])
    await a_repair(world, 1)
    assert len(await world.rows("repair_steps")) == 3
    if is_dropped:
        await world.memory.drop(TABLE)
    else:
        world.memory.truncate(TABLE)
    await world.keeper.start()

    await _has_rows(world, 3)

    await world.keeper.stop()


async def test_what_no_message_told_of_is_read_from_the_log() -> None:
    world = FactsWorld(EVENTS, [RepairFacts()])
    await world.keeper.start()
    await a_repair(world, 1)

    await _has_rows(world, 3)

    await world.keeper.stop()


async def test_of_two_replicas_both_may_fill_a_table() -> None:
    world = FactsWorld(EVENTS, [RepairFacts()])
    first = world.keeper
    await a_repair(world, 1)
    await first.caught_up()
    world.begin_anew()
    await a_repair(world, 2)
    await world.keeper.caught_up()
    await a_repair(world, 3)

    await first.caught_up()

    assert steps(world.memory.rows(TABLE)) == sorted([""] * 3 + ["opened"] * 3 + ["closed"] * 3)


async def test_a_table_of_another_version_is_left_as_it_is_and_said() -> None:
    class Newer(RepairFacts):
        name = "repair_steps"
        version = 2

    world = FactsWorld(EVENTS, [RepairFacts()])
    await a_repair(world, 1)
    await world.rows("repair_steps")
    newer = FactsWorld(EVENTS, [Newer()], store=world.memory)
    await a_repair(newer, 2)

    await newer.keeper.caught_up()

    assert newer.keeper.outdated == ["repair_steps"]
    assert len(world.memory.rows(TABLE)) == 3
    with pytest.raises(Unavailable, match="to be built anew"):
        await newer.keeper.health()


async def test_a_table_built_anew_is_right_also_where_rows_come_just_after_the_exchange() -> None:
    class Exchanged(InMemoryFacts):
        """Events come between the last look of the building and the exchange, and right after it."""

        async def exchange(self, table: Table) -> None:
            await a_repair(world, 2)
            await world.keeper.caught_up()
            await super().exchange(table)
            await a_repair(world, 3)
            await world.keeper.deliver("repair.0", await world.log.read_log("repair.0", 6, 3))

    store = Exchanged()
    world = FactsWorld(EVENTS, [RepairFacts()], store=store)
    await a_repair(world, 1)
    await world.keeper.caught_up()
    await rebuilt(RepairFacts(), world.logs, world.means)
    assert await store.positions(TABLE, ["repair.0"]) == {"repair.0": 3}
    assert await store.highest(TABLE) == {"repair.0": 9}

    await world.keeper.look()
    await world.keeper.caught_up()

    assert steps(store.rows(TABLE)) == sorted([""] * 3 + ["opened"] * 3 + ["closed"] * 3)


async def test_a_fold_of_the_log_gives_what_the_table_holds() -> None:
    world = FactsWorld(EVENTS, [RepairFacts()])
    await a_repair(world, 1)
    await a_repair(world, 2)
    await world.rows("repair_steps")
    (log,) = [log for log in world.logs if log.startswith("repair")]

    fold = await folded(RepairFacts(), log, 6, world.means)

    assert fold == (await world.memory.sums(TABLE, {log: 6}))[log]
    assert (fold.events, fold.rows, fold.sums) == (6, 4, {"steps": Decimal(4)})


async def test_rows_wait_for_the_second_or_for_their_number_and_go_at_once_when_idle() -> None:
    inserts: list[int] = []
    times: list[float] = []
    now = asyncio.get_running_loop().time

    async def insert(rows: Sequence[Row]) -> None:
        inserts.append(len(rows))
        times.append(now())

    inserting = Inserting(insert, most=10, seconds=0.2)
    began = now()
    await inserting.put([("a",)])
    assert now() - began < 0.1
    await asyncio.gather(*(inserting.put([("b",)] * 2) for _ in range(3)))
    assert times[1] - times[0] >= 0.19
    await asyncio.gather(*(inserting.put([("c",)] * 4) for _ in range(6)))

    assert inserts == [1, 6, 12, 12]
    assert times[3] - times[1] < 0.15


async def test_without_seconds_rows_go_in_full_inserts_and_at_once_where_somebody_has_to_wait_for_them() -> None:
    inserts: list[int] = []

    async def insert(rows: Sequence[Row]) -> None:
        inserts.append(len(rows))

    inserting = Inserting(insert, most=10, seconds=None)
    first, second, third = (inserting.put([("a",)] * 4) for _ in range(3))
    await asyncio.gather(first, second, third)
    fourth = inserting.put([("b",)])
    assert (await asyncio.wait([fourth], timeout=0.05))[1] == {fourth}
    inserting.press()
    await fourth
    fifth = inserting.put([("c",)])
    assert (await asyncio.wait([fifth], timeout=0.05))[1] == {fifth}
    inserting.press()
    await fifth

    assert inserts == [12, 1, 1]


async def test_a_rebuild_ends_without_waiting_for_a_full_insert() -> None:
    world = FactsWorld(EVENTS, [RepairFacts()], partitions=3)
    for number in range(5):
        await a_repair(world, number)

    async with asyncio.timeout(5):
        assert await rebuilt(RepairFacts(), world.logs, world.means) == 15

    assert len(world.memory.rows(TABLE)) == 15
