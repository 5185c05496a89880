"""All logs together, and once a second a look at what others did, and at whether the last messages were lost."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import structlog

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.feed.following import Followers
from twinpath.log.interface import EventLog
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.applying.applier import Applied, Applier
from twinpath.projecting.following.projected_log import ProjectedLog
from twinpath.running.retrying import Pace, Troubles, repeated, until_done
from twinpath.views.interface import BatchWriter, Checkpoints
from twinpath.views.parking import ParkedCounts

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LogStatus:
    """How one log is doing: `position` and `lag` in events, `late` the projections that catch up by themselves,
    `outdated` those that write nothing, since another version of them built what is in service, and `parked` how many
    streams each projection has parked here, if any.
    """

    position: int
    lag: int
    state: Literal["starting", "live", "waiting"]
    late: dict[str, int]
    outdated: list[str]
    error: str | None
    parked: dict[str, int]


class Projector:
    """Keeps every view of these projections true to the log.

    `on_applied` is called after each transaction and must not block; it may be set before `start`.
    """

    def __init__(
        self,
        projections: Iterable[Projection],
        logs: Iterable[str],
        source: EventLog,
        writer: BatchWriter,
        seals: Seals,
        catalogue: Catalogue,
        on_applied: Callable[[Applied], None] = lambda applied: None,
        *,
        pace: Pace | None = None,
    ) -> None:
        self.projections = list(projections)
        self._writer = writer
        self._pace = pace or Pace()
        self._prepared = asyncio.Event()
        self._troubles = Troubles("all logs")
        self._parked: ParkedCounts = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._projected: dict[str, ProjectedLog] = {}
        for log in logs:
            following = [projection for projection in self.projections if projection.follows(log)]
            if following:
                applier = Applier(log, writer, catalogue, seals, on_applied)
                self._projected[log] = ProjectedLog(log, following, source, applier, self._pace, self._prepared)
        self._followers = Followers(source, (projected.follower for projected in self._projected.values()))
        self._checkpoints = [(name, log) for log, projected in self._projected.items() for name in projected.followers]

    async def start(self) -> None:
        """Return at once; work begins as soon as the stores answer."""
        self._tasks.append(asyncio.create_task(self._run(), name="projector"))

    async def stop(self, seconds: float = 5.0) -> None:
        """Take no more batches and finish those in hand, if that is possible within `seconds`."""
        await asyncio.gather(*(projected.stop(seconds) for projected in self._projected.values()))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def project(self, log: str, events: Sequence[RecordedEvent]) -> None:
        """Return when these events of one log are committed to its views: a BatchHandler.

        Raises:
            Unavailable: the projector is stopping.
        """
        await self._followers.deliver(log, events)

    def status(self) -> dict[str, LogStatus]:
        """Per log: where it is and what holds it up."""
        return {log: self._status(log, projected) for log, projected in self._projected.items()}

    def parked(self) -> dict[str, int]:
        """Projection -> how many streams it has parked, as last seen; every projection is named."""
        names = [projection.name for projection in self.projections]
        return {name: sum(n for (projection, _), n in self._parked.items() if projection == name) for name in names}

    @property
    def heads(self) -> dict[str, int]:
        """The heads of the logs as last seen."""
        return self._followers.heads

    def _status(self, log: str, projected: ProjectedLog) -> LogStatus:
        trouble = projected.troubles.any or self._troubles.any
        state: Literal["starting", "live", "waiting"] = "waiting" if trouble else "live"
        lag = max(0, self.heads.get(log, 0) - projected.position)
        parked = {name: self._parked[name, log] for name in projected.followers if self._parked.get((name, log))}
        error = str(trouble) if trouble else None
        state = state if self.heads else "starting"
        return LogStatus(projected.position, lag, state, projected.late, projected.outdated, error, parked)

    async def _run(self) -> None:
        await until_done(self._prepare, self._pace, partial(self._troubles.note, "prepare"))
        self._prepared.set()
        for follower in self._followers.by_log.values():
            self._tasks.append(asyncio.create_task(follower.reach(0), name=f"begin {follower.log}"))
        await repeated(self._look, self._pace.look, partial(self._troubles.note, "look"))

    async def _prepare(self) -> None:
        views = [view for projection in self.projections for view in projection.views]
        versions = {projection.name: projection.version for projection in self.projections}
        await self._writer.prepare(views, self._checkpoints, versions)
        for name, version in versions.items():
            if version != (in_service := self._writer.generation(name).version):
                _log.warning(
                    "view_to_be_rebuilt", view=name, in_service=in_service, version=version, by="twinpath rebuild"
                )

    async def _look(self) -> None:
        stood = {log: projected.position for log, projected in self._projected.items()}
        checkpoints = await self._writer.checkpoints()
        if not checkpoints.keys() >= set(self._checkpoints):
            _log.error("views_were_lost", by="projected anew from the log")
            await self._prepare()
            checkpoints = await self._writer.checkpoints()
        self._parked = await self._writer.parked.counts()  # after the checkpoints: see Applier
        for log, projected in self._projected.items():
            if projected.position == stood[log]:  # else it has moved since they were read
                projected.others_moved(_of_log(checkpoints, log), self._parked)
        await self._followers.look()


def _of_log(checkpoints: Checkpoints, log: str) -> dict[str, int]:
    return {projection: position for (projection, other), position in checkpoints.items() if other == log}
