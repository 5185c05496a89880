"""Rows of facts made by ClickHouse itself: millions take a minute, as no event is needed for them."""

from twinpath.clock import utc_now
from twinpath.facts.clickhouse.connection import Connection
from twinpath.facts.clickhouse.store import ClickHouseFacts
from twinpath.facts.tables import Table

_DAYS, _AT_ONCE = 730, 1_000_000
_AMOUNTS = """(SELECT groupArray(amount) FROM (
    SELECT sum(toDecimal64(number / 10, 4)) AS amount FROM numbers(3001) GROUP BY number ORDER BY number)) AS amounts"""
"""Amounts by their number; only a sum gives a Decimal as wide as the table's in every build of the engine."""
_COMMON = """intDiv(number, {rows}) AS thing, number % {rows} AS part, intHash64(thing) AS chance,
    leftPad(lower(hex(thing)), 12, '0') AS own, intDiv(part, {lines}) AS step, part % {lines} + 1 AS line,
    toDateTime64('{now}', 3, 'UTC') - toIntervalSecond(toInt64(({things} - thing) * {seconds} / {things})) AS began,
    leftPad(lower(hex(toUnixTimestamp64Milli(began))), 12, '0') AS time,
    concat(substring(time, 1, 8), '-', substring(time, 9, 4), '-7000-8000-', own) AS id,
    began + toIntervalSecond(step * 3600) AS at, if(step = 0, NULL, 3600.0 + chance % 600) AS took,
    intHash64(thing * 2 + line) % 5000 AS product, 1 + product % 3 AS pieces, 1 + product % 1000 AS price"""
_PLACE = "concat('{category}.', toString(thing % 4)), intDiv(thing, 4) * 3 + step + 1, line"
_ORDERS = """
    'order.changed', concat('order-', id), at, ['placed', 'confirmed', 'shipped'][step + 1], concat('order-', id),
    concat('customer-019af000-0000-7000-8000-', leftPad(hex(chance % 200000), 12, '0')),
    concat('product-019af000-0000-7000-8000-', leftPad(hex(product), 12, '0')), concat('SKU-', toString(product)),
    concat('category ', toString(product % 12)), ['DE', 'AT', 'CH', 'GB', 'FR', 'NL', 'US', 'IT'][chance % 8 + 1], '',
    pieces, amounts[price], amounts[price * pieces], if(step = 1, amounts[price * pieces], amounts[1]),
    if(step = 1, pieces, 0), 'EUR', 2, 4,
    began, took
"""
_TICKETS = """
    'ticket.changed', concat('ticket-', id), at, ['opened', 'triaged', 'closed'][step + 1],
    concat('ticket-', id), '', '', began, took
"""
_SELECTS = {"order_lines": ("order", _ORDERS, 6, 2), "ticket_steps": ("ticket", _TICKETS, 3, 1)}
"""Table -> its category, its rows, how many a thing has, and how many of them are lines of one event."""


async def fill(connection: Connection, store: ClickHouseFacts, database: str, table: Table, rows: int) -> None:
    """Fill a table with so many rows of two years up to now, as it is once it has been quiet for a while."""
    category, select, of_thing, lines = _SELECTS[table.shown]
    await store.prepare(table)
    columns = ", ".join(table.all_columns)
    begins = {"now": f"{utc_now():%Y-%m-%d %H:%M:%S}", "seconds": _DAYS * 86_400, "things": max(1, rows // of_thing)}
    common = _COMMON.format(rows=of_thing, lines=lines, **begins)
    for start in range(0, rows, _AT_ONCE):
        await connection.command(
            f"INSERT INTO {database}.{table.name} ({columns}) WITH {_AMOUNTS}, {common}"
            f" SELECT {_PLACE.format(category=category)}, {select} FROM numbers({start}, {min(_AT_ONCE, rows - start)})"
        )
    await connection.command(f"OPTIMIZE TABLE {database}.{table.name} FINAL")
    await store.digest(table)
