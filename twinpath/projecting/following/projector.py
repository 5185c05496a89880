"""All logs together: a runner each, and once a second a look at whether the last messages were lost."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Literal

import structlog

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.errors import Unavailable
from twinpath.log.interface import EventLog
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.applying.applier import Applied, Applier
from twinpath.projecting.following.log_runner import LogRunner
from twinpath.projecting.parking.log_lines import ParkingLogLines
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
        self._source = source
        self._writer = writer
        self._pace = pace or Pace()
        self._prepared = asyncio.Event()
        self._troubles = Troubles("all logs")
        self._heads: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self._before: dict[str, int] = {}
        self._passed_by: dict[str, int] = {}
        self._parked: ParkedCounts = {}
        self._report = ParkingLogLines()
        self._tasks: list[asyncio.Task[None]] = []
        self._runners: dict[str, LogRunner] = {}
        for log in logs:
            followers = [projection for projection in self.projections if projection.follows(log)]
            if followers:
                applier = Applier(log, writer, catalogue, seals, on_applied, self._report)
                self._runners[log] = LogRunner(log, followers, source, applier, self._pace)

        self._followed = [(p.name, log) for log in self._runners for p in self.projections if p.follows(log)]

    async def start(self) -> None:
        """Return at once; work begins as soon as the stores answer."""
        self._tasks.append(asyncio.create_task(self._run(), name="projector"))

    async def stop(self, seconds: float = 5.0) -> None:
        """Take no more batches and finish those in hand, if that is possible within `seconds`."""
        await asyncio.gather(*(runner.stop(seconds) for runner in self._runners.values()))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def project(self, log: str, events: Sequence[RecordedEvent]) -> None:
        """Return when these events of one log are committed to its views: a BatchHandler.

        Raises:
            Unavailable: the projector is stopping.
        """
        if log in self._runners:
            await self._runners[log].project(events)

    def status(self) -> dict[str, LogStatus]:
        """Per log: where it is and what holds it up."""
        return {log: self._status(log, runner) for log, runner in self._runners.items()}

    def parked(self) -> dict[str, int]:
        """Projection -> how many streams it has parked, as last seen; every projection is named."""
        names = [projection.name for projection in self.projections]
        return {name: sum(n for (projection, _), n in self._parked.items() if projection == name) for name in names}

    def behind(self, log: str) -> bool:
        """See Followed.behind."""
        return log in self._runners and self._runners[log].position < self._before.get(log, 0)

    def passed_by(self, log: str) -> int:
        """See Followed.passed_by; what another replica has applied counts as told of."""
        return self._passed_by.get(log, 0)

    @property
    def heads(self) -> dict[str, int]:
        """The heads of the logs as last seen."""
        return self._heads

    def _status(self, log: str, runner: LogRunner) -> LogStatus:
        trouble = runner.troubles.any or self._troubles.any
        state: Literal["starting", "live", "waiting"] = "waiting" if trouble else "live"
        lag = max(0, self._heads.get(log, 0) - runner.position)
        parked = {name: self._parked[name, log] for name in runner.followers if self._parked.get((name, log))}
        error = str(trouble) if trouble else None
        state = state if self._heads else "starting"
        return LogStatus(runner.position, lag, state, runner.late, runner.outdated, error, parked)

    async def _run(self) -> None:
        await until_done(self._prepare, self._pace, partial(self._troubles.note, "prepare"))
        for runner in self._runners.values():
            runner.start()
        await repeated(self._look, self._pace.look, partial(self._troubles.note, "look"))

    async def _prepare(self) -> None:
        views = [view for projection in self.projections for view in projection.views]
        checkpoints = self._followed
        versions = {projection.name: projection.version for projection in self.projections}
        await self._writer.prepare(views, checkpoints, versions)
        for name, version in versions.items():
            if version != (in_service := self._writer.generation(name).version):
                _log.warning(
                    "view_to_be_rebuilt", view=name, in_service=in_service, version=version, by="twinpath rebuild"
                )

    async def _look(self) -> None:
        """Read from the log what was there at the last look already, when nothing has moved since and nobody is at it.

        So a message that is only on its way is not read twice, and of two replicas the idle one stays out of the way.
        """
        before = self._heads
        stood = {log: runner.position for log, runner in self._runners.items()}
        heads, checkpoints = await asyncio.gather(self._source.heads(), self._writer.checkpoints())
        if not checkpoints.keys() >= set(self._followed):
            _log.error("views_were_lost", by="projected anew from the log")
            await self._prepare()
            checkpoints = await self._writer.checkpoints()
        parked = await self._writer.parked.counts()  # after the checkpoints: see Applier
        self._heads, self._before, self._parked = heads, before, parked
        self._report.flush()
        for log, runner in self._runners.items():
            if runner.position == stood[log]:  # else it has moved since they were read
                runner.others_moved(_of_log(checkpoints, log), parked)
            position = runner.position
            still = self._seen.get(log) == position
            if not still:
                self._passed_by[log] = 0
            self._seen[log] = position
            if still and position < before.get(log, 0) and not runner.busy:
                task = asyncio.create_task(self._fetch(log, runner, before[log]), name=f"fetch {log}")
                self._tasks.append(task)
                task.add_done_callback(self._tasks.remove)

    async def _fetch(self, log: str, runner: LogRunner, head: int) -> None:
        _log.info("reads_missing_events_from_log", log=log, after=runner.position, upto=head)
        await runner.catch_up(head)
        self._seen[log] = runner.position
        with suppress(Unavailable):
            if (await self._source.published()).get(log, 0) >= head:  # else the relay is late, and no queue
                self._passed_by[log] = self.passed_by(log) + 1


def _of_log(checkpoints: Checkpoints, log: str) -> dict[str, int]:
    return {projection: position for (projection, other), position in checkpoints.items() if other == log}
