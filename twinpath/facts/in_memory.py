"""Facts in this process's memory: for `make demo` and for tests; the same promises as ClickHouse's, less queries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from twinpath.errors import Unavailable
from twinpath.facts.interface import DIGESTED, FactsStore, OutdatedFacts, Sums
from twinpath.facts.tables import OWN_COLUMNS, Row, Table
from twinpath.ids import uuid7

_KEY = slice(0, 3)


class InMemoryFacts(FactsStore):
    """A FactsStore. Nothing here awaits, so each call is atomic."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[tuple[str, int, int], Row]] = {}
        self._versions: dict[str, int] = {}
        self._identities: dict[str, str] = {}

    def rows(self, table: Table) -> list[Row]:
        """The rows of a table in the order of their keys, marks too."""
        return [row for _, row in sorted(self._rows.get(table.name, {}).items())]

    async def prepare(self, table: Table) -> None:
        version = self._versions.setdefault(table.name, table.version)
        self._rows.setdefault(table.name, {})
        self._identities.setdefault(table.name, uuid7())
        if version != table.version:
            raise OutdatedFacts(f"{table.shown} is of version {version}, its declaration of {table.version}")

    async def insert(self, table: Table, rows: Sequence[Row]) -> None:
        self._kept(table).update({row[_KEY]: row for row in rows})

    async def positions(self, table: Table, logs: Sequence[str]) -> dict[str, int]:
        return {log: _contiguous(self._positions(table, log)) for log in logs}

    async def highest(self, table: Table) -> dict[str, int]:
        return {row[0]: row[1] for _, row in sorted(self._kept(table).items())}

    async def identity(self, table: Table) -> str:
        return self._identities.get(table.name, "")

    async def holds(self, table: Table, positions: Mapping[str, int]) -> set[str]:
        if not positions:
            return set()
        return {log for log, position in positions.items() if position in self._positions(table, log)}

    async def sums(self, table: Table, upto: Mapping[str, int]) -> dict[str, Sums]:
        return sums_of(table, [row for row in self._kept(table).values() if row[1] <= upto.get(row[0], 0)])

    async def digest(self, table: Table, least: int = DIGESTED) -> None:
        self._kept(table)  # nothing is asked here, so nothing is kept for it

    async def empty(self, table: Table) -> None:
        self._rows[table.name], self._versions[table.name] = {}, table.version
        self._identities[table.name] = uuid7()

    async def exchange(self, table: Table) -> None:
        beside = table.beside.name
        self._rows[table.name] = self._rows.pop(beside)
        self._versions[table.name] = self._versions.pop(beside)
        self._identities[table.name] = self._identities.pop(beside)

    def truncate(self, table: Table) -> None:
        """Lose every row, as by an administrator's TRUNCATE."""
        self._kept(table).clear()

    async def drop(self, table: Table) -> None:
        self._rows.pop(table.name, None)
        self._versions.pop(table.name, None)
        self._identities.pop(table.name, None)

    def _kept(self, table: Table) -> dict[tuple[str, int, int], Row]:
        """The rows of a table that is there. Raises Unavailable."""
        if table.name not in self._rows:
            raise Unavailable(f"there is no table {table.name}")
        return self._rows[table.name]

    def _positions(self, table: Table, log: str) -> set[int]:
        return {position for own, position, _ in self._kept(table) if own == log}


def sums_of(table: Table, rows: Sequence[Row]) -> dict[str, Sums]:
    """By log: what these rows add up to, each of which has another key."""
    places = {name: len(OWN_COLUMNS) + list(table.columns).index(name) for name in table.summed}
    by_log: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_log[row[0]].append(row)
    return {
        log: Sums(
            len({row[1] for row in of_log}),
            sum(row[2] > 0 for row in of_log),
            {name: sum((Decimal(row[place]) for row in of_log), Decimal()) for name, place in places.items()},
        )
        for log, of_log in by_log.items()
    }


def _contiguous(positions: set[int]) -> int:
    """Up to where there is no gap."""
    position = 0
    while position + 1 in positions:
        position += 1
    return position
