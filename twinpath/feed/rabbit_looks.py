"""Looks at the queues of one group, over the connection that its feed has just now, and says what to treat and how."""

from collections import Counter
from collections.abc import Mapping
from itertools import cycle, islice
from time import monotonic

import structlog
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from twinpath.feed.interface import Followed
from twinpath.feed.queue_watch import Look, QueueWatch, Remedy
from twinpath.feed.rabbit_probe import RabbitProbe

_QUEUES_A_LOOK = 32
"""So many queues are looked at in a second, those that are suspect first: each costs a round trip."""

_log = structlog.get_logger(__name__)


class RabbitLooks:
    """Outlives connections. `queues` is log -> the name of its queue."""

    def __init__(self, group: str, queues: Mapping[str, str], stuck_seconds: float) -> None:
        self._group = group
        self._queues = queues
        self._in_turn = cycle(queues)
        self._watch = QueueWatch(stuck_seconds)
        self._stuck_seconds = stuck_seconds
        self._resting_until = 0.0
        self.followed: Followed | None = None
        self.delivered: Counter[str] = Counter()
        """Log -> messages that came."""
        self.remedies = Counter({remedy.value: 0 for remedy in Remedy})
        """Remedy -> how often a queue that delivered nothing was treated so."""

    @property
    def stuck(self) -> Mapping[str, str]:
        """Log -> why its queue counts as stuck."""
        return self._watch.stuck

    async def look(self, probe: RabbitProbe, consumers: Mapping[str, bool]) -> Mapping[str, Remedy]:
        """Look at the queues that have a consumer of this replica, some of them when they are many; what to do now."""
        turns = islice(self._in_turn, min(_QUEUES_A_LOOK, len(self._queues)))
        logs = list(dict.fromkeys([*self._watch.suspects(), *turns]))[:_QUEUES_A_LOOK]
        try:
            states = await probe.queues({log: self._queues[log] for log in logs if consumers[log]})
        except (*CONNECTION_EXCEPTIONS, TimeoutError):
            return {}  # the leader of a queue may be away, which is for the broker to mend
        for log, state in states.items():
            behind, passed_by = False, 0
            if self.followed is not None:
                behind, passed_by = self.followed.behind(log), self.followed.passed_by(log)
            look = Look(monotonic(), state.ready, state.consumers, self.delivered[log], passed_by, behind)
            self._watch.note(log, look)
        if monotonic() < self._resting_until:  # queues that are stuck together are treated together
            return {}
        due = {log: remedy for log in self.stuck if (remedy := self._watch.remedy(log))}
        if due:
            self._resting_until = monotonic() + self._stuck_seconds
        for log, remedy in due.items():
            self.remedies[remedy.value] += 1
            _log.warning("queue_stuck", group=self._group, log=log, why=self.stuck[log], remedy=remedy.value)
        return due
