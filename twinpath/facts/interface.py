"""The operations that a store of facts must offer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol

from twinpath.errors import Unavailable
from twinpath.facts.tables import Row, Table

Form = Literal["json", "csv", "parquet"]
"""How the answer to a query is written."""

MOST_ROWS = 10_000
"""In one insert, unless the events at hand give more."""


DIGESTED = 5_000
"""Events that a digest lacks before it is brought further; readers look at their rows one by one."""


class OutdatedFacts(Unavailable):
    """The table was made by another version of its declaration: `twinpath rebuild` makes it anew."""

    code = "facts_outdated"


@dataclass(frozen=True, slots=True)
class Sums:
    """What a table holds of a log: its events, its rows beside marks, and the sum of each summed column."""

    events: int = 0
    rows: int = 0
    sums: Mapping[str, Decimal] = field(default_factory=dict)


class FactsStore(Protocol):
    """Keeps rows by (log, position, line): a row that comes again replaces itself. Every call raises Unavailable."""

    async def prepare(self, table: Table) -> None:
        """Make the table and the view that shows it, where they are missing.

        Raises OutdatedFacts: it is of another version.
        """

    async def insert(self, table: Table, rows: Sequence[Row]) -> None:
        """Insert rows, durable on return. After Unavailable any part of them may be there."""

    async def positions(self, table: Table, logs: Sequence[str]) -> dict[str, int]:
        """By log: up to where the table has every event, 0 where it has none."""
        ...

    async def highest(self, table: Table) -> dict[str, int]:
        """By log: the highest position that the table has, be there gaps before it or not."""
        ...

    async def identity(self, table: Table) -> str:
        """What tells the table from another that was put in its place; empty where readers find none."""
        ...

    async def holds(self, table: Table, positions: Mapping[str, int]) -> set[str]:
        """The logs of which the table has the event at this position."""
        ...

    async def sums(self, table: Table, upto: Mapping[str, int]) -> dict[str, Sums]:
        """By log: what the table holds of its events up to a position."""
        ...

    async def digest(self, table: Table, least: int = DIGESTED) -> None:
        """Keep the `earliest` of a table further than before, where the digest lacks at least so many events.

        What readers see is the same before and after; only the time that it takes is not.
        """

    async def empty(self, table: Table) -> None:
        """Make the table without any row, and drop an older one of its name."""

    async def exchange(self, table: Table) -> None:
        """Put the table that was filled beside this one in its place at once, and drop the one that was there."""

    async def drop(self, table: Table) -> None:
        """Drop the table and its view, where they are there."""


class FactsReader(Protocol):
    """Answers queries. Every call raises Unavailable."""

    async def query(self, sql: str, parameters: Mapping[str, Any], form: Form) -> bytes:
        """The answer: a JSON list of objects, CSV with a line of names, or a Parquet file."""
        ...

    async def ping(self) -> None:
        """Whether it answers."""


class NoFacts(FactsReader):
    """The reader where analytics are switched off."""

    async def query(self, sql: str, parameters: Mapping[str, Any], form: Form) -> bytes:
        raise Unavailable(
            "Analytics are off here: no ClickHouse is set. Set TWINPATH_CLICKHOUSE_URL of the projector and of the"
            " query service; `make up` starts one unless ANALYTICS=0.",
            code="analytics_off",
        )

    async def ping(self) -> None: ...
