"""What is put on record, and what every store of the record promises."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Outcome = Literal["allowed", "refused"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the record. It holds no personal data: `actor` is a pseudonym that erasure can cut.

    `service` is whose process wrote it, `action` what was asked for (`GET /customers/{customer_id}`, `rebuild`),
    `target` the id that it concerns, `reason` the code of a refusal, `on_behalf_of` the owner for whom it was asked.
    So many alike as `count` says came within a second of `at`.
    """

    at: datetime
    service: str
    actor: str
    action: str
    outcome: Outcome
    target: str | None = None
    reason: str | None = None
    on_behalf_of: str | None = None
    correlation_id: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries to read; None is any."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    action: str | None = None
    outcome: Outcome | None = None


class AuditLog(ABC):
    """Takes entries and gives them back in the order of their time; nothing changes or removes one."""

    @abstractmethod
    async def add(self, entries: Sequence[Entry]) -> None:
        """Keep these for good. Raises Unavailable."""

    @abstractmethod
    def read(self, wanted: Wanted) -> AsyncIterator[Entry]:
        """The entries that are wanted, the oldest first. Raises Unavailable."""


class InMemoryAuditLog(AuditLog):
    """A record in this process's memory: for `make demo` and for tests."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    async def add(self, entries: Sequence[Entry]) -> None:
        """See AuditLog.add."""
        self._entries.extend(entries)

    async def read(self, wanted: Wanted) -> AsyncIterator[Entry]:
        """See AuditLog.read."""
        for entry in sorted(self._entries, key=lambda entry: entry.at):
            if _is_wanted(entry, wanted):
                yield entry


def _is_wanted(entry: Entry, wanted: Wanted) -> bool:
    named = ((wanted.actor, entry.actor), (wanted.action, entry.action), (wanted.outcome, entry.outcome))
    within = (wanted.since is None or entry.at >= wanted.since) and (wanted.until is None or entry.at < wanted.until)
    return within and all(want is None or want == has for want, has in named)
