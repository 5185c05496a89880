"""What every event store promises, shown with each adapter."""

import asyncio
from collections import defaultdict

import pytest

from tests.support.appending import append, metadata, note, whole_log
from twinpath.domain.events import SEALED, NewEvent, RecordedEvent
from twinpath.errors import CommandIdReused, CommitTooLarge, ConcurrencyConflict
from twinpath.ids import log_of, new_id, uuid7
from twinpath.log.interface import EventStore, NewCommit
from twinpath.personal_data.fingerprints import FORGOTTEN


@pytest.fixture
def store(event_store: EventStore) -> EventStore:
    return event_store


async def test_an_append_says_where_it_stands(store: EventStore) -> None:
    stream = new_id("repair")

    first = await append(store, stream, 0, "one", "two")
    second = await append(store, stream, 2, "three")

    assert (first.stream, first.version, first.log, first.position) == (stream, 2, log_of(stream, 4), 2)
    assert (second.version, second.position, second.duplicate) == (3, 3, False)


async def test_what_was_appended_is_loaded_whole_and_in_order(store: EventStore) -> None:
    stream = new_id("repair")
    said = metadata()
    await store.append(NewCommit(stream, [note("one"), note("two")], 0, uuid7(), said))
    await store.append(NewCommit(stream, [note("three")], 2, uuid7(), said))

    events = await store.load(stream)

    assert [(event.version, event.data["note"]) for event in events] == [(1, "one"), (2, "two"), (3, "three")]
    assert {(event.at, event.actor, event.correlation_id) for event in events} == {(said.at, "tester", "c-1")}
    assert {event.stream for event in events} == {stream}


@pytest.mark.parametrize("after", range(5))
async def test_a_stream_is_loaded_from_any_version_also_from_within_a_commit(store: EventStore, after: int) -> None:
    stream = new_id("repair")
    await append(store, stream, 0, "1", "2", "3")
    await append(store, stream, 3, "4")

    assert [event.version for event in await store.load(stream, after)] == list(range(after + 1, 5))


@pytest.mark.parametrize("after", range(6))
async def test_a_log_is_read_from_any_position_also_from_within_a_commit(store: EventStore, after: int) -> None:
    stream = new_id("repair")
    await append(store, stream, 0, "1", "2", "3")
    await append(store, stream, 3, "4", "5")

    events = await store.read_log(log_of(stream, 4), after, 2)

    assert [event.position for event in events] == list(range(after + 1, 6))[:2]


@pytest.mark.parametrize("after", range(6))
async def test_a_stream_is_read_in_pieces_from_any_version(store: EventStore, after: int) -> None:
    stream, other = new_id("repair"), new_id("repair")
    await append(store, stream, 0, "1", "2", "3")
    await append(store, other, 0, "other")
    await append(store, stream, 3, "4", "5")

    events = await store.read_stream(log_of(stream, 4), stream, after, 2)

    assert [(event.stream, event.version) for event in events] == [(stream, n) for n in range(after + 1, 6)][:2]


async def test_a_stream_that_does_not_exist_is_empty(store: EventStore) -> None:
    assert await store.load(new_id("repair")) == []


async def test_heads_name_every_log_with_its_last_position(store: EventStore) -> None:
    appended = await append(store, None, 0, "one", "two")

    heads = await store.heads()

    assert heads == {f"repair.{partition}": 0 for partition in range(4)} | {appended.log: 2}


@pytest.mark.parametrize("expected", [0, 1, 2, 4, 40])
async def test_an_expected_version_too_low_or_too_high_is_refused_and_writes_nothing(
    store: EventStore, expected: int
) -> None:
    stream = new_id("repair")
    await append(store, stream, 0, "one", "two", "three")

    with pytest.raises(ConcurrencyConflict):
        await append(store, stream, expected, "four")

    assert len(await whole_log(store)) == 3


async def test_a_new_stream_can_not_begin_in_the_middle(store: EventStore) -> None:
    with pytest.raises(ConcurrencyConflict):
        await append(store, None, 1)

    assert await whole_log(store) == []


async def test_of_two_writers_on_one_version_one_wins(store: EventStore) -> None:
    stream = new_id("repair")
    await append(store, stream, 0)

    answers = await asyncio.gather(*(append(store, stream, 1, str(n)) for n in range(2)), return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == ["Appended", "ConcurrencyConflict"]
    assert len(await store.load(stream)) == 2


async def test_the_same_command_again_gets_the_first_answer_and_writes_nothing(store: EventStore) -> None:
    stream, command = new_id("repair"), uuid7()
    first = await append(store, stream, 0, "one", "two", command_id=command)
    await append(store, stream, 2, "three")

    again = await append(store, stream, 0, "one", "two", command_id=command)

    assert (again.version, again.position, again.duplicate) == (first.version, first.position, True)
    assert len(await whole_log(store)) == 3


async def test_a_repeated_create_gets_the_first_stream(store: EventStore) -> None:
    command = uuid7()
    first = await append(store, None, 0, command_id=command)

    again = await append(store, None, 0, command_id=command)

    assert (again.stream, again.log, again.duplicate) == (first.stream, first.log, True)
    assert len(await whole_log(store)) == 1


async def test_the_same_command_fifty_times_at_once_takes_effect_once(store: EventStore) -> None:
    command = uuid7()

    answers = await asyncio.gather(*(append(store, None, 0, command_id=command) for _ in range(50)))

    assert len({answer.stream for answer in answers}) == 1
    assert len(await whole_log(store)) == 1


async def test_a_command_id_with_another_content_is_refused(store: EventStore) -> None:
    stream, command = new_id("repair"), uuid7()
    await append(store, stream, 0, command_id=command, fingerprint="this")

    with pytest.raises(CommandIdReused):
        await append(store, stream, 1, command_id=command, fingerprint="that")

    assert len(await whole_log(store)) == 1


async def test_what_became_of_a_command_can_be_asked(store: EventStore) -> None:
    command = uuid7()
    appended = await append(store, None, 0, "one", "two", command_id=command, fingerprint="this")

    commit = await store.commit_of(command)

    assert commit is not None
    assert (commit.appended.version, commit.appended.position, commit.fingerprint) == (2, appended.position, "this")
    assert await store.commit_of(uuid7()) is None


async def test_plain_fingerprints_are_forgotten_in_the_streams_that_hold_an_owners_data(store: EventStore) -> None:
    """Not those of other events there, of other owners, or that are keyed."""
    ada, other, plain = new_id("repair"), new_id("repair"), "0123456789abcdef" * 2
    opened = [NewEvent("repair.opened", 1, {SEALED: {"of": owner, "box": ""}}) for owner in ("owner-1", "owner-2")]
    closed = NewEvent("repair.closed", 1, {})
    kept = [
        NewCommit(ada, [opened[0]], 0, "opened", metadata(), plain),
        NewCommit(ada, [note("plain")], 1, "noted", metadata(), plain),
        NewCommit(ada, [note("plain")], 2, "keyed", metadata(), "keyed:owner-1:00"),
        NewCommit(ada, [closed], 3, "closed", metadata(), plain),
        NewCommit(other, [opened[1]], 0, "of another", metadata(), plain),
    ]
    for commit in kept:
        await store.append(commit)

    for _ in range(2):
        await store.forget_fingerprints("owner-1", {"repair.opened", "repair.note_added"})

    commits = [await store.commit_of(commit.command_id) for commit in kept]
    left = [FORGOTTEN, FORGOTTEN, "keyed:owner-1:00", plain, plain]
    assert [commit and commit.fingerprint for commit in commits] == left


async def test_a_conflict_in_the_middle_of_a_batch_leaves_the_others_unharmed(store: EventStore) -> None:
    old = new_id("repair")
    await append(store, old, 0)
    partner = new_id("repair")
    while log_of(partner, 4) != log_of(old, 4):
        partner = new_id("repair")
    calls = [append(store, None, 0, "fresh") for _ in range(30)]
    calls[10:10] = [append(store, old, 0, "stale"), append(store, partner, 0, "beside"), append(store, old, 7, "wild")]

    answers = await asyncio.gather(*calls, return_exceptions=True)

    refused = [answer for answer in answers if isinstance(answer, ConcurrencyConflict)]
    assert len(refused) == 2
    assert len(await whole_log(store)) == 32


async def test_a_cancelled_caller_harms_nobody_and_can_ask_again(store: EventStore) -> None:
    command, stream = uuid7(), new_id("repair")
    cancelled = asyncio.create_task(append(store, stream, 0, "mine", command_id=command))
    others = [asyncio.create_task(append(store)) for _ in range(20)]
    await asyncio.sleep(0)
    cancelled.cancel()

    await asyncio.gather(*others)
    again = await append(store, stream, 0, "mine", command_id=command)

    assert again.version == 1
    assert len(await whole_log(store)) == 21


async def test_a_commit_of_17_megabytes_is_refused_before_it_is_sent(store: EventStore) -> None:
    with pytest.raises(CommitTooLarge, match="bytes"):
        await append(store, None, 0, "x" * 17_000_000)

    assert await whole_log(store) == []
    await append(store)


async def test_a_listener_is_told_the_events_as_they_are_read(store: EventStore) -> None:
    told: defaultdict[str, list[RecordedEvent]] = defaultdict(list)
    store.on_append(lambda log, events: told[log].extend(events))

    await asyncio.gather(*(append(store, None, 0, "first", "second") for _ in range(20)))

    assert sum(map(len, told.values())) == 40
    for log, events in told.items():
        assert events == await store.read_log(log, 0, 100)


async def test_many_callers_at_once_leave_gapless_logs(store: EventStore) -> None:
    streams = [new_id("repair") for _ in range(20)]

    async def write(stream: str) -> int:
        won = 0
        for version in range(10):
            try:
                await append(store, stream, version, "a", command_id=uuid7())
                won += 1
            except ConcurrencyConflict:
                return won
        return won

    won = await asyncio.gather(*(write(stream) for stream in streams * 3))

    assert len(await whole_log(store)) == sum(won)


async def test_whether_an_event_stands_in_a_stream_above_a_version_is_told_within_a_commit_too(
    store: EventStore,
) -> None:
    stream, other = new_id("repair"), NewEvent("repair.closed", 1, {})
    await store.append(NewCommit(stream, [note("1"), other, note("3")], 0, uuid7(), metadata(), "f"))
    await store.append(NewCommit(stream, [note("4")], 3, uuid7(), metadata(), "f"))

    closed = [await store.has_event(stream, "repair.closed", version) for version in range(4)]
    noted = [await store.has_event(stream, "repair.note_added", version) for version in (0, 3, 4)]

    assert closed == [True, True, False, False]
    assert noted == [True, True, False]
    assert not await store.has_event(new_id("repair"), "repair.closed", 0)


async def test_the_streams_that_hold_an_owners_personal_data_are_found_by_category(store: EventStore) -> None:
    owner, other = new_id("owner"), new_id("owner")
    first, second, third = sorted(new_id("repair") for _ in range(3))
    for stream, holder in ((second, owner), (first, owner), (third, other)):
        sealed = NewEvent("repair.booked", 1, {"sealed": {"of": holder, "box": "b"}})
        await store.append(NewCommit(stream, [note("one"), sealed], 0, uuid7(), metadata(), "f"))
    await append(store, first, 2, "one more")

    assert await store.streams_about(owner, "repair") == [first, second]
    assert await store.streams_about(other, "repair") == [third]
    assert await store.streams_about(owner, "bill") == await store.streams_about(new_id("owner"), "repair") == []
