"""`twinpath parked` on real servers: what is parked is listed, shown, tried again and skipped."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator

import pytest

from projector_service.customers import CustomersProjection
from shared.events.customer import CustomerRegistered, CustomerRenamed
from tests.shop.support.written_log import Written
from twinpath.domain.events import RecordedEvent
from twinpath.domain.views import ViewChange
from twinpath.ids import log_of, logs_of

LOGS = logs_of(("customer",), 4)


class CanNotRename(CustomersProjection):
    """It can't take another name."""

    def renamed(self, event: CustomerRenamed, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Raise."""
        raise ValueError(f"no {event.name}")


class CanNotRegister(CustomersProjection):
    """It can't take a new customer."""

    def registered(self, event: CustomerRegistered, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Raise."""
        raise ValueError(f"no {event.name}")


class Parked(Written):
    """A log whose customers are projected, and parked."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__(url, name)
        self.url, self.name = url, name

    def park(self, customers: int, projection: CustomersProjection) -> list[str]:
        """Write customers and project them; their ids in order."""
        ids = asyncio.run(self.write(customers))
        asyncio.run(self.project(projection))
        return sorted(ids)

    def names(self) -> list[str]:
        return [document["name"] for document in self.views["customers"].find()]


@pytest.fixture
def parked(mongodb_url: str, unique: str) -> Iterator[Parked]:
    parked = Parked(mongodb_url, unique)
    with parked.client:
        yield parked


def test_nothing_parked(parked: Parked) -> None:
    parked.park(2, CustomersProjection())

    assert parked.run("parked", "list").stdout == "0 streams parked, 0 events\n"
    retried = parked.run("parked", "retry", "--yes")
    assert (retried.exit_code, "0 streams" in retried.stdout) == (0, True)


def test_what_is_parked_is_listed_without_what_is_personal(parked: Parked) -> None:
    ids = parked.park(3, CanNotRename())

    lines = parked.run("parked", "list").stdout.splitlines()
    objects = [json.loads(line) for line in parked.run("parked", "list", "--json", "-n", "2").stdout.splitlines()]

    assert [line.split()[:4] for line in lines[:3]] == [["customers", of, "version", "2"] for of in ids]
    assert lines[3] == "3 streams parked, 3 events"
    assert [one["stream"] for one in objects] == ids[:2]
    assert objects[0]["reason"].startswith("ValueError at test_cli_parked.py:")
    assert "Bea" not in str(lines)
    assert parked.run("parked", "list", "--projection", "history").stdout == "0 streams parked, 0 events\n"


def test_one_is_shown_with_its_events_and_what_todays_code_says(parked: Parked) -> None:
    [of] = parked.park(1, CanNotRename())

    shown = parked.run("parked", "show", "customers", of)
    opened = parked.run("parked", "show", "customers", of, "--open")

    assert "with today's code: its method takes the event" in shown.stdout
    assert f"{of}@2 customer.renamed" in shown.stdout
    assert "Bea" not in shown.stdout
    assert "Bea" in opened.stdout
    unknown = parked.run("parked", "show", "customers", f"{of}0")
    assert (unknown.exit_code, "is not parked for customers" in unknown.stderr) == (2, True)


def test_a_retry_says_what_it_will_do_and_does_it_when_told_to(parked: Parked) -> None:
    ids = parked.park(30, CanNotRename())

    planned = parked.run("parked", "retry", "--dry-run", "--limit", "25")
    unasked = parked.run("parked", "retry")
    assert parked.names() != ["Bea"] * 30
    some = parked.run("parked", "retry", "--yes", "--limit", "25")
    rest = parked.run("parked", "retry", "--yes", "--projection", "customers")

    said = "30 streams parked with 30 events; this tries at most 25 events of 25 streams, in this order:"
    assert planned.stdout.splitlines()[0] == said
    assert planned.stdout.splitlines()[-1] == "and 5 streams more"
    assert (planned.exit_code, unasked.exit_code, some.exit_code, rest.exit_code) == (0, 2, 0, 0)
    assert "say --yes" in unasked.stdout
    assert some.stdout.splitlines()[-1] == "25 events applied, 25 streams free, 0 parked again"
    assert rest.stdout.splitlines()[-1] == "5 events applied, 5 streams free, 0 parked again"
    assert parked.names() == ["Bea"] * 30
    assert {document["version"] for document in parked.views["customers"].find()} == {2}
    assert len(ids) == 30


def test_a_retry_that_fails_parks_again_and_says_so(parked: Parked) -> None:
    """Without its customer, who was removed from the view by hand, a rename does not fit."""
    [of] = parked.park(1, CanNotRename())
    parked.views["customers"].delete_many({})

    for attempt in (2, 3):
        failed = parked.run("parked", "retry", "--yes", "--stream", of)
        assert failed.exit_code == 1
        assert f"tried {attempt} times" in failed.stdout
        assert f"names a document that does not exist: {of}" in failed.stdout
        assert failed.stdout.splitlines()[-1] == "0 events applied, 0 streams free, 1 parked again"
    assert parked.run("parked", "retry", "--yes", "--stream", "customer-1").exit_code == 2


def test_an_event_is_skipped_for_a_reason_and_the_rest_is_retried(parked: Parked) -> None:
    [of] = parked.park(1, CanNotRegister())

    wordless = parked.run("parked", "skip", "customers", of, "1", "--reason", " ")
    wrong = parked.run("parked", "skip", "customers", of, "2", "--reason", "an old bug")
    done = parked.run("parked", "skip", "customers", of, "1", "--reason", "an old bug", "--by", "ann")
    last = parked.run("parked", "skip", "customers", of, "2", "--reason", "nobody to rename", "--by", "ann")

    assert (wordless.exit_code, wrong.exit_code, done.exit_code, last.exit_code) == (2, 2, 0, 0)
    assert "waits for version 1, not 2" in wrong.stderr
    assert "1 event after it still wait" in done.stdout
    lines = parked.run("parked", "list", "--skipped").stdout.splitlines()
    assert [line.partition("by ")[2].partition(";")[0] for line in lines] == [
        "ann: an old bug",
        "ann: nobody to rename",
    ]
    assert parked.run("parked", "list").stdout == "0 streams parked, 0 events\n"


def test_a_retry_that_is_killed_or_interrupted_goes_on_where_it_was(parked: Parked) -> None:
    parked.park(600, CanNotRename())
    command = [sys.executable, "-m", "twinpath.cli", "parked", "retry", "--yes"]
    for how in (signal.SIGKILL, signal.SIGINT):
        process = subprocess.Popen(command, env={**os.environ, **parked.environment}, stdout=subprocess.PIPE, text=True)
        before = parked.views["parked"].count_documents({})
        with parked.views["parked"].watch() as changes:
            for _ in range(20):
                changes.next()
        process.send_signal(how)
        said, _ = process.communicate(timeout=30)
        after = parked.views["parked"].count_documents({})
        assert 0 < after < before, "it was stopped in the middle"
        if how == signal.SIGINT:
            assert process.returncode == 130
            assert "stopped: what is applied stays" in said
        assert sorted(parked.names()).count("Bea") == 600 - after

    rest = parked.run("parked", "retry", "--yes")

    assert rest.exit_code == 0
    assert parked.names() == ["Bea"] * 600
    assert {(one["version"], one["revision"]) for one in parked.views["customers"].find()} == {(2, 2)}
    assert parked.views["parked"].count_documents({}) == 0
    assert parked.views["parked_counts"].count_documents({"streams": {"$ne": 0}}) == 0
    assert {log_of(one["_id"], 4) for one in parked.views["customers"].find()} <= set(LOGS)
