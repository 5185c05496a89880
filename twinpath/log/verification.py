"""Whether a log is what it promises: rules that take commits as they are stored, and say what differs.

Nothing here reads a store. Each rule is fed documents in one order and remembers the last one alone, so that its memory
does not grow with the log.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import SEALED, RecordedEvent
from twinpath.errors import UnknownEvent
from twinpath.ids import log_of
from twinpath.log.commits import events_of

Commit = Mapping[str, Any]
"""A commit as its document is, or a part of it; nothing is taken for granted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be; `log`, `position` and `stream` say where, as far as that is known."""

    check: str
    problem: str
    expected: str
    actual: str
    log: str | None = None
    position: int | None = None
    stream: str | None = None
    warning: bool = False
    """It harms nobody, and comes about when a process dies at the wrong moment."""
    count: int = 1
    """The number of differences that it stands for; 0 when another finding has counted the same one."""


class PositionRule:
    """Takes the commits of one log by position: well formed, right after one another, of streams that belong here."""

    check = "positions"

    def __init__(self, log: str, partitions: int) -> None:
        self._log = log
        self._partitions = partitions
        self._next = 1
        self.events: list[RecordedEvent] = []
        """Those of the well-formed commits, until somebody takes them."""

    def look(self, commit: Commit) -> Iterator[Finding]:
        """The faults of the next commit."""
        if (flaw := _flaw(commit)) is None:
            self.events += events_of(dict(commit))
        else:
            yield _finding(self.check, "a commit is not well formed", "a commit as they are written", flaw, commit)
        position, count, events = commit.get("position"), commit.get("count"), commit.get("events")
        if isinstance(position, int) and isinstance(count, int):
            if position != self._next:
                problem = "positions are missing" if position > self._next else "positions are taken twice"
                yield _finding(self.check, problem, f"position {self._next}", f"position {position}", commit)
            self._next = position + max(count, 1)
        if isinstance(events, list) and len(events) != count:
            problem = "a commit's count is not that of its events"
            yield _finding(self.check, problem, f"{count} events", f"{len(events)} events", commit)
        stream = commit.get("stream")
        if isinstance(stream, str) and (home := log_of(stream, self._partitions)) != self._log:
            yield _finding(self.check, "a stream is in a log that is not its own", home, self._log, commit)

    def end(self, head: int) -> Iterator[Finding]:
        """The faults of the end of the log, whose head was said to be `head`."""
        if self._next != head + 1:
            end = self._next - 1
            yield Finding(self.check, "the log ends elsewhere", f"position {head}", f"position {end}", self._log, end)


class VersionRule:
    """Takes the commits of one log by stream and version: versions without a gap, in the order of their positions."""

    check = "versions"

    def __init__(self) -> None:
        self._stream = ""
        self._version = 0
        self._position = 0

    def look(self, commit: Commit) -> Iterator[Finding]:
        """The faults of the next commit, of which stream, version, position and count are asked; whatever is not
        well formed in it is PositionRule's to tell."""
        stream, version, position, count = (commit.get(name) for name in ("stream", "version", "position", "count"))
        if not (isinstance(version, int) and isinstance(position, int) and isinstance(count, int)):
            return
        if stream != self._stream:
            self._stream, self._version, self._position = str(stream), 0, 0
        if version != (following := self._version + 1):
            problem = "versions are missing" if version > following else "versions are taken twice"
            yield _finding(self.check, problem, f"version {following}", f"version {version}", commit)
        if position < self._position:
            problem = "a later version stands at an earlier position"
            yield _finding(self.check, problem, f"a position above {self._position}", f"position {position}", commit)
        self._version, self._position = version + max(count, 1) - 1, position


class IdRule:
    """Takes the commits' ids, the command ids, in their order: each once."""

    check = "command ids"

    def __init__(self) -> None:
        self._last: object = None

    def look(self, commit: Commit) -> Iterator[Finding]:
        """The faults of the next commit."""
        command_id = commit.get("_id")
        if command_id == self._last:
            yield _finding(self.check, "a command took effect twice", f"{command_id!r} once", "once more", commit)
        self._last = command_id


def unreadable(stored: RecordedEvent, opened: RecordedEvent, has_key: bool, catalogue: Catalogue) -> Finding | None:
    """The fault of an event, or None: `opened` is what its seal gave, `has_key` whether its owner's key is there."""
    try:
        catalogue.decode(opened)
    except UnknownEvent as error:
        return _of_event("an event can't be decoded", "an event of the catalogue", error.detail, stored)
    personal = catalogue.personal(stored.type, stored.schema)
    if SEALED in stored.data and has_key and not any(opened.data.get(name) is not None for name in personal):
        return _of_event("a seal can't be opened though its key is there", ", ".join(personal), "nothing", stored)
    return None


def erases(event: RecordedEvent, catalogue: Catalogue) -> bool:
    """Whether the key of the event's stream must be gone."""
    event_type = catalogue.event_type(event.type)
    return event_type is not None and event_type.erases


def unerased(event: RecordedEvent) -> Finding:
    """The fault when an event says that its stream's key was destroyed, and it is there: a restored backup, say."""
    return _of_event("the key of one who was erased is there", "no key", "a key", event)


def _of_event(problem: str, expected: str, actual: str, event: RecordedEvent) -> Finding:
    return Finding("events", problem, expected, actual, event.log, event.position, f"{event.stream}@{event.version}")


def _finding(check: str, problem: str, expected: str, actual: str, commit: Commit) -> Finding:
    log, position, stream = (commit.get(name) for name in ("log", "position", "stream"))
    return Finding(
        check,
        problem,
        expected,
        actual,
        log if isinstance(log, str) else None,
        position if isinstance(position, int) else None,
        stream if isinstance(stream, str) else None,
    )


_Natural = Annotated[int, Field(ge=1)]


class _Seal(BaseModel):
    model_config = ConfigDict(strict=True)

    owner: Annotated[str, Field(alias="of")]
    box: str


class _Event(BaseModel):
    model_config = ConfigDict(strict=True)

    type: str
    number: Annotated[int, Field(ge=1, alias="schema")]
    data: dict[str, Any]


class _Form(BaseModel):
    """The form that readers of a commit rely on."""

    model_config = ConfigDict(strict=True)

    id: Annotated[str, Field(alias="_id", min_length=1)]
    stream: Annotated[str, Field(pattern=r"^[a-z]+-.")]
    version: _Natural
    log: str
    position: _Natural
    count: _Natural
    events: list[_Event]
    at: datetime
    actor: str
    correlation_id: str
    causation_id: str | None
    traceparent: str | None
    fingerprint: str


def _flaw(commit: Commit) -> str | None:
    """The first thing that is not well formed in a commit, or None."""
    try:
        form = _Form.model_validate(commit)
        for event in form.events:
            if SEALED in event.data:
                _Seal.model_validate(event.data[SEALED])
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'commit'}: {first['msg']}"
    return None
