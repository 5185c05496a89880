"""Commands that are due at a later time: kept until they are carried out, so that they survive a restart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from twinpath.ids import escaped

ASKED_AT = datetime(1970, 1, 1, tzinfo=UTC)
"""When a parked stream, or timer, that somebody asks to be tried again was tried last, or is due."""


@dataclass(frozen=True, slots=True)
class Timer:
    """At `due` (UTC) a process sends a command; of one kind a process has at most one timer a stream.

    `command` is the stored name of the command and `payload` its JSON, less its time. `cause` is the id of the event
    that set the timer and `cause_at` its time. After `attempts` that failed, the last for `reason`, it is parked.
    """

    process: str
    kind: str
    stream: str
    due: datetime
    command: str
    payload: str
    cause: str
    cause_at: datetime
    correlation_id: str
    key: str = ""
    unless: str | None = None
    attempts: int = 0
    reason: str | None = None

    @property
    def id(self) -> str:
        """`<process>/<kind>/<stream>`."""
        return timer_id(self.process, self.kind, self.stream)


@dataclass(frozen=True, slots=True)
class OldTimer:
    """A timer of version 0.1, which stored no command: a Process says which one it stands for."""

    kind: str
    stream: str
    due: datetime
    cause: str
    correlation_id: str


def timer_id(process: str, kind: str, stream: str) -> str:
    """The id of a timer."""
    return f"{escaped(process)}/{escaped(kind)}/{stream}"


class Timers(Protocol):
    """Keeps timers. Every call raises Unavailable."""

    async def put(self, timer: Timer) -> None:
        """Keep it, in the place of what an earlier event has set; where the same or a later event has, do nothing."""

    async def cancel(self, process: str, kind: str, stream: str) -> None:
        """Forget a timer; a missing one is fine."""

    async def due(self, process: str, now: datetime, limit: int = 100) -> Sequence[Timer]:
        """Those of a process that are to be tried by now, the longest due first; parked ones are not."""

    async def carried_out(self, timer: Timer) -> None:
        """Forget it, unless another event has set it anew meanwhile."""

    async def postpone(self, timer: Timer, reason: str, until: datetime | None) -> None:
        """Note that it failed once more, and try again at a time (UTC), or park it where that is None."""

    async def parked(self, process: str, limit: int = 100) -> Sequence[Timer]:
        """At most `limit` parked timers of a process, by id."""

    async def retry(self, process: str, stream: str | None = None) -> int:
        """Have the parked timers of a process, or of one stream, tried once more, as due at ASKED_AT; how many."""

    async def parked_count(self, process: str) -> int:
        """How many timers of a process are parked."""

    async def old_due(self, now: datetime, limit: int = 100) -> Sequence[OldTimer]:
        """Timers of version 0.1 that are due by now."""

    async def forget_old(self, timer: OldTimer) -> None:
        """Forget a timer of version 0.1; a missing one is fine."""


class InMemoryTimers(Timers):
    """Timers in this process's memory."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Timer, datetime | None]] = {}

    async def put(self, timer: Timer) -> None:
        if timer.id not in self._kept or self._kept[timer.id][0].cause_at < timer.cause_at:
            self._kept[timer.id] = timer, timer.due

    async def cancel(self, process: str, kind: str, stream: str) -> None:
        self._kept.pop(timer_id(process, kind, stream), None)

    async def due(self, process: str, now: datetime, limit: int = 100) -> Sequence[Timer]:
        due = [(at, timer.id) for timer, at in self._of(process) if at is not None and at <= now]
        return [self._kept[name][0] for _, name in sorted(due)[:limit]]

    async def carried_out(self, timer: Timer) -> None:
        if self._is_as_it_was(timer):
            del self._kept[timer.id]

    async def postpone(self, timer: Timer, reason: str, until: datetime | None) -> None:
        if self._is_as_it_was(timer):
            self._kept[timer.id] = replace(timer, attempts=timer.attempts + 1, reason=reason), until

    async def parked(self, process: str, limit: int = 100) -> Sequence[Timer]:
        return sorted((timer for timer, at in self._of(process) if at is None), key=lambda timer: timer.id)[:limit]

    async def retry(self, process: str, stream: str | None = None) -> int:
        asked = [timer for timer, at in self._of(process) if at is None and stream in (None, timer.stream)]
        self._kept |= {timer.id: (timer, ASKED_AT) for timer in asked}
        return len(asked)

    async def parked_count(self, process: str) -> int:
        return len(await self.parked(process, len(self._kept)))

    async def old_due(self, now: datetime, limit: int = 100) -> Sequence[OldTimer]:
        """See Timers.old_due: nothing here is older than this process."""
        return ()

    async def forget_old(self, timer: OldTimer) -> None:
        """See Timers.forget_old."""

    def _of(self, process: str) -> Sequence[tuple[Timer, datetime | None]]:
        return [(timer, at) for timer, at in self._kept.values() if timer.process == process]

    def _is_as_it_was(self, timer: Timer) -> bool:
        return timer.id in self._kept and self._kept[timer.id][0].cause == timer.cause
