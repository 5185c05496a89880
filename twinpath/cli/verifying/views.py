"""The part of `twinpath verify` that folds each view anew from the log and compares it with the one in service.

The fold goes into a generation that is never put into service and is thrown away at the end, so that the memory it
takes does not grow with the log; for as long, the database holds the view twice.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from twinpath.cli.connection import Connection
from twinpath.cli.output import errors
from twinpath.cli.progress import Advance
from twinpath.cli.rebuilding.differing import values
from twinpath.cli.rebuilding.filling import building_of, filled
from twinpath.cli.verifying.check import Check
from twinpath.domain.projection import Projection
from twinpath.log.verification import Finding
from twinpath.projecting.groups import view_projections
from twinpath.projecting.rebuilding.building import Building, begin
from twinpath.projecting.rebuilding.comparing import Difference
from twinpath.projecting.rebuilding.switching import compare
from twinpath.views.mongodb.generations import MongoGenerations

NEVER_IN_SERVICE = 0
"""The number of a generation that is built to be compared."""


@dataclass(frozen=True)
class Folding:
    """By how many processes; `with_values` shows what differs, which may be personal."""

    processes: int
    with_values: bool


async def view_checks(connection: Connection, folding: Folding) -> "list[ViewAgainstFold]":
    """One check a view that is in service and was built by this version of its projection."""
    store = MongoGenerations(connection.client, connection.settings.views_database, locale=connection.settings.locale)
    in_service = {projection for projection, _ in await store.checkpoints()}
    checks = []
    for projection in view_projections(connection.application):
        if projection.name not in in_service:
            errors.print(f"{projection.name} is not in service: it is not compared", style="dim")
        elif (built := store.generation(projection.name).version) != projection.version:
            errors.print(f"{projection.name} was built by version {built}: it is not compared", style="dim")
        else:
            checks.append(ViewAgainstFold(connection, store, projection, folding))
    return checks


class ViewAgainstFold(Check):
    """A view shows what a fold of the log gives: the same documents, field by field."""

    unit = "events"

    def __init__(
        self, connection: Connection, store: MongoGenerations, projection: Projection, folding: Folding
    ) -> None:
        self.name = f"view {projection.name}"
        self._connection = connection
        self._store = store
        self._projection = projection
        self._folding = folding
        self._building: Building | None = None

    async def size(self) -> int:
        return (await (await self._begun()).progress())[1]

    async def findings(self, advance: Advance) -> AsyncIterator[Finding]:
        building, done = await self._begun(), 0

        def applied(now: int, _: int) -> None:
            nonlocal done
            advance(now - done)
            done = now

        try:
            await filled([building], self._connection.settings, self._folding.processes, applied)
            comparison = await compare(building)
        finally:
            await self._store.discard(building.plan)
        if not comparison.exact and not comparison.equal:
            errors.print(f"{self.name}: the projector is behind the fold; what differs may only be late", style="dim")
        shown: set[str] = set()
        for difference in comparison.sample:
            yield self._finding(difference, count=difference.id not in shown)
            shown.add(difference.id)
        others = comparison.differ + comparison.missing + comparison.extra - len(shown)
        if others > 0:
            problem = "other documents are not what the log gives either"
            yield Finding(self.name, problem, "no difference", f"{others:,} documents", count=others)

    async def _begun(self) -> Building:
        if self._building is None:
            logs = self._connection.logs
            plan, _ = await begin(self._projection, logs, self._store, afresh=True, number=NEVER_IN_SERVICE)
            self._building = building_of(self._connection, self._store, self._projection, plan)
        return self._building

    def _finding(self, difference: Difference, count: int) -> Finding:
        place = f"{difference.id} {difference.field}".strip()
        problem = "a document is not what the log gives" if difference.field else "a document is on one side alone"
        actual, expected = values(difference, self._folding.with_values)
        return Finding(self.name, problem, expected, actual, stream=place, count=count)
