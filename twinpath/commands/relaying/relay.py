"""The relay: publishes every log in order, from the commits themselves, so that there is no second table to keep true.

It publishes at least once: after a change of leader the last batches may go out again, and who follows skips them by
their positions. It is woken by this process's own appends, by a watch on the appends of others, and looks once a
second whatever happens.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import structlog

from twinpath.commands.relaying.progress import LeaseLost, RelayProgress
from twinpath.commands.relaying.upcoming import Upcoming
from twinpath.domain.events import RecordedEvent
from twinpath.errors import TwinpathError, Unavailable
from twinpath.feed.interface import EventPublisher
from twinpath.log.interface import EventStore
from twinpath.observability.logged_exceptions import message_of
from twinpath.running.ending import is_ending

_LOOK_SECONDS = 1.0
_LONGEST_PAUSE = 2.0
_GATHER_SECONDS = 0.02
"""After a message what comes to its log is gathered for so long. A message costs everybody behind it as much as many
events do: at 1,300 events a second views had theirs after 44 ms instead of 77."""
_WATERMARK_SECONDS = 0.1
"""A write of the watermarks costs as much as publishing a batch; what it is late may be published again."""

_log = structlog.get_logger(__name__)


class Relay:
    """Runs in every replica of the command service; one of them leads."""

    def __init__(
        self,
        store: EventStore,
        publisher: EventPublisher,
        progress: RelayProgress,
        logs: Sequence[str],
        lease_seconds: float = 5.0,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._progress = progress
        self._pause = lease_seconds / 3
        self._upcoming = {log: Upcoming(store, log) for log in logs}
        self._moved = asyncio.Event()
        self.leads = False
        self.positions: dict[str, int] = {}
        """How far each log is published, while this replica leads."""
        self.troubles: dict[str, str] = {}
        """Log -> why it can't be published just now."""
        store.on_append(self._appended)

    async def run(self) -> None:
        """Lead whenever nobody else does, until cancelled."""
        trouble = ""
        while True:
            try:
                epoch = await self._progress.acquire()
                trouble = ""
                if epoch is not None:
                    # in a task of its own: before Python 3.13 a TaskGroup that fails leaves its task as if cancelled
                    await asyncio.create_task(self._lead(epoch), name="relay leads")
            except* Exception as group:
                messages = ", ".join(sorted({message_of(error) for error in group.exceptions}))
                if messages != trouble:
                    defect = group.split((LeaseLost, Unavailable))[1]
                    _log.warning("relay_interrupted", error=messages, exc_info=defect)
                trouble = messages
            await asyncio.sleep(self._pause)

    async def _lead(self, epoch: int) -> None:
        self.positions = await self._progress.claim(self._upcoming, epoch)
        _log.info("relay_leads", epoch=epoch, positions=self.positions)
        self.leads = True
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._renew(epoch))
                tasks.create_task(self._keep_watermarks(epoch))
                tasks.create_task(self._watch_others())
                tasks.create_task(self._look())
                for log in self._upcoming:
                    tasks.create_task(self._follow(log), name=f"relay {log}")
        finally:
            self.leads = False
            with suppress(LeaseLost, Unavailable):
                await self._progress.advance(self.positions, epoch)
                await self._progress.release(epoch)

    async def _follow(self, log: str) -> None:
        """Publish one log, each batch only when the one before it is confirmed; outlast whatever is away."""
        upcoming, failures = self._upcoming[log], 0
        upcoming.look()
        while not is_ending():
            try:
                events = await upcoming.after(self.positions[log])
                if events:
                    await self._publisher.publish(log, events)
                    self.positions[log] = events[-1].position
                    self._moved.set()
            except Exception as error:
                code = error.code if isinstance(error, TwinpathError) else type(error).__name__
                if self.troubles.get(log) != code:
                    defect = None if isinstance(error, TwinpathError) else error
                    _log.warning("relay_waits", log=log, code=code, error=message_of(error), exc_info=defect)
                self.troubles[log] = code
                upcoming.look()
                await asyncio.sleep(min(0.05 * 2**failures, _LONGEST_PAUSE))
                failures += 1
                continue
            if self.troubles.pop(log, None):
                _log.info("relay_goes_on", log=log, position=self.positions[log])
            failures = 0
            if events:
                await asyncio.sleep(_GATHER_SECONDS)
            elif not is_ending():
                await upcoming.wait()

    async def _renew(self, epoch: int) -> None:
        while True:
            await asyncio.sleep(self._pause)
            await self._progress.renew(epoch)

    async def _keep_watermarks(self, epoch: int) -> None:
        """Write the watermarks behind the publishing: one may be late, never early."""
        while True:
            await self._moved.wait()
            self._moved.clear()
            await self._progress.advance(self.positions, epoch)
            await asyncio.sleep(_WATERMARK_SECONDS)

    async def _watch_others(self) -> None:
        while True:
            try:
                async for log in self._store.appends_of_others():
                    if (upcoming := self._upcoming.get(log)) is not None:
                        upcoming.look()
            except Unavailable:
                await asyncio.sleep(_LOOK_SECONDS)  # the look each second covers for it

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for upcoming in self._upcoming.values():
                upcoming.look()

    def _appended(self, log: str, events: Sequence[RecordedEvent]) -> None:
        if self.leads and (upcoming := self._upcoming.get(log)) is not None:
            upcoming.appended(events)
