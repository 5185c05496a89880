"""The rules of a log find each planted fault, name its place, and find nothing else."""

from collections.abc import Callable
from typing import Any

import bson
import pytest

from tests.engine.workshop.application import EVENTS
from twinpath.clock import utc_now
from twinpath.domain.events import SEALED, Metadata, NewEvent
from twinpath.ids import log_of
from twinpath.log.commits import at_position, encode, events_of
from twinpath.log.interface import NewCommit
from twinpath.log.verification import Finding, IdRule, PositionRule, VersionRule, unreadable

STREAM = "repair-01a1fbf7-0407-7f1d-9ab7-8718673a9f9d"
LOG = log_of(STREAM, 4)
STRANGER = next(name for name in map("repair-{}".format, range(99)) if log_of(name, 4) != LOG)
Commits = list[dict[str, Any]]
Fault = Callable[[Commits], object]


def commits() -> Commits:
    """Four commits of one stream: one event, two, one, one."""
    made: Commits = []
    version, position = 0, 1
    for number, count in enumerate((1, 2, 1, 1)):
        events = [NewEvent("repair.note_added", 1, {"note": f"{number}"})] * count
        metadata = Metadata(utc_now(), "ann", "c-1")
        encoded = encode(NewCommit(STREAM, events, version, f"command-{number}", metadata, "f"), LOG, "w")
        made.append(dict(bson.decode(at_position(encoded, position).raw, bson.CodecOptions(tz_aware=True))))
        version, position = version + count, position + count
    return made


def findings(of: Commits) -> list[Finding]:
    """What the rules find, each fed in its own order."""
    positions, versions, ids = PositionRule(LOG, 4), VersionRule(), IdRule()
    found = [finding for commit in of for finding in positions.look(commit)]
    found += positions.end(5)
    by_version = sorted(of, key=lambda commit: (commit["stream"], commit["version"]))
    found += [finding for commit in by_version for finding in versions.look(commit)]
    by_id = sorted(of, key=lambda commit: str(commit["_id"]))
    return found + [finding for commit in by_id for finding in ids.look(commit)]


def test_a_log_that_is_right_has_no_findings() -> None:
    assert findings(commits()) == []


def without(number: int) -> Fault:
    return lambda log: log.pop(number)


def with_fields(number: int, **fields: object) -> Fault:
    return lambda log: log[number].update(fields)


FAULTS: dict[str, tuple[Fault, list[tuple[str, int | None]]]] = {
    "a commit is lost": (without(1), [("positions are missing", 4), ("versions are missing", 4)]),
    "the last is lost": (without(3), [("the log ends elsewhere", 4)]),
    "a position is taken twice": (with_fields(2, position=3), [("positions are taken twice", 3), ("missing", 5)]),
    "a position is left out": (with_fields(3, position=6), [("positions are missing", 6), ("ends elsewhere", 6)]),
    "a version is taken twice": (with_fields(2, version=3), [("versions are taken twice", 4), ("missing", 5)]),
    "versions change places": (
        lambda log: (log[2].update(version=5), log[3].update(version=4)),
        [("a later version stands at an earlier position", 4)],
    ),
    "an event is lost from a commit": (lambda log: log[1]["events"].pop(), [("a commit's count", 2)]),
    "a field is lost": (lambda log: log[0].pop("actor"), [("not well formed", 1)]),
    "a position is no number": (
        with_fields(0, position="1"),
        [("not well formed", None), ("positions are missing", 2), ("versions are missing", 2)],
    ),
    "a stream moved": (
        with_fields(3, stream=STRANGER, version=1),
        [("a stream is in a log that is not its own", 5)],
    ),
    "a command took effect twice": (with_fields(2, _id="command-1"), [("a command took effect twice", 4)]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_at_its_place_and_nothing_else_is(fault: str) -> None:
    plant, expected = FAULTS[fault]
    log = commits()
    plant(log)

    found = findings(log)

    assert [finding.position for finding in found] == [position for _, position in expected]
    for finding, (problem, _) in zip(found, expected, strict=True):
        assert problem in finding.problem
    assert {finding.log for finding in found} == {LOG}


def test_an_event_that_nobody_can_read_is_found() -> None:
    commit = commits()[1]
    commit["events"][1] = {"type": "repair.note_added", "schema": 9, "data": {}}

    verdicts = [unreadable(event, event, False, EVENTS) for event in events_of(commit)]

    assert verdicts[0] is None
    assert verdicts[1] is not None
    assert (verdicts[1].position, verdicts[1].stream) == (3, f"{STREAM}@3")
    assert "schema 9" in verdicts[1].actual


def test_a_seal_that_its_key_does_not_open_is_found_and_an_erased_ones_is_not() -> None:
    commit = commits()[0]
    sealed = {SEALED: {"of": "owner-1", "box": "…"}}
    commit["events"] = [{"type": "owner.renamed", "schema": 1, "data": sealed}]
    [stored] = events_of(commit)
    commit["events"] = [{"type": "owner.renamed", "schema": 1, "data": {"name": None}}]
    [closed] = events_of(commit)

    assert unreadable(stored, closed, False, EVENTS) is None
    damaged = unreadable(stored, closed, True, EVENTS)
    assert damaged is not None
    assert "can't be opened" in damaged.problem
