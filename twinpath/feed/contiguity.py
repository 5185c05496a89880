"""The events that come next in a log: those at hand, and from the log itself whatever no message brought."""

from collections.abc import Mapping

from twinpath.domain.events import RecordedEvent
from twinpath.errors import Unavailable
from twinpath.log.interface import EventLog


async def next_events(
    source: EventLog, log: str, after: int, upto: int, at_hand: Mapping[int, RecordedEvent], most: int
) -> list[RecordedEvent]:
    """At most `most` events of a log right after a position, without a gap, not beyond `upto`.

    `at_hand` are events by their position. Raises Unavailable, also when the log lacks what was announced.
    """
    events: list[RecordedEvent] = []
    while after < upto and len(events) < most:
        if event := at_hand.get(after + 1):
            events.append(event)
        else:
            end = min((position for position in at_hand if position > after), default=upto + 1)
            missing = await source.read_log(log, after, min(end - 1 - after, most - len(events)))
            if not missing:
                break
            events += missing
        after = events[-1].position
    if not events:
        raise Unavailable(f"{log} has no event {after + 1}, although {upto} was announced")
    return events
