"""Appending to an event store in tests: short ways to say what, and a check of a whole log."""

from collections import defaultdict

from twinpath.clock import utc_now
from twinpath.domain.events import Metadata, NewEvent, RecordedEvent
from twinpath.ids import new_id, uuid7
from twinpath.log.interface import Appended, EventLog, EventStore, NewCommit

CATEGORIES = ("repair",)


def note(text: str = "a note") -> NewEvent:
    """An event whose data tells it from others."""
    return NewEvent("repair.note_added", 1, {"note": text})


def metadata() -> Metadata:
    """Metadata of now."""
    return Metadata(at=utc_now(), actor="tester", correlation_id="c-1")


async def append(
    store: EventStore,
    stream: str | None = None,
    expected: int = 0,
    *texts: str,
    command_id: str | None = None,
    fingerprint: str = "f",
) -> Appended:
    """Append one event a text (one at least) to a stream, which is a fresh one when none is named."""
    events = [note(text) for text in texts or ("a note",)]
    return await store.append(
        NewCommit(stream or new_id("repair"), events, expected, command_id or uuid7(), metadata(), fingerprint)
    )


async def whole_log(log_store: EventLog) -> list[RecordedEvent]:
    """Every event of every log, after checking that positions and versions are gapless from 1."""
    events: list[RecordedEvent] = []
    versions: defaultdict[str, int] = defaultdict(int)
    for log, head in (await log_store.heads()).items():
        entries = await log_store.read_log(log, 0, head + 10)
        assert [event.position for event in entries] == list(range(1, head + 1))
        for event in entries:
            versions[event.stream] += 1
            assert event.version == versions[event.stream]
        events += entries
    return events
