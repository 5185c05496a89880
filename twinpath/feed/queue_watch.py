"""Finds the queues that look alive and deliver nothing, and says what to do about each.

Users of RabbitMQ report queues whose single active consumer is registered and gets nothing: after a requeue, a
consumer's time-out, an election (rabbitmq-server issues 14141 and 17317); a client that never acknowledges has the
same effect. Nobody but the one who waits can see it, so who follows the log looks at its own queues.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

STUCK_SECONDS = 5.0
"""So long a queue may keep its messages, or be without a consumer, before it counts as stuck."""
MOST_PASSED_BY = 10
"""So often in a row a log may move without a message before its queue counts as stuck: a new leader of the relay needs
a few seconds."""
_FEWER_PASSED_BY = 3
_LONGEST_PAUSE = 600.0


@dataclass(frozen=True, slots=True)
class Look:
    """What is seen of a queue at one moment; `at` in seconds of any clock.

    `ready` messages wait for a consumer, `consumers` are those that the broker has. `delivered` messages came to this
    replica so far. `passed_by` is how often in a row its follower read from the log what no message told of, and
    `behind` whether the group still lacks what was in the log a look ago.
    """

    at: float
    ready: int
    consumers: int
    delivered: int
    passed_by: int
    behind: bool


class Remedy(Enum):
    """What may set a queue going again, the mildest first."""

    CONSUMER = "consumer"
    CONNECTION = "connection"
    QUEUE = "queue"
    """Deleted and made again, empty: what was in it is in the log."""


@dataclass(slots=True)
class _Queue:
    """What is remembered of one queue: since when it is as it is now, and what was tried."""

    last: Look
    withheld_since: float
    alone_since: float
    kept_up: bool
    passed_by: int
    passed_at: float
    trouble: str | None = None
    tried: int = 0
    next_at: float = field(default=0.0)


class QueueWatch:
    """Takes looks at queues and judges them; it does nothing itself."""

    def __init__(self, stuck_seconds: float = STUCK_SECONDS) -> None:
        self._seconds = stuck_seconds
        self._queues: dict[str, _Queue] = {}

    def note(self, log: str, look: Look) -> None:
        """Take a look at a log's queue into account."""
        queue = self._queues.get(log)
        if queue is None or look.delivered != queue.last.delivered:  # it is new, or works
            self._queues[log] = _Queue(look, look.at, look.at, not look.behind, look.passed_by, look.at)
            return
        if not queue.last.ready or look.ready < queue.last.ready:
            queue.withheld_since, queue.kept_up = look.at, False
        if look.consumers:
            queue.alone_since = look.at
        queue.kept_up = queue.kept_up or not look.behind
        queue.passed_by = min(queue.passed_by, look.passed_by)
        if look.passed_by > queue.last.passed_by:
            queue.passed_at = look.at
        queue.last = look
        if trouble := self._trouble(queue):
            queue.trouble = trouble
        elif look.consumers and not look.ready and look.at - queue.passed_at >= self._seconds:
            queue.trouble = None  # nothing speaks against it any more; what was tried is remembered

    def remedy(self, log: str) -> Remedy | None:
        """What to try now with a stuck queue, once; whatever is tried gets its time to work."""
        queue = self._queues[log]
        if queue.trouble is None or queue.last.at < queue.next_at:
            return None
        remedies = list(Remedy)
        remedy = remedies[min(queue.tried, len(remedies) - 1)]
        pause = self._seconds * 2 ** max(0, queue.tried - len(remedies) + 2)
        queue.tried += 1
        queue.passed_by = queue.last.passed_by
        queue.next_at = queue.last.at + min(pause, _LONGEST_PAUSE)
        return remedy

    @property
    def stuck(self) -> Mapping[str, str]:
        """Log -> why its queue counts as stuck."""
        return {log: queue.trouble for log, queue in self._queues.items() if queue.trouble}

    def suspects(self) -> list[str]:
        """The logs whose queues are to be looked at again soon."""
        return [log for log, queue in self._queues.items() if queue.trouble or queue.last.ready or queue.last.passed_by]

    def _trouble(self, queue: _Queue) -> str | None:
        look = queue.last
        if look.ready and queue.kept_up and look.at - queue.withheld_since >= self._seconds:
            return f"its queue holds {look.ready} messages and delivers none"
        if look.at - queue.alone_since >= self._seconds:
            return "its queue has no consumer, although this replica is one"
        most = _FEWER_PASSED_BY if queue.tried else MOST_PASSED_BY
        if look.passed_by - queue.passed_by >= most:
            return f"it moved {look.passed_by - queue.passed_by} times and no message told of it"
        return None
