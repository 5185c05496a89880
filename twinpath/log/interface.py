"""The operations that a log of events must offer; docs/architecture.md tells why it is safe."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from twinpath.domain.events import Metadata, NewEvent, RecordedEvent
from twinpath.errors import CommandIdReused, ConcurrencyConflict

MAX_COMMIT_BYTES = 15 * 1024 * 1024
"""A commit is one document; MongoDB takes 16 MiB, the rest is room for what the store adds."""


@dataclass(slots=True)
class NewCommit:
    """What one command appends to its stream; `claims` are keys each of which one commit alone can hold.

    Nobody changes one; it is not frozen since that makes each take three times as long to make.
    """

    stream: str
    events: Sequence[NewEvent]
    expected_version: int
    command_id: str
    metadata: Metadata
    fingerprint: str = ""
    claims: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a commit stands: its stream's version and its log's position after its last event."""

    stream: str
    version: int
    log: str
    position: int
    duplicate: bool = False
    """This command id had been appended before: this is the first answer again."""


@dataclass(frozen=True, slots=True)
class Commit:
    """The record of a command that took effect; its events only where they are asked for."""

    appended: Appended
    fingerprint: str
    events: Sequence[RecordedEvent] = ()


OnAppend = Callable[[str, Sequence[RecordedEvent]], None]
"""Takes a log and events that were appended to it, as they can be read from now on."""


class AppendObserver:
    """Wants to know how appending goes, and here does nothing; what it learns must be taken without blocking."""

    def inserted(self, commits: int, seconds: float) -> None:
        """An insert of that many commits came back, whatever became of it."""

    def lost_race(self, over: Literal["position", "version", "claim"]) -> None:
        """Another writer had the log's next position, the stream's next version or a claim first."""


def of_types(events: list[RecordedEvent], types: Collection[str] | None) -> list[RecordedEvent]:
    """What EventLog.read_log gives of these events."""
    if types is None:
        return events
    return [event for event in events if event.type in types or event is events[-1]]


class EventLog(Protocol):
    """The reading side: what relay and projector need."""

    async def read_log(
        self, log: str, after_position: int, limit: int, types: Collection[str] | None = None
    ) -> list[RecordedEvent]:
        """At most `limit` events of a log with a position above `after_position`, in order, without a gap.

        With `types` only such events of the next `limit` ones, and the last of them whatever it is: up to that one
        there are no others. Raises Unavailable.
        """

    async def read_stream(self, log: str, stream: str, after_version: int, limit: int) -> list[RecordedEvent]:
        """At most `limit` events of a stream of this log with a version above `after_version`, in order.

        Raises Unavailable.
        """

    async def heads(self) -> dict[str, int]:
        """Position of the last event of every log; 0 where there is none. Raises Unavailable."""

    async def published(self) -> dict[str, int]:
        """Log -> how far the relay has published it, as it noted last; nothing of a log it never led. Raises
        Unavailable."""
        ...


class EventStore(EventLog, Protocol):
    """The whole log."""

    async def append(self, commit: NewCommit) -> Appended:
        """Append one command's events, all or none, durable on return.

        The same command id again, with the same fingerprint, writes nothing and gives the first answer.

        Raises:
            ConcurrencyConflict: the stream is not at `expected_version`, be it lower or higher.
            ClaimHeld: another commit holds one of the claims, and the stream is at `expected_version`.
            CommandIdReused: the command id stands for a command of another fingerprint.
            CommitTooLarge: the commit exceeds MAX_COMMIT_BYTES; nothing was sent.
            Unavailable: the store is away; nothing was written.
            OutcomeUnknown: the store went away during the write; repeat with the same command id to learn it.
        """

    async def release(self, stream: str, version: int, keys: Collection[str]) -> None:
        """Take the keys, none of which the stream claims at this version, from its commits up to there.

        A stream that claims a key again later holds it in a later commit, which this leaves alone: so it does not
        matter how late the release comes, or how often. Raises Unavailable.
        """

    async def load(self, stream: str, after_version: int = 0) -> list[RecordedEvent]:
        """The events of a stream with a version above `after_version`, in order. Raises Unavailable."""

    async def has_event(self, stream: str, event_type: str, after_version: int) -> bool:
        """Whether an event of this stored name stands in a stream above a version. Raises Unavailable."""

    async def streams_about(self, owner: str, category: str) -> list[str]:
        """The streams of a category that hold personal data of this owner, destroyed or not, sorted. Raises
        Unavailable."""

    async def forget_fingerprints(self, owner: str, event_types: Collection[str]) -> None:
        """Put FORGOTTEN in the place of each plain fingerprint of the commits with such events in the streams that hold
        personal data of this owner. May be repeated. Raises Unavailable."""

    async def commit_of(self, command_id: str) -> Commit | None:
        """The outcome of a command, with its events, or None when it took no effect. Raises Unavailable."""

    def on_append(self, listener: OnAppend) -> None:
        """Call `listener(log, events)` after appends of this process, in the log's order; one may go untold."""

    def appends_of_others(self) -> AsyncIterator[str]:
        """The log of each commit that another process appends from now on, a wake-up too. Raises Unavailable."""


def repeated(commit: Commit, fingerprint: str) -> Appended:
    """The answer to a command id that was seen before: the first answer, or CommandIdReused."""
    if commit.fingerprint != fingerprint:
        raise CommandIdReused("this idempotency key was used for another command; use a fresh one")
    first = commit.appended
    return Appended(first.stream, first.version, first.log, first.position, duplicate=True)


def conflict(stream: str, expected: int, current: int | None = None) -> ConcurrencyConflict:
    """The refusal of an append whose expected version is not the stream's."""
    current_version = "another one" if current is None else str(current)
    return ConcurrencyConflict(f"{stream} is at version {current_version}, not {expected}")
