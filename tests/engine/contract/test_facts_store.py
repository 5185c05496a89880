"""What every store of facts promises."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from twinpath.errors import Unavailable
from twinpath.facts.clickhouse.connection import Connection
from twinpath.facts.clickhouse.store import ClickHouseFacts, ClickHouseReader
from twinpath.facts.in_memory import InMemoryFacts
from twinpath.facts.interface import FactsStore, Form, OutdatedFacts, Sums
from twinpath.facts.tables import Row, Table

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
COLUMNS = {"step": "LowCardinality(String)", "pieces": "Int64", "amount": "Decimal(38, 4)", "due": "Nullable(String)"}
TABLE = Table("steps_rows", "steps", 1, COLUMNS, "SELECT * FROM {rows}")


@pytest.fixture(params=["in_memory", "clickhouse"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[FactsStore]:
    if request.param == "in_memory":
        yield InMemoryFacts()
        return
    connection = Connection(request.getfixturevalue("clickhouse_url"))
    yield ClickHouseFacts(connection, f"t{uuid4().hex[:10]}")
    await connection.close()


def row(position: int, line: int = 1, log: str = "order.0", pieces: int = 2, month: int = 3) -> Row:
    """A row of the event at this position; line 0 marks an event without any."""
    at = NOON.replace(month=month)
    values = ("placed", pieces, Decimal("19.99"), None) if line else ("", 0, Decimal(0), None)
    return (log, position, line, "order.placed", "order-1", at, *values)


async def test_a_table_is_as_far_as_it_has_no_gap(store: FactsStore) -> None:
    await store.prepare(TABLE)
    assert await store.positions(TABLE, ["order.0", "order.1"]) == {"order.0": 0, "order.1": 0}

    await store.insert(TABLE, [row(1), row(2, 0), row(3, 1), row(3, 2), row(1, log="order.1")])
    assert await store.positions(TABLE, ["order.0", "order.1"]) == {"order.0": 3, "order.1": 1}

    await store.insert(TABLE, [row(5, month=4), row(6, month=5)])
    assert await store.positions(TABLE, ["order.0"]) == {"order.0": 3}

    assert await store.highest(TABLE) == {"order.0": 6, "order.1": 1}

    await store.insert(TABLE, [row(4)])
    assert await store.positions(TABLE, ["order.0"]) == {"order.0": 6}


async def test_a_log_whose_beginning_is_missing_is_not_begun(store: FactsStore) -> None:
    await store.prepare(TABLE)
    await store.insert(TABLE, [row(2), row(3)])

    assert await store.positions(TABLE, ["order.0"]) == {"order.0": 0}


async def test_rows_that_come_again_are_there_once(store: FactsStore) -> None:
    await store.prepare(TABLE)
    rows = [row(1), row(2, 1), row(2, 2), row(3, 0)]
    for again in (rows, rows[1:], rows):
        await store.insert(TABLE, again)

    summed = {"pieces": Decimal(6), "amount": Decimal("59.97")}
    assert await store.sums(TABLE, {"order.0": 9, "order.1": 9}) == {"order.0": Sums(3, 3, summed)}
    assert await store.sums(TABLE, {"order.0": 1}) == {
        "order.0": Sums(1, 1, {"pieces": Decimal(2), "amount": Decimal("19.99")})
    }
    assert await store.sums(TABLE, {"order.0": 0}) == {}


async def test_an_insert_that_the_driver_cuts_into_blocks_is_there_whole(store: FactsStore) -> None:
    await store.prepare(TABLE)

    await store.insert(TABLE, [row(position) for position in range(1, 60_001)])

    assert await store.positions(TABLE, ["order.0"]) == {"order.0": 60_000}


async def test_it_tells_which_positions_it_holds(store: FactsStore) -> None:
    await store.prepare(TABLE)
    await store.insert(TABLE, [row(1), row(7), row(2, log="order.1")])

    assert await store.holds(TABLE, {"order.0": 7, "order.1": 1, "order.2": 1}) == {"order.0"}
    assert await store.holds(TABLE, {}) == set()


async def test_a_table_of_another_version_is_left_alone_until_it_is_exchanged(store: FactsStore) -> None:
    await store.prepare(TABLE)
    await store.insert(TABLE, [row(1)])
    newer = replace(TABLE, version=2, columns={**COLUMNS, "weight": "Float64"})

    with pytest.raises(OutdatedFacts, match="steps is of version 1, its declaration of 2"):
        await store.prepare(newer)

    for _ in range(2):  # the first is begun and left
        await store.empty(newer.beside)
        await store.insert(newer.beside, [(*row(1), 0.5), (*row(2), 1.5)])
    assert await store.positions(TABLE, ["order.0"]) == {"order.0": 1}
    await store.exchange(newer)

    await store.prepare(newer)
    assert await store.positions(newer, ["order.0"]) == {"order.0": 2}
    with pytest.raises(OutdatedFacts):
        await store.prepare(TABLE)


async def test_a_missing_table_has_no_identity_and_can_be_asked_nothing_else(store: FactsStore) -> None:
    assert await store.identity(TABLE) == ""
    assert await store.holds(TABLE, {}) == set()
    for call in (
        store.insert(TABLE, [row(1)]),
        store.positions(TABLE, ["order.0"]),
        store.highest(TABLE),
        store.holds(TABLE, {"order.0": 1}),
        store.sums(TABLE, {"order.0": 1}),
    ):
        with pytest.raises(Unavailable):
            await call


async def test_a_table_can_be_put_where_there_was_none(store: FactsStore) -> None:
    await store.empty(TABLE.beside)
    await store.insert(TABLE.beside, [row(1)])

    await store.exchange(TABLE)

    await store.prepare(TABLE)
    assert await store.positions(TABLE, ["order.0"]) == {"order.0": 1}


async def test_an_exchanged_table_is_another(store: FactsStore) -> None:
    assert await store.identity(TABLE) == ""
    await store.prepare(TABLE)
    before = await store.identity(TABLE)
    await store.prepare(TABLE)
    assert await store.identity(TABLE) == before != ""

    await store.empty(TABLE.beside)
    await store.exchange(TABLE)

    assert await store.identity(TABLE) != before


async def test_a_dropped_table_is_made_again(store: FactsStore) -> None:
    await store.prepare(TABLE)
    await store.insert(TABLE, [row(1)])
    await store.drop(TABLE)

    await store.prepare(TABLE)

    assert await store.positions(TABLE, ["order.0"]) == {"order.0": 0}


async def test_a_store_that_is_away_is_unavailable() -> None:
    connection = Connection("http://127.0.0.1:9")
    store = ClickHouseFacts(connection, "nothing")
    for call in (
        store.prepare(TABLE),
        store.insert(TABLE, [row(1)]),
        store.positions(TABLE, ["order.0"]),
        store.holds(TABLE, {"order.0": 1}),
        store.highest(TABLE),
        store.sums(TABLE, {"order.0": 1}),
        store.empty(TABLE),
        store.exchange(TABLE),
        store.drop(TABLE),
    ):
        with pytest.raises(Unavailable, match=r"ClickHouse at 127\.0\.0\.1"):
            await call
    await connection.close()


async def test_a_table_whose_view_is_lost_has_it_again_once_it_is_prepared(clickhouse_url: str) -> None:
    connection = Connection(clickhouse_url)
    database = f"t{uuid4().hex[:10]}"
    store = ClickHouseFacts(connection, database)
    await store.prepare(TABLE)
    await store.insert(TABLE, [row(1)])
    before = await store.identity(TABLE)
    await connection.command(f"DROP VIEW {database}.steps")
    assert await store.identity(TABLE) == ""

    await store.prepare(TABLE)

    assert await store.identity(TABLE) == before
    assert await connection.rows(f"SELECT count() FROM {database}.steps") == [(1,)]
    await connection.command(f"DROP DATABASE {database}")
    await connection.close()


async def test_a_report_does_not_read_the_statistics_of_parts(clickhouse_url: str) -> None:
    connection = Connection(clickhouse_url)
    reader = ClickHouseReader(connection, "system")
    forms: tuple[Form, ...] = ("csv", "json")
    for form in forms:
        answer = await reader.query("SELECT getSetting('use_statistics') AS used", {}, form)
        assert b"1" not in answer.splitlines()[-1]
    await connection.close()


async def test_numbers_are_numbers_and_what_is_null_is_null_whatever_a_server_makes_of_them(
    clickhouse_url: str,
) -> None:
    connection = Connection(clickhouse_url)
    reader = ClickHouseReader(connection, "system")
    assert await reader.query("SELECT toUInt64(1) AS one, NULL AS no", {}, "csv") == b'"one","no"\n1,\n'
    assert b'{"one":1,"no":null}' in await reader.query("SELECT toUInt64(1) AS one, NULL AS no", {}, "json")
    setting = "SELECT changed FROM settings WHERE name = 'output_format_json_quote_64bit_integers'"
    assert b'"changed":1' in await reader.query(setting.replace("FROM ", "FROM {facts}."), {}, "json")
    await connection.close()


async def test_merges_make_no_statistics(clickhouse_url: str) -> None:
    connection = Connection(clickhouse_url)
    database = f"t{uuid4().hex[:10]}"
    store = ClickHouseFacts(connection, database)
    await store.prepare(TABLE)
    await store.empty(TABLE.beside)

    tables = await connection.rows(
        f"SELECT create_table_query FROM system.tables WHERE database = '{database}' AND engine != 'View'"
    )
    assert len(tables) == 2
    assert all("auto_statistics_types = ''" in create for (create,) in tables)
    await connection.command(f"DROP DATABASE {database}")
    await connection.close()
