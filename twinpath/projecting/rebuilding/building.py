"""Builds a view anew from the log, as a generation beside the one in service.

It is the same projection under another name (`customers@2`), with its own checkpoints, so that it may stop at any
point and go on later, and all that holds for projecting holds for it. While the projection's version is that of the
generation in service it goes exactly as far as that one, so that both can be compared document by document.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import DomainEvent, RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.domain.views import ViewChange
from twinpath.errors import TwinpathError, Unavailable
from twinpath.log.interface import EventLog
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.applying.applier import Applied, Applier
from twinpath.running.retrying import Pace, Troubles, until_done
from twinpath.views.generations import GenerationStore, Plan
from twinpath.views.interface import Checkpoints

EVENTS_AT_ONCE = 5_000
"""In one transaction."""
NEAR = 500
"""Events; so many may be left when a fill is done, and for the switch to apply."""
_T = TypeVar("_T")


class CantBeBuilt(TwinpathError):
    """This view can't be built anew."""

    code = "cant_be_built"


class Built(Projection):
    """A projection that writes another generation of its view."""

    def __init__(self, original: Projection, name: str) -> None:
        if [view.name for view in original.views] != [original.name]:
            raise CantBeBuilt(f"{original.name} can't be built anew: it does not write just one view of its own name")
        self._original = original
        self.name = name
        self.version = original.version
        self.views = (replace(original.views[0], name=name),)

    def follows(self, log: str) -> bool:
        return self._original.follows(log)

    def changes(self, event: DomainEvent, recorded: RecordedEvent) -> list[ViewChange]:
        changes = self._original.changes(event, recorded)
        for change in changes:  # made for this call, so there is no need of a copy
            change.view = self.name
        return changes


class Building:
    """A generation of one view to come; `begin` gives its plan. `on_applied` is called after each transaction.

    The store must know which generations are in service, as it does once its checkpoints were asked for.
    """

    def __init__(
        self,
        projection: Projection,
        plan: Plan,
        source: EventLog,
        store: GenerationStore,
        seals: Seals,
        catalogue: Catalogue,
        on_applied: Callable[[Applied], None] = lambda applied: None,
        *,
        pace: Pace | None = None,
    ) -> None:
        self.projection = projection
        self.plan = plan
        self.built = Built(projection, plan.name)
        self.in_service = store.generation(projection.name)
        self.logs = plan.logs
        self.source = source
        self.store = store
        self.seals = seals
        self.catalogue = catalogue
        self._pace = pace or Pace()
        self._troubles = Troubles(f"{self.built.name} being built")
        self._appliers = {log: Applier(log, store, catalogue, seals, on_applied) for log in self.logs}

    def applier(self, log: str) -> Applier:
        """The applier of the events of one log, and knows how far it is."""
        return self._appliers[log]

    @property
    def same_version(self) -> bool:
        """Whether the generation in service was built by this version, so that both must be equal."""
        return self.in_service.version == self.projection.version

    @property
    def reached(self) -> dict[str, int]:
        """Log -> position, of the logs that `reach` was called for."""
        return {log: applier.positions.get(self.built.name, 0) for log, applier in self._appliers.items()}

    async def progress(self) -> tuple[int, int]:
        """How many events are applied, by whatever process, and how many there are to apply. Raises Unavailable."""
        targets, checkpoints = await asyncio.gather(self.targets(), self.store.checkpoints())
        done = [min(checkpoints.get((self.built.name, log), 0), at) for log, at in targets.items()]
        return sum(done), sum(targets.values())

    async def targets(self) -> dict[str, int]:
        """Log -> position to reach: where the generation in service is if both are to be equal, else the log's end."""
        if self.same_version:
            return self.in_service_at(await self.store.checkpoints())
        heads = await self.source.heads()
        return {log: heads.get(log, 0) for log in self.logs}

    def in_service_at(self, checkpoints: Checkpoints) -> dict[str, int]:
        """Log -> position of the generation in service."""
        return {log: checkpoints.get((self.projection.name, log), 0) for log in self.logs}

    async def reach(self, positions: Mapping[str, int]) -> None:
        """Apply every event up to these positions; nothing where it is further already.

        Raises CantBeBuilt: somebody threw away, or put into service, what is being built.
        """
        await asyncio.gather(*(self._reach(log, position) for log, position in positions.items()))

    async def _reach(self, log: str, position: int) -> None:
        applier = self.applier(log)

        async def work() -> None:
            await applier.load([self.built])
            await advance([self], applier, log, position, EVENTS_AT_ONCE)

        await self.wait_for_store(work, log)

    async def must_be_there(self, log: str) -> None:
        """Raises CantBeBuilt, Unavailable."""
        if (self.built.name, log) not in await self.store.checkpoints():
            raise CantBeBuilt(f"somebody else has finished, or thrown away, {self.built.name}")

    async def wait_for_store(self, work: Callable[[], Awaitable[_T]], what: str) -> _T:
        """What `work` returns, repeated while the store is away."""
        return await until_done(work, self._pace, partial(self._troubles.note, what), Unavailable)


async def advance(buildings: Sequence[Building], applier: Applier, log: str, end: int, at_once: int) -> None:
    """Apply the log to several, whose checkpoints the applier knows, until the one that is least far is at `end`.

    Raises Unavailable; CantBeBuilt: somebody threw away, or put into service, one of them.
    """
    built = [building.built for building in buildings]
    while (after := min(applier.positions[generation.name] for generation in built)) < end:
        events = await buildings[0].source.read_log(log, after, min(at_once, end - after))
        if not events:
            raise Unavailable(f"{log} has no event {after + 1}, although {end} is known")
        await applier.apply(built, events)
        if min(applier.positions[generation.name] for generation in built) == after:
            await asyncio.gather(*(building.must_be_there(log) for building in buildings))


async def begin(
    projection: Projection, logs: Iterable[str], store: GenerationStore, afresh: bool = False, number: int | None = None
) -> tuple[Plan, bool]:
    """The plan, and whether building was begun before and goes on.

    With `afresh`, or when other code began it, what is there of it is thrown away. `number` is the next one unless
    told otherwise.

    Raises:
        CantBeBuilt: the view is not in service yet, or its projection has not just this one.
        CheckpointMoved: somebody else puts one into service just now.
        Unavailable: the store is away.
    """
    name = projection.name
    projections = {name for name, _ in await store.checkpoints()}
    if name not in projections:
        raise CantBeBuilt(f"{name} is not in service yet: a projector builds it when it first starts")
    now = store.generation(name).number
    followed = [log for log in logs if projection.follows(log)]
    plan = Plan(name, now, now + 1 if number is None else number, projection.version, followed)
    goes_on = plan.name in projections
    if goes_on and (afresh or store.generation(plan.name).version != projection.version):
        await store.discard(plan)
        goes_on = False
    await store.begin(Built(projection, plan.name).views[0], plan)
    return plan, goes_on
