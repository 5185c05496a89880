"""The part of `twinpath verify` that compares each table of facts with a fold of the log: counts and sums."""

from collections.abc import AsyncIterator
from decimal import Decimal

from twinpath.cli.connection import Connection
from twinpath.cli.facts import facts_means
from twinpath.cli.progress import Advance
from twinpath.cli.verifying.check import Check
from twinpath.domain.facts import Facts
from twinpath.facts.interface import Sums
from twinpath.facts.rebuilding import folded
from twinpath.facts.tables import table_of
from twinpath.log.verification import Finding


class FactsAgainstFold(Check):
    """A table holds of each log what a fold of its events gives, up to where it has every event."""

    unit = "events"

    def __init__(self, connection: Connection, facts: Facts) -> None:
        self.name = f"facts {facts.name}"
        self._connection = connection
        self._facts = facts
        self._table = table_of(facts)
        self._positions: dict[str, int] | None = None

    async def size(self) -> int:
        return sum((await self._upto()).values())

    async def findings(self, advance: Advance) -> AsyncIterator[Finding]:
        upto = await self._upto()
        async with facts_means(self._connection) as means:
            kept = await means.store.sums(self._table, upto)
            for log, highest in (await means.store.highest(self._table)).items():
                if highest > (await means.store.positions(self._table, [log]))[log]:
                    yield Finding(self.name, "events are missing", "no gap", f"position {highest} behind a gap", log)
            for log, position in upto.items():
                expected = await folded(self._facts, log, position, means, advance)
                for finding in self._compare(log, expected, kept.get(log, Sums())):
                    yield finding

    def _compare(self, log: str, expected: Sums, kept: Sums) -> list[Finding]:
        pairs: dict[str, tuple[object, object]] = {
            "number of events": (expected.events, kept.events),
            "number of rows": (expected.rows, kept.rows),
            **{f"sum of {name}": (whole, kept.sums.get(name, Decimal())) for name, whole in expected.sums.items()},
        }
        return [
            Finding(self.name, f"the {what} is not what the log gives", str(should), str(actual), log)
            for what, (should, actual) in pairs.items()
            if should != actual
        ]

    async def _upto(self) -> dict[str, int]:
        if self._positions is None:
            logs = [log for log in self._connection.logs if self._facts.follows(log)]
            async with facts_means(self._connection) as means:
                await means.store.prepare(self._table)
                self._positions = await means.store.positions(self._table, logs)
        return self._positions


def facts_checks(connection: Connection) -> list[Check]:
    """One check a table, where there is a ClickHouse."""
    if not connection.settings.clickhouse_url:
        return []
    return [FactsAgainstFold(connection, facts) for facts in connection.application.facts]
