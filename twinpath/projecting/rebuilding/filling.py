"""Fills one or several generations from the log in one pass: each event is read and decoded once for all of them."""

import asyncio
from collections.abc import Iterable, Sequence

from twinpath.projecting.applying.applier import Applier
from twinpath.projecting.rebuilding.building import NEAR, Building, advance

_EVENTS_AT_ONCE = 10_000
"""Events times views in one transaction."""
_LEAST_EVENTS = 1_000


class Filling:
    """Buildings of different views on the same stores."""

    def __init__(self, buildings: Sequence[Building]) -> None:
        self._buildings = buildings
        self.logs = list(dict.fromkeys(log for building in buildings for log in building.logs))
        self._events_at_once = max(_LEAST_EVENTS, _EVENTS_AT_ONCE // len(buildings))

    async def progress(self) -> tuple[int, int]:
        """See Building.progress; of all together."""
        progress = await asyncio.gather(*(building.progress() for building in self._buildings))
        return sum(done for done, _ in progress), sum(total for _, total in progress)

    async def fill(self, logs: Iterable[str] | None = None) -> None:
        """Come near to the targets, these logs side by side, however long it takes; a store that is away is waited for.

        Raises CantBeBuilt: somebody threw away, or put into service, what is being built.
        """
        await asyncio.gather(*(self._fill(log) for log in (self.logs if logs is None else logs)))

    async def _fill(self, log: str) -> None:
        followers = [building for building in self._buildings if log in building.logs]
        applier = followers[0].applier(log)

        async def work() -> None:
            await applier.load([building.built for building in followers])
            near = 0  # what came while this was at work may be left
            while behind := await self._behind(followers, applier, log, near):
                await advance(list(behind), applier, log, min(behind.values()), self._events_at_once)
                near = NEAR

        await followers[0].wait_for_store(work, log)

    async def _behind(
        self, followers: Sequence[Building], applier: Applier, log: str, near: int
    ) -> dict[Building, int]:
        """Those that are further than this from their target, and the target."""
        targets = {building: (await building.targets())[log] for building in followers}
        return {building: at for building, at in targets.items() if at - applier.positions[building.built.name] > near}
