"""Compares a view's new generation with the one in service, and puts it in its place with one transaction."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from functools import partial

from twinpath.around import around
from twinpath.clock import Clock, utc_now
from twinpath.domain.views import Document, ViewChange
from twinpath.errors import TwinpathError, Unavailable
from twinpath.projecting.applying.applier import Applier
from twinpath.projecting.rebuilding.building import NEAR, Building
from twinpath.projecting.rebuilding.comparing import Comparison, compared
from twinpath.views.interface import Batch

_ATTEMPTS = 20
_WAIT_SECONDS = 0.1


async def compare(building: Building) -> Comparison:
    """Both generations side by side as they were at one moment; the one built is brought to just there.

    When the versions differ, or the generation in service stands still behind the one built, they are compared as
    they are, and the comparison is not exact.

    Raises:
        Unavailable: the store is away, or it does not remember that moment long enough.
    """
    for attempt in range(_ATTEMPTS):
        async with building.store.frozen() as frozen:
            moment = building.in_service_at(frozen.checkpoints)
            if building.same_version:
                await building.reach(moment)
            exact = building.reached == moment
            if exact or not building.same_version or attempt == _ATTEMPTS - 1:
                return await compared(
                    partial(frozen.page, building.plan.old_name), partial(_page, building), exact=exact
                )
        await asyncio.sleep(_WAIT_SECONDS)
    raise AssertionError("the last attempt compares")


async def newly_parked(building: Building) -> int:
    """How many streams the generation that was built has parked beyond those of the one in service. Raises Unavailable.

    Each is a document that is not as it should be.
    """
    streams: Counter[str] = Counter()
    for (projection, _), count in (await building.store.parked.counts()).items():
        streams[projection] += count
    return max(0, streams[building.plan.name] - streams[building.plan.projection])


async def _page(building: Building, after: str | None, limit: int) -> list[Document]:
    return await building.store.page(building.built.name, {}, None if after is None else (None, after), limit)


async def switch(building: Building, clock: Clock = utc_now) -> None:
    """Put the generation that was built into service.

    Raises:
        CheckpointMoved: another one was put into service meanwhile, or somebody else builds the same one.
        Unavailable: the store is away, and it may have been done; or the log grows faster than this one can follow.
    """
    for _ in range(_ATTEMPTS):
        await building.reach(await building.wait_for_store(building.targets, "store"))
        reached = building.reached
        try:
            await building.store.switch(building.plan, reached, partial(_last_changes, building, reached), clock())
            return
        except _NotYet:
            continue
    raise Unavailable(f"{building.built.name} could not keep up with the log and was not put into service")


class _NotYet(TwinpathError):
    """What came meanwhile is not for the switch to apply: it is too much, or a part of it is to be parked."""

    code = "not_yet"


async def _last_changes(
    building: Building, reached: Mapping[str, int], positions: Mapping[str, int]
) -> list[ViewChange]:
    """What the generation in service has beyond this one."""
    behind = {log: at for log, at in positions.items() if at > reached[log]}
    if sum(at - reached[log] for log, at in behind.items()) > NEAR:
        raise _NotYet("too much came meanwhile")
    changes: list[ViewChange] = []

    async def collect(batch: Batch) -> None:
        if batch.parking:
            raise _NotYet("a part of it is to be parked")
        changes.extend(batch.changes)

    collecting = around(building.store, commit=collect)
    parked = await building.store.parked.counts()
    for log, at in behind.items():
        applier = Applier(log, collecting, building.catalogue, building.seals, lambda _: None)
        applier.learn({building.built.name: reached[log]}, parked)
        events = await building.source.read_log(log, reached[log], at - reached[log])
        await applier.apply([building.built], events)
    return changes
