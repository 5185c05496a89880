"""Keeps the digests of tables of facts in ClickHouse: each new one goes further, and the view names it at once."""

from collections.abc import Mapping

from twinpath.facts.clickhouse import digests
from twinpath.facts.clickhouse.connection import Connection
from twinpath.facts.clickhouse.digests import Digest, declaration, view_name
from twinpath.facts.clickhouse.statements import quoted
from twinpath.facts.tables import Table
from twinpath.ids import uuid7

_STEP = 2_000_000
"""Positions that a digest goes further than the one before, at most: a step takes some seconds of a core."""
UNUSED_SECONDS = 600
"""A query that began with a digest has ended after so long."""


class Digesting:
    """Those of one database. Every call raises Unavailable.

    Several replicas may work at once: whichever view is the last names a digest that is whole.
    """

    def __init__(self, connection: Connection, database: str, unused_seconds: int) -> None:
        self._connection = connection
        self._database = database
        self._unused_seconds = unused_seconds

    async def show(self, table: Table, identity: str) -> None:
        """Make the views of a table; `identity` is that of its rows."""
        for name in table.earliest:
            digest = await self._last(table, name, identity)
            await self._connection.command(digests.create_view(self._database, table, name, digest))

    async def go_on(self, table: Table, identity: str, heads: Mapping[str, int], least: int) -> None:
        """Bring the digests up to the highest positions where they lack `least` events or more, and show the last."""
        further = set[str]()
        for name in table.earliest:
            while await self._step(table, name, identity, heads, least):
                further.add(name)
        await self.show(table, identity)
        for name in further:  # where nothing newer is, the server remembers, and the next report need not look
            await self._connection.rows(f"SELECT count() FROM {quoted(self._database, view_name(table, name))}")
        await self._drop_replaced(table, identity)

    async def hide(self, table: Table) -> None:
        """Drop the views of a table, where they are there; its digests go once their rows are gone."""
        for name in table.earliest:
            await self._connection.command(f"DROP VIEW IF EXISTS {quoted(self._database, view_name(table, name))}")

    async def _step(self, table: Table, name: str, identity: str, heads: Mapping[str, int], least: int) -> bool:
        """Whether the digest goes further than before."""
        before = await self._last(table, name, identity)
        upto = dict(before.upto) if before else {}
        missing = {log: head - upto.get(log, 0) for log, head in heads.items() if head > upto.get(log, 0)}
        if sum(missing.values()) < max(least, 1):
            return False
        most = max(1, _STEP // len(missing))
        whole = await self._without_gap(table, upto, {log: min(count, most) for log, count in missing.items()})
        if not whole:
            return False
        unique = f"{view_name(table, name)}_{uuid7().replace('-', '')}"
        reached = {log: upto.get(log, 0) + count for log, count in whole.items()}
        digest = Digest(unique, declaration(table, name), identity, {**upto, **reached})
        await self._connection.command(digests.create_digest(self._database, table, name, before, digest))
        if await self._without_gap(table, upto, whole) == whole:
            return True
        await self._drop(digest)  # the rows were emptied meanwhile
        return False

    async def _without_gap(self, table: Table, after: Mapping[str, int], counts: Mapping[str, int]) -> dict[str, int]:
        """Log -> count, of the logs in which so many positions beyond these are there."""
        upto = {log: after.get(log, 0) + count for log, count in counts.items()}
        rows = await self._connection.rows(digests.counted(self._database, table, after, upto))
        return {log: count for log, count in rows if count == counts[log]}

    async def _last(self, table: Table, name: str, identity: str) -> Digest | None:
        """The digest of these very rows that goes furthest."""
        wanted = declaration(table, name), identity
        candidates = [digest for digest in await self._all() if (digest.declared, digest.rows) == wanted]
        return max(candidates, key=_extent, default=None)

    async def _all(self, statement: str = digests.DIGESTS) -> list[Digest]:
        rows = await self._connection.rows(statement, {"database": self._database, "seconds": self._unused_seconds})
        return [Digest.of_comment(table, comment) for table, comment in rows]

    async def _drop_replaced(self, table: Table, identity: str) -> None:
        """Drop what no query uses any more: what was replaced, whose rows are gone, or whose declaration is."""
        last = {(digest.declared, digest.rows): digest.table for digest in sorted(await self._all(), key=_extent)}
        tables = {row[0] for row in await self._connection.rows(digests.TABLES, {"database": self._database})}
        current = {declaration(table, name) for name in table.earliest}
        for digest in await self._all(digests.OLD):
            is_last = digest.table == last[digest.declared, digest.rows] and digest.rows in tables
            if not is_last or (digest.rows == identity and digest.declared not in current):
                await self._drop(digest)

    async def _drop(self, digest: Digest) -> None:
        await self._connection.command(f"DROP TABLE IF EXISTS {quoted(self._database, digest.table)}")


def _extent(digest: Digest) -> int:
    return sum(digest.upto.values())
