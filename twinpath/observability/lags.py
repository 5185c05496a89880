"""How far those who follow the log are behind it, in events and in seconds, asked of the log itself."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from twinpath.clock import Clock, utc_now
from twinpath.log.interface import EventLog
from twinpath.observability.metrics import Gauge, Labels


@dataclass(frozen=True, slots=True)
class LagGauges:
    """Two gauges with the same labels, the last of which is the log's name."""

    events: Gauge
    seconds: Gauge
    clock: Clock = utc_now

    async def look(self, source: EventLog, positions: Mapping[Labels, int]) -> None:
        """Set both from how far each follower has got. Raises Unavailable.

        The lag in seconds is the age of the oldest event that a follower does not have; 0 when it has all.
        """
        heads = await source.heads()
        behind = {labels: max(0, heads.get(labels[-1], 0) - position) for labels, position in positions.items()}
        wanted = list({(labels[-1], positions[labels]) for labels, events in behind.items() if events})
        next_events = await asyncio.gather(*(source.read_log(log, position, 1) for log, position in wanted))
        now = self.clock()
        ages = {
            at: (now - events[0].at).total_seconds() for at, events in zip(wanted, next_events, strict=True) if events
        }
        self.seconds.values = {
            labels: max(0.0, ages.get((labels[-1], position), 0.0)) for labels, position in positions.items()
        }
        self.events.values = {labels: float(events) for labels, events in behind.items()}
