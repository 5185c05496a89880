"""`twinpath verify` on a real log: right where it is, and each planted fault found, named and told by the exit code."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.shop.support.written_log import Documents, Written
from twinpath.cli.app import app
from twinpath.projecting.history import HistoryProjection


@pytest.fixture
def written(mongodb_url: str, unique: str) -> Iterator[Written]:
    written = Written(mongodb_url, unique)
    asyncio.run(written.write(30))
    with written.client:
        yield written


def test_a_log_that_is_right_is_said_to_be_right(written: Written) -> None:
    result = written.run("verify")

    assert result.exit_code == 0, result.output
    assert "events: 60 events, right" in result.stdout
    assert "versions: 60 commits, right" in result.stdout


Fault = Callable[[Documents], object]


def _delete_one(log: Documents) -> object:
    return log.commits.delete_one({"version": 1})


def _damage_a_box(log: Documents) -> object:
    return log.commits.update_one({"version": 2}, {"$set": {"events.0.data.sealed.box": "AAAA" * 20}})


def _unknown_event(log: Documents) -> object:
    return log.commits.update_one({"version": 2}, {"$set": {"events.0.type": "customer.forgotten"}})


def _double(log: Documents) -> object:
    commit = log.commits.find_one({"version": 2}) or {}
    log.commits.drop_indexes()
    return log.commits.insert_one({**commit, "_id": "again"})


def _no_log(log: Documents) -> object:
    return log.commits.insert_one({"_id": "lost", "stream": "customer-1"})


def _strange_log(log: Documents) -> object:
    commit = log.commits.find_one({"version": 2}) or {}
    return log.commits.insert_one({**commit, "_id": "again", "log": "customer.7", "position": 1, "version": 1})


def _beyond_the_end(log: Documents) -> object:
    return log.relay_watermarks.insert_one({"_id": "customer.2", "position": 1000, "epoch": 1})


def _restored_key(log: Documents) -> object:
    erased = {"type": "customer.erased", "schema": 1, "data": {}}
    return log.commits.update_one({"version": 2}, {"$set": {"events.0": erased}})


FAULTS: dict[str, tuple[Fault, list[str]]] = {
    "a lost commit": (_delete_one, ["positions are missing", "versions are missing"]),
    "a damaged box": (_damage_a_box, ["a seal can't be opened though its key is there"]),
    "an unknown event": (_unknown_event, ["an event can't be decoded"]),
    "a doubled commit": (
        _double,
        ["a unique key is missing"] * 2 + ["positions are taken twice", "versions are taken twice"],
    ),
    "a commit in no log": (_no_log, ["a commit is in no log"]),
    "a commit in a log that is not": (_strange_log, ["a stream is in a log that is not its own"]),
    "a key that came back": (
        _restored_key,
        ["a key is held that its stream no longer claims", "the key of one who was erased is there"],
    ),
    "a lost end": (_beyond_the_end, ["the relay has got beyond the end of the log"]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_named_and_told_by_the_exit_code(written: Written, name: str) -> None:
    plant, problems = FAULTS[name]
    plant(written.log)

    result = written.run("verify", "--json")

    found = [json.loads(line) for line in result.stdout.splitlines() if "problem" in line]
    assert result.exit_code == 1
    assert sorted({finding["problem"] for finding in found}) == sorted(set(problems)), result.stdout
    if name == "a damaged box":
        assert found[0]["stream"].endswith("@2")
        assert found[0]["log"].startswith("customer.")


def test_what_an_erased_customer_left_is_right(written: Written) -> None:
    written.keys.personal_keys.update_many({}, {"$set": {"key": None}})

    assert written.run("verify").exit_code == 0


def test_the_history_is_right_also_after_an_event_has_another_schema(written: Written) -> None:
    """It was written when the schema was another one, and is folded with the upcasters of today."""
    asyncio.run(written.project(HistoryProjection()))

    result = written.run("verify", TWINPATH_APPLICATION="tests.shop.support.changed_shop:LATER")

    assert result.exit_code == 0, result.output
    assert "view history: 60 events, right" in result.stdout


def test_a_view_that_is_ahead_of_the_log_is_found(written: Written) -> None:
    written.views.checkpoints.insert_one({"_id": "history/customer.1", "position": 1000})

    result = written.run("verify", "--no-views")

    assert result.exit_code == 1
    assert "history has got beyond the end of the log: log customer.1" in result.stdout


SNAPSHOT_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "another state": ({"$set": {"state.status": "closed"}}, 'expected {"status": "open"}, found {"status": "closed"}'),
    "another place": ({"$inc": {"position": 1}}, "a snapshot is not where its stream is"),
    "ahead of its stream": ({"$set": {"version": 121}}, "expected version 120"),
}


@pytest.mark.parametrize("fault", SNAPSHOT_FAULTS)
def test_a_snapshot_that_is_not_what_its_stream_folds_to_is_found(written: Written, fault: str) -> None:
    change, told = SNAPSHOT_FAULTS[fault]
    ticket = asyncio.run(written.write_long())
    assert "snapshots: 1 snapshots, right" in written.run("verify").stdout
    written.log.snapshots.update_one({}, change)

    result = written.run("verify")

    assert result.exit_code == 1
    [line] = [line for line in result.stdout.splitlines() if line.startswith("snapshots: a")]
    assert told in line
    assert f"stream {ticket}@" in line


def test_a_snapshot_that_nobody_reads_any_more_is_left_out(written: Written) -> None:
    asyncio.run(written.write_long())
    written.log.snapshots.update_one({}, {"$set": {"schema": "0-older", "state": None}})

    result = written.run("verify")

    assert result.exit_code == 0
    assert "snapshots: 0 snapshots, right" in result.stdout


def test_a_log_that_is_being_written_is_right_too(written: Written) -> None:
    with ThreadPoolExecutor() as pool:
        works: list[Coroutine[Any, Any, object]] = [written.write(150), written.write_long()]
        writing: list[Future[object]] = [pool.submit(asyncio.run, work) for work in works]
        results = [written.run("verify")]
        while not all(work.done() for work in writing):
            results.append(written.run("verify"))
    results.append(written.run("verify"))

    assert [work.exception() for work in writing] == [None, None]
    assert [result.stdout for result in results if result.exit_code != 0] == []
    assert f"events: {60 + 2 * 150 + 120} events, right" in results[-1].stdout


def test_many_findings_are_counted_and_not_all_shown(written: Written) -> None:
    written.log.commits.update_many({}, {"$set": {"events.0.type": "customer.forgotten"}})

    result = written.run("verify", "--most", "3")

    assert result.stdout.count("can't be decoded") == 3
    assert "60 differ, 57 of them not shown" in result.stdout


def test_where_there_is_no_log_yet_it_says_so(mongodb_url: str, unique: str) -> None:
    nothing = Written(mongodb_url, unique)
    with nothing.client:
        result = nothing.run("verify")

    assert result.exit_code == 2
    assert "no command service has made a log" in result.stderr
    assert mongodb_url.split("/")[2].split(",")[0] in result.stderr


def test_a_store_that_is_away_is_said_to_be_away() -> None:
    environment = {"TWINPATH_MONGODB_URL": "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"}

    result = CliRunner().invoke(app, ["verify"], env=environment)

    assert result.exit_code == 2
    assert "does not answer" in result.stderr
