"""Tables of facts in ClickHouse: ReplacingMergeTree(position), ordered by (log, position, line)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from twinpath.facts.clickhouse import statements
from twinpath.facts.clickhouse.connection import Connection
from twinpath.facts.clickhouse.digesting import UNUSED_SECONDS, Digesting
from twinpath.facts.clickhouse.statements import MARK, quoted
from twinpath.facts.interface import DIGESTED, FactsReader, FactsStore, Form, OutdatedFacts, Sums
from twinpath.facts.tables import Row, Table

_FORMATS: Mapping[Form, str] = {"json": "JSONEachRow", "csv": "CSVWithNames", "parquet": "Parquet"}
_OF_FORM: Mapping[Form, str] = {
    "json": ", output_format_json_array_of_rows = 1, output_format_json_quote_decimals = 1"
    ", output_format_json_quote_64bit_integers = 0",  # as older servers do
    "csv": ", format_csv_null_representation = ''",
    "parquet": "",
}
_UTC_SETTINGS = "date_time_output_format = 'iso'"
_PRUNING = "use_statistics_for_part_pruning"
"""Servers with this setting (26.4) make statistics of columns at each merge and, for five minutes, read them from every
part, again for each table that a statement names, to find out which parts matter: longer than most reports take."""
_NO_STATISTICS, _NONE_USED = ", auto_statistics_types = ''", ", use_statistics = 0"


class ClickHouseFacts(FactsStore):
    """A FactsStore in one database. A digest that was replaced is dropped after `unused_seconds`."""

    def __init__(self, connection: Connection, database: str, unused_seconds: int = UNUSED_SECONDS) -> None:
        self._connection = connection
        self._database = database
        self._digesting = Digesting(connection, database, unused_seconds)

    async def prepare(self, table: Table) -> None:
        await self._connection.command(f"CREATE DATABASE IF NOT EXISTS {quoted(self._database)}")
        await self._create(table)
        version = (await self._comment(table)).removeprefix(MARK)
        if version != str(table.version):
            raise OutdatedFacts(f"{table.shown} is of version {version}, its declaration of {table.version}")
        await self._show(table)

    async def insert(self, table: Table, rows: Sequence[Row]) -> None:
        columns = list(zip(*rows, strict=True))
        await self._connection.insert(self._database, table.name, table.all_columns, columns)

    async def positions(self, table: Table, logs: Sequence[str]) -> dict[str, int]:
        rows = await self._connection.rows(statements.positions(self._database, table), {"logs": list(logs)})
        positions = dict.fromkeys(logs, 0)
        for log, highest, count in rows:
            positions[log] = highest if highest == count else await self._before_gap(table, log)
        return positions

    async def highest(self, table: Table) -> dict[str, int]:
        rows = await self._connection.rows(statements.highest(self._database, table))
        return {log: int(position) for log, position in rows}

    async def identity(self, table: Table) -> str:
        names = {"database": self._database, "rows": table.name, "shown": table.shown}
        rows = await self._connection.rows(
            "SELECT name, uuid FROM system.tables"
            " WHERE database = {database:String} AND name IN ({rows:String}, {shown:String})",
            names,
        )
        there = {name: str(uuid) for name, uuid in rows}
        # without its view it counts as missing, so that it is prepared again
        return there.get(table.name, "") if table.shown in there else ""

    async def holds(self, table: Table, positions: Mapping[str, int]) -> set[str]:
        if not positions:
            return set()
        asked: dict[str, Any] = {f"log{n}": log for n, log in enumerate(positions)}
        asked |= {f"at{n}": position for n, position in enumerate(positions.values())}
        rows = await self._connection.rows(statements.holds(self._database, table, len(positions)), asked)
        return {log for (log,) in rows}

    async def sums(self, table: Table, upto: Mapping[str, int]) -> dict[str, Sums]:
        sums: dict[str, Sums] = {}
        for log, position in upto.items():
            asked = {"log": log, "upto": position}
            ((events, rows, *summed),) = await self._connection.rows(statements.sums(self._database, table), asked)
            if events:
                sums[log] = Sums(events, rows, dict(zip(table.summed, map(Decimal, summed), strict=True)))
        return sums

    async def empty(self, table: Table) -> None:
        await self._connection.command(f"CREATE DATABASE IF NOT EXISTS {quoted(self._database)}")
        await self._create(table, instead=True)

    async def exchange(self, table: Table) -> None:
        current, beside = (quoted(self._database, name) for name in (table.name, table.beside.name))
        await self._create(table)  # where there was none
        await self._connection.command(f"EXCHANGE TABLES {beside} AND {current}")
        await self._show(table)
        await self.drop(table.beside)

    async def digest(self, table: Table, least: int = DIGESTED) -> None:
        if table.earliest:
            await self._digesting.go_on(table, await self.identity(table), await self.highest(table), least)

    async def drop(self, table: Table) -> None:
        await self._digesting.hide(table)
        await self._connection.command(f"DROP VIEW IF EXISTS {quoted(self._database, table.shown)}")
        await self._connection.command(f"DROP TABLE IF EXISTS {quoted(self._database, table.name)}")

    async def _create(self, table: Table, instead: bool = False) -> None:
        further = _NO_STATISTICS if await _prunes(self._connection) else ""
        await self._connection.command(statements.create_table(self._database, table, further, instead))

    async def _show(self, table: Table) -> None:
        await self._connection.command(statements.create_view(self._database, table))
        if table.earliest:
            await self._digesting.show(table, await self.identity(table))

    async def _comment(self, table: Table) -> str:
        rows = await self._connection.rows(
            "SELECT comment FROM system.tables WHERE database = {database:String} AND name = {name:String}",
            {"database": self._database, "name": table.name},
        )
        return str(rows[0][0]) if rows else ""

    async def _before_gap(self, table: Table, log: str) -> int:
        statement = statements.end_before_gap(self._database, table)
        first = await self._connection.rows(
            f"SELECT min(position) FROM {quoted(self._database, table.name)} WHERE log = {{log:String}}", {"log": log}
        )
        if first[0][0] > 1:
            return 0
        return int((await self._connection.rows(statement, {"log": log}))[0][0])


class ClickHouseReader(FactsReader):
    """A FactsReader; its SQL names tables and views of one database as `{facts}.name`."""

    def __init__(self, connection: Connection, database: str) -> None:
        self._connection = connection
        self._database = quoted(database)
        self._further: str | None = None

    async def query(self, sql: str, parameters: Mapping[str, Any], form: Form) -> bytes:
        # within the statement, since proxies of ClickHouse leave out what stands beside it
        if self._further is None:
            self._further = _NONE_USED if await _prunes(self._connection) else ""
        settings = f"{_UTC_SETTINGS}{self._further}{_OF_FORM[form]}"
        statement = f"{sql.replace('{facts}', self._database)}\nSETTINGS {settings}"
        return await self._connection.raw(statement, parameters, _FORMATS[form])

    async def ping(self) -> None:
        await self._connection.rows("SELECT 1")


async def _prunes(connection: Connection) -> bool:
    """Whether the server looks into statistics. Raises Unavailable."""
    return bool(await connection.rows(f"SELECT name FROM system.settings WHERE name = '{_PRUNING}'"))
