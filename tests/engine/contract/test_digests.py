"""A digest shows at any time what all rows give, whatever came late, again or not at all."""

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from twinpath.domain import Earliest
from twinpath.facts.clickhouse.connection import Connection
from twinpath.facts.clickhouse.store import ClickHouseFacts
from twinpath.facts.tables import Row, Table

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
NEVER = (1 << 64) - 1
TABLE = Table(
    "visits_rows",
    "visits",
    1,
    {"guest": "String", "step": "LowCardinality(String)", "hour": "Int64"},
    "SELECT * FROM {rows}",
    earliest={"guests": Earliest("hour", "guest", "step = 'came' AND line = 1", 2)},
)


class Visits:
    """The table of visits in a database of its own."""

    def __init__(self, url: str) -> None:
        self.connection = Connection(url)
        self.database = f"t{uuid4().hex[:10]}"
        self.store = ClickHouseFacts(self.connection, self.database)

    async def shown(self) -> dict[str, list[int]]:
        """Guest -> the hours of the first visits, by the view."""
        rows = await self.connection.rows(f"SELECT guest, hour_1, hour_2 FROM {self.database}.visits_guests")
        assert len(rows) == len({row[0] for row in rows})
        return {guest: [hour for hour in hours if hour != NEVER] for guest, *hours in rows}

    async def tables(self) -> list[str]:
        """The tables and views of the database."""
        rows = await self.connection.rows(f"SELECT name FROM system.tables WHERE database = '{self.database}'")
        return [name for (name,) in rows]

    async def close(self) -> None:
        """Leave nothing."""
        await self.connection.command(f"DROP DATABASE IF EXISTS {self.database}")
        await self.connection.close()


@pytest.fixture
async def visits(clickhouse_url: str) -> AsyncIterator[Visits]:
    visits = Visits(clickhouse_url)
    await visits.store.prepare(TABLE)
    yield visits
    await visits.close()


def row(position: int, guest: str, hour: int, log: str = "visit.0", step: str = "came", line: int = 1) -> Row:
    """A visit; its month follows from its position."""
    at = NOON + timedelta(days=position)
    return (log, position, line, "visit.made", "visit-1", at, guest, step, hour)


def first(rows: Sequence[Row]) -> dict[str, list[int]]:
    """What the rows give."""
    hours: defaultdict[str, set[int]] = defaultdict(set)
    for *_, line, _, _, _, guest, step, hour in rows:
        if (step, line) == ("came", 1):
            hours[guest].add(hour)
    return {guest: sorted(found)[:2] for guest, found in hours.items()}


@pytest.mark.parametrize("seed", range(4))
async def test_it_shows_what_all_rows_give(visits: Visits, seed: int) -> None:
    chance = random.Random(seed)
    rows = [
        row(
            position, f"guest-{chance.randrange(9)}", chance.randrange(50), log, chance.choice(("came", "came", "left"))
        )
        for log in ("visit.0", "visit.1")
        for position in range(1, 61)
    ]
    rows.sort(key=lambda row: row[1])
    batches = [rows[start : start + 12] for start in range(0, len(rows), 12)]
    for late in chance.sample(range(0, len(batches), 2), k=2):
        batches[late], batches[late + 1] = batches[late + 1], batches[late]
    inserted: list[Row] = []
    for batch in batches:
        inserted += batch
        await visits.store.insert(TABLE, chance.sample(batch, k=len(batch)) + chance.choices(inserted, k=5))
        assert await visits.shown() == first(inserted)
        await visits.store.digest(TABLE, least=chance.choice((1, 30)))
        assert await visits.shown() == first(inserted)
    assert len(await visits.tables()) > 3


async def test_it_waits_for_what_is_missing(visits: Visits) -> None:
    await visits.store.insert(TABLE, [row(1, "a", 5), row(3, "a", 7)])
    await visits.store.digest(TABLE, least=1)
    await visits.store.insert(TABLE, [row(2, "a", 1)])

    assert await visits.shown() == {"a": [1, 5]}
    await visits.store.digest(TABLE, least=1)
    assert await visits.shown() == {"a": [1, 5]}


async def test_few_rows_are_left_as_they_are(visits: Visits) -> None:
    await visits.store.insert(TABLE, [row(1, "a", 5), row(2, "b", 6)])
    await visits.store.digest(TABLE, least=3)
    assert sorted(await visits.tables()) == ["visits", "visits_guests", "visits_rows"]

    await visits.store.digest(TABLE, least=2)
    assert len(await visits.tables()) == 4
    assert await visits.shown() == {"a": [5], "b": [6]}


async def test_a_table_in_its_place_has_a_digest_of_its_own(visits: Visits) -> None:
    await visits.store.insert(TABLE, [row(1, "a", 5), row(2, "gone", 6)])
    await visits.store.digest(TABLE, least=1)
    await visits.store.empty(TABLE.beside)
    await visits.store.prepare(TABLE.beside)
    await visits.store.insert(TABLE.beside, [row(1, "a", 9)])
    await visits.store.digest(TABLE.beside, least=1)
    assert await visits.shown() == {"a": [5], "gone": [6]}

    await visits.store.exchange(TABLE)

    assert await visits.shown() == {"a": [9]}
    await visits.store.insert(TABLE, [row(2, "b", 3)])
    assert await visits.shown() == {"a": [9], "b": [3]}
    assert not [name for name in await visits.tables() if name in ("visits_anew", "visits_anew_guests")]


async def test_a_table_that_was_dropped_begins_anew(visits: Visits) -> None:
    await visits.store.insert(TABLE, [row(1, "a", 5)])
    await visits.store.digest(TABLE, least=1)
    await visits.store.drop(TABLE)
    await visits.store.prepare(TABLE)

    assert await visits.shown() == {}


async def test_another_declaration_is_shown_once_its_table_is_there(visits: Visits) -> None:
    await visits.store.insert(TABLE, [row(1, "a", 5), row(2, "a", 4, step="left")])
    await visits.store.digest(TABLE, least=1)
    newer = replace(TABLE, version=2, earliest={"guests": Earliest("hour", "guest", "line = 1", 2)})
    await visits.store.empty(newer.beside)
    await visits.store.insert(newer.beside, [row(1, "a", 5), row(2, "a", 4, step="left")])
    await visits.store.digest(newer.beside, least=1)

    await visits.store.exchange(newer)

    assert await visits.shown() == {"a": [4, 5]}


async def test_a_digest_by_another_declaration_is_not_used(visits: Visits) -> None:
    await visits.store.insert(TABLE, [row(1, "a", 5), row(2, "a", 4, step="left")])
    await visits.store.digest(TABLE, least=1)

    await visits.store.prepare(replace(TABLE, earliest={"guests": Earliest("hour", "guest", "line = 1", 2)}))

    assert await visits.shown() == {"a": [4, 5]}


async def test_what_was_replaced_is_dropped_after_a_while(visits: Visits) -> None:
    impatient = ClickHouseFacts(visits.connection, visits.database, unused_seconds=0)
    for position in (1, 2, 3):
        await visits.store.insert(TABLE, [row(position, "a", position)])
        await visits.store.digest(TABLE, least=1)
    assert len(await visits.tables()) == 3 + 3

    await impatient.digest(TABLE)

    assert len(await visits.tables()) == 3 + 1
    assert await visits.shown() == {"a": [1, 2]}


async def test_a_digest_that_was_dropped_is_made_again(visits: Visits) -> None:
    await visits.store.insert(TABLE, [row(1, "a", 5), row(2, "b", 6)])
    await visits.store.digest(TABLE, least=1)
    (digest,) = set(await visits.tables()) - {"visits", "visits_guests", "visits_rows"}
    await visits.connection.command(f"DROP TABLE {visits.database}.{digest}")

    await visits.store.digest(TABLE, least=1)

    assert await visits.shown() == {"a": [5], "b": [6]}
