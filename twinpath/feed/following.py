"""Follows logs for whatever takes their events: in order, without a gap, and as much at once as waits.

A delivery is done when the sink has everything up to it. What lies between the sink and a delivery is read from the
log, and a look once in a while finds what no message told of.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from twinpath.domain.events import RecordedEvent
from twinpath.errors import Unavailable
from twinpath.feed.interface import Followed
from twinpath.log.interface import EventLog
from twinpath.running.retrying import Pace, Troubles, until_done

_log = structlog.get_logger(__name__)


class Sink(Protocol):
    """What takes the events of one log. Every call raises Unavailable, and is repeated whatever it raises."""

    most: int
    """So many events it takes at once."""
    types: Collection[str] | None = None
    """The types of events that it takes, None for all. Only their batches need be delivered then."""

    @property
    def position(self) -> int:
        """Up to where it has the log, as far as known here; 0 before anything is known."""

    @property
    def safe(self) -> int:
        """Up to where what it took is safe: messages are acknowledged up to there."""
        return self.position

    async def load(self, upto: int) -> None:
        """Learn the position where it is not known, before events up to there are taken."""

    async def is_ahead(self) -> bool:
        """Whether another replica has moved the position, which is learned; asked before what is missing is read.

        A sink that learns it soon enough, when what it takes is refused, need not ask.
        """
        return False

    async def take(self, events: Sequence[RecordedEvent]) -> None:
        """Take consecutive events, the first of them right after the position, or learn where it is now.

        Of a gap between batches that were delivered there are only those of its types, and the last one.
        """

    async def settle(self) -> None:
        """Return when all that it took is safe; where it is not, the position is learned anew."""
        return


@dataclass(slots=True)
class _Delivery:
    """Events at hand, and the position that is to be reached; what lies between is read from the log."""

    events: Sequence[RecordedEvent]
    upto: int
    done: asyncio.Future[None]


class Follower:
    """One log. Nothing is taken before `prepared`, where that is given."""

    def __init__(
        self,
        log: str,
        source: EventLog,
        sink: Sink,
        pace: Pace,
        troubles: Troubles,
        prepared: asyncio.Event | None = None,
    ) -> None:
        self.log = log
        self.troubles = troubles
        self._source = source
        self.sink = sink
        self._pace = pace
        self._prepared = prepared
        self._inbox: deque[_Delivery] = deque()
        self._batch: list[_Delivery] = []
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self.reads = 0
        """How often it took what no delivery had."""

    @property
    def busy(self) -> bool:
        """Whether a delivery waits or is in hand."""
        return bool(self._inbox or self._batch)

    async def deliver(self, events: Sequence[RecordedEvent]) -> None:
        """Return when these events are taken; they may come doubled or mixed. Raises Unavailable: it is stopping."""
        if events:
            await self.reach(max(event.position for event in events), events)

    async def reach(self, upto: int, events: Sequence[RecordedEvent] = ()) -> None:
        """Return when everything up to there is taken, read from the log but for the events at hand.

        Raises Unavailable: it is stopping.
        """
        if self._stopping:
            raise Unavailable(f"{self.log} is followed no longer here; it goes on elsewhere")
        delivery = _Delivery(events, upto, asyncio.get_running_loop().create_future())
        self._inbox.append(delivery)
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name=f"follow {self.log}", context=Context())
        await delivery.done

    async def stop(self, seconds: float) -> None:
        """Take no more; finish what is in hand if that is possible within `seconds`; fail the rest with Unavailable."""
        self._stopping = True
        waiting = [delivery.done for delivery in (*self._batch, *self._inbox)]
        if (task := self._task) is not None:
            has_begun = self._prepared is None or self._prepared.is_set()
            await asyncio.wait(waiting or [task], timeout=seconds if has_begun else 0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        for done in waiting:
            if not done.done():
                done.set_exception(Unavailable(f"{self.log} was not followed to there before the end"))

    async def _work(self) -> None:
        try:
            if self._prepared is not None:
                await self._prepared.wait()
            while self._inbox:
                self._batch = self._take()
                await until_done(self._advance, self._pace, partial(self.troubles.note, self.log))
                self._batch = []
        finally:
            self._task = None

    def _take(self) -> list[_Delivery]:
        """As much of what waits as the sink takes at once."""
        batch: list[_Delivery] = []
        room = self.sink.most
        while self._inbox and (not batch or len(self._inbox[0].events) <= room):
            batch.append(self._inbox.popleft())
            room -= len(batch[-1].events)
        return batch

    async def _advance(self) -> None:
        """Reach what the batch asks for, step by step."""
        sink = self.sink
        at_hand = {event.position: event for delivery in self._batch for event in delivery.events}
        upto = max(delivery.upto for delivery in self._batch)
        is_told = bool(at_hand)
        await sink.load(upto)
        while (position := sink.position) < upto:
            if position + 1 not in at_hand and await sink.is_ahead():
                continue
            events = await _next_events(self._source, self.log, position, upto, at_hand, sink)
            if any(event.position not in at_hand and _is_taken(sink, event) for event in events):
                self.reads += 1
                if not is_told:
                    _log.info("reads_missing_events_from_log", log=self.log, after=position, upto=upto)
                    is_told = True
            await sink.take(events)
            self._acknowledge()
        await sink.settle()
        self._acknowledge()

    def _acknowledge(self) -> None:
        for delivery in self._batch:
            if delivery.upto <= self.sink.safe and not delivery.done.done():
                delivery.done.set_result(None)


def _is_taken(sink: Sink, event: RecordedEvent) -> bool:
    return sink.types is None or event.type in sink.types


async def _next_events(
    source: EventLog, log: str, after: int, upto: int, at_hand: Mapping[int, RecordedEvent], sink: Sink
) -> list[RecordedEvent]:
    """What a sink takes at once of a log right after a position, not beyond `upto`; see Sink.take.

    `at_hand` are events by their position. Raises Unavailable, also when the log lacks what was announced.
    """
    events: list[RecordedEvent] = []
    while after < upto and len(events) < sink.most:
        if event := at_hand.get(after + 1):
            events.append(event)
        else:
            end = min((position for position in at_hand if position > after), default=upto + 1)
            missing = await source.read_log(log, after, min(end - 1 - after, sink.most - len(events)), sink.types)
            if not missing:
                break
            events += missing
        after = events[-1].position
    if not events:
        raise Unavailable(f"{log} has no event {after + 1}, although {upto} was announced")
    return events


class Followers(Followed):
    """The followers of several logs, by log; `heads` are those of the logs as last seen."""

    def __init__(self, source: EventLog, followers: Iterable[Follower]) -> None:
        self.by_log = {follower.log: follower for follower in followers}
        self.heads: dict[str, int] = {}
        self._source = source
        self._before: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self._passed_by: Counter[str] = Counter()
        self._fetches: set[asyncio.Task[None]] = set()

    async def deliver(self, log: str, events: Sequence[RecordedEvent]) -> None:
        """A BatchHandler; see Follower.deliver. A log that is not followed is none of its business."""
        if log in self.by_log:
            self._passed_by[log] = 0
            await self.by_log[log].deliver(events)

    def behind(self, log: str) -> bool:
        return log in self.by_log and self.by_log[log].sink.position < self._before.get(log, 0)

    def passed_by(self, log: str) -> int:
        """See Followed.passed_by; what another replica has taken counts as told of."""
        return self._passed_by[log]

    async def look(self) -> None:
        """Read from a log what was there at the last look already, when nothing has moved since and nobody is at it.

        So a message that is only on its way is not read twice, and of two replicas the idle one stays out of the way.
        Raises Unavailable.
        """
        self._before, self.heads = self.heads, await self._source.heads()
        for log, follower in self.by_log.items():
            stands_still = self._seen.get(log) == follower.sink.position
            self._seen[log] = follower.sink.position
            if not stands_still:
                self._passed_by[log] = 0
            elif self.behind(log) and not follower.busy:
                task = asyncio.create_task(self._fetch(follower, self._before[log]), name=f"fetch {log}")
                self._fetches.add(task)
                task.add_done_callback(self._fetches.discard)

    async def stop(self, seconds: float) -> None:
        """See Follower.stop."""
        await asyncio.gather(*(follower.stop(seconds) for follower in self.by_log.values()))

    async def _fetch(self, follower: Follower, head: int) -> None:
        reads = follower.reads
        with suppress(Unavailable):  # it is being stopped
            await follower.reach(head)
            self._seen[follower.log] = follower.sink.position
            if reads == follower.reads:
                self._passed_by[follower.log] = 0
            elif (await self._source.published()).get(follower.log, 0) >= head:  # else the relay is late, and no queue
                self._passed_by[follower.log] += 1
