"""Commits are read back as the events that they are made of."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import bson
import pytest

from twinpath.domain.events import Metadata, NewEvent
from twinpath.log.commits import OF_EVENTS, encode, events_of, recorded
from twinpath.log.interface import Appended, NewCommit

NOON = datetime(2026, 3, 10, 12, 0, 0, 123_000, tzinfo=UTC)


def commit(at: datetime = NOON) -> NewCommit:
    events = [NewEvent("repair.note_added", schema, {"note": "n"}) for schema in (1, 2)]
    return NewCommit("repair-1", events, 3, "c", Metadata(at, "actor", "correlation", "causation", "trace"))


def stored(at: datetime = NOON, position: int = 7) -> dict[str, Any]:
    return {**bson.decode(encode(commit(at), "repair.0", "w")), "position": position}


@pytest.mark.parametrize("at", [NOON, datetime(1960, 2, 29, tzinfo=UTC), NOON.astimezone(timezone(timedelta(hours=5)))])
def test_events_are_those_that_were_appended_with_their_times_in_utc(at: datetime) -> None:
    events = events_of(stored(at), stored(at, position=9))

    assert events[:2] == recorded(commit(at), Appended("repair-1", 5, "repair.0", 8))
    assert [event.position for event in events] == [7, 8, 9, 10]
    assert {event.at.utcoffset() for event in events} == {timedelta(0)}


def test_the_fields_of_events_are_all_that_they_are_made_of() -> None:
    whole = stored()
    shown = {name: value for name, value in whole.items() if OF_EVENTS.get(name)}

    assert len(shown) < len(whole)
    assert events_of(shown, log="repair.0") == events_of(whole)


def test_a_time_that_is_none_stays_as_it_is_for_whoever_verifies_the_log() -> None:
    assert [event.at for event in events_of({**stored(), "at": "noon"})] == ["noon", "noon"]
