"""How many commands are in hand at once: as many as are through before they have waited for too long.

A single process that is asked for more than it can do only queues, until every answer comes too late. So there is a
limit, found by measuring. It grows while commands take less than one and a half times what they may, and shrinks else:
they may take the base, which is their time where little waits, and some waiting. It never shrinks below what the best
rate of late needs (Little's law), since while thousands are refused the loop is slow whatever is in hand. And while
some are refused the base can't be seen, so every ten seconds fewer are let in for a moment to see it, as BBR does for a
connection (Cardwell et al., "BBR: Congestion-Based Congestion Control", 2016).
"""

from collections.abc import Callable
from math import sqrt
from time import perf_counter

BULK_PATH = "/commands"
BULK = f"/api/v1{BULK_PATH}"
"""Where many commands come in one request."""

_WINDOW_SECONDS, _WINDOW_COMMANDS = 0.1, 10
_FORGET = 0.02
"""How much of the best rate is forgotten with each busy window: half of it in 3.5 seconds."""

_SHRINK, _PATIENCE = 0.9, 1.5
_BASE_SECONDS = 10.0
"""For so long the shortest time that was seen counts."""

_PROBE_SECONDS, _PROBE_SHARE = 0.3, 0.25
_BURST, _BURST_SECONDS = 3.0, 0.1
"""A queue that was short a moment ago is a burst, not a load: it may be so many times as long, for so long (CoDel)."""

_LEAST, _FIRST, _MOST = 16.0, 128.0, 4096.0


class Admission:
    """Counts what is in hand and says when it is enough; `most_waiting` is in seconds."""

    def __init__(self, most_waiting: float = 0.025, clock: Callable[[], float] = perf_counter) -> None:
        self._most_waiting = most_waiting
        self._clock = clock
        self._best_rate = 0.0
        self._base, self._base_at = float("inf"), clock()
        self._probing_until: float | None = None
        self._began, self._count, self._seconds, self._most_in_hand, self._refused = clock(), 0, 0.0, 0, 0
        self._quiet_at = clock()
        self.limit = _FIRST
        """So many may be in hand."""
        self.in_hand = 0
        self.refused = 0
        """How many were refused since the start."""

    def guards(self, path: str) -> bool:
        """Whether a request is one command; a bulk request is never refused, its lines enter one by one."""
        return path.startswith("/api/") and path != BULK

    @property
    def is_full(self) -> bool:
        """Whether one more command would be one too many; what comes at once after a quiet moment is not."""
        if self.in_hand < self.limit:
            return False
        return self.in_hand >= _BURST * self.limit or self._clock() - self._quiet_at > _BURST_SECONDS

    @property
    def has_room(self) -> bool:
        """Whether there is room for bulk work too, which leaves half of it to single commands."""
        return self.in_hand < self.limit / 2

    def refuse(self) -> None:
        """Note a command that was refused because it was one too many."""
        self.refused += 1

    def enter(self) -> float:
        """Take a command in hand; give the answer to `leave`."""
        now = self._clock()
        if self.in_hand == 0:  # a pause is no part of a rate
            if self._count:
                self._see_base(now, self._seconds / self._count)
            self._open_window(now)
        self.in_hand += 1
        self._most_in_hand = max(self._most_in_hand, self.in_hand)
        return now

    def leave(self, entered: float) -> None:
        """The command has its answer, whatever it is."""
        now = self._clock()
        self.in_hand -= 1
        if self.has_room:
            self._quiet_at = now
        self._count += 1
        self._seconds += now - entered
        passed = now - self._began
        if self._count >= _WINDOW_COMMANDS and passed >= _WINDOW_SECONDS:
            self._adapt(now, self._count / passed, self._seconds / self._count)
            self._open_window(now)

    def _open_window(self, now: float) -> None:
        self._began, self._count, self._seconds = now, 0, 0.0
        self._most_in_hand, self._refused = self.in_hand, self.refused

    def _adapt(self, now: float, rate: float, mean: float) -> None:
        expired = mean > self._base and now - self._base_at > _BASE_SECONDS
        if self._probing_until is None and expired and self.refused > self._refused:
            self._probing_until, self._base = now + _PROBE_SECONDS, float("inf")
            self.limit = max(_LEAST, self.limit * _PROBE_SHARE)
            return
        self._see_base(now, mean)
        if self._probing_until is not None and now < self._probing_until:
            return
        self._probing_until = None
        if 2 * self._most_in_hand >= self.limit:  # an idle time says nothing of what could be done
            self._best_rate = max(rate, self._best_rate * (1 - _FORGET))
            allowed = self._base + self._most_waiting
            limit = self.limit * _SHRINK if mean > _PATIENCE * allowed else self.limit + sqrt(self.limit)
            self.limit = min(_MOST, max(_LEAST, self._best_rate * allowed, limit))

    def _see_base(self, now: float, mean: float) -> None:
        if mean <= self._base or now - self._base_at > _BASE_SECONDS:
            self._base, self._base_at = mean, now
