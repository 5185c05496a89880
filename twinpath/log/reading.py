"""Reads all logs as one sequence, as an export or a new kind of follower does."""

import heapq
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime

from twinpath.domain.events import RecordedEvent
from twinpath.log.interface import EventLog

_PAGE = 500


async def read_all(
    log: EventLog,
    after: Mapping[str, int] | int = 0,
    upto: int | None = None,
    logs: Collection[str] | None = None,
    page: int = _PAGE,
) -> AsyncIterator[RecordedEvent]:
    """Every event of every log, those that were recorded earlier first; each log's own order is kept.

    Logs have positions of their own, and no order among each other but the clocks of their writers. So whoever wants
    to go on later keeps the position of the last event of each log, and gives them as `after`.

    Args:
        log: any event log, the in-memory one too.
        after: log -> the position that its events must be beyond, 0 for a log that is not named; or one for all logs.
        upto: the last position of each log, where it is before the head; what is appended meanwhile is left out.
        logs: the names of the logs; all of them where none are given.
        page: events in one read of a log.

    Raises:
        Unavailable: the store is away; what was given before stands.
    """
    heads = await log.heads()
    waiting: list[tuple[datetime, str, RecordedEvent, AsyncIterator[RecordedEvent]]] = []
    for name, head in heads.items():
        if logs is not None and name not in logs:
            continue
        begin = after if isinstance(after, int) else after.get(name, 0)
        events = _events(log, name, begin, head if upto is None else min(head, upto), page)
        if (event := await anext(events, None)) is not None:
            waiting.append((event.at, name, event, events))
    heapq.heapify(waiting)
    while waiting:
        _, name, event, events = waiting[0]
        yield event
        following = await anext(events, None)
        if following is None:
            heapq.heappop(waiting)
        else:
            heapq.heapreplace(waiting, (following.at, name, following, events))


async def _events(log: EventLog, name: str, after: int, last: int, page: int) -> AsyncIterator[RecordedEvent]:
    while after < last and (events := await log.read_log(name, after, min(page, last - after))):
        for event in events:
            yield event
        after = events[-1].position
