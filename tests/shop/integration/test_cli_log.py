"""`twinpath log` and `twinpath inspect` on a real log: what they show, in which order, and what stays sealed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import pytest

from deploy.local.mongodb import MongoDB
from tests.shop.support.written_log import Written
from twinpath.ids import log_of


@pytest.fixture
def written(mongodb_url: str, unique: str) -> Iterator[Written]:
    written = Written(mongodb_url, unique)
    with written.client:
        yield written


@pytest.fixture
def ada(written: Written) -> str:
    """A customer, registered and renamed."""
    return asyncio.run(written.write(1))[0]


def fullest(streams: Sequence[str], n: int) -> list[str]:
    """The logs in which most of these are."""
    return [log for log, _ in Counter(log_of(stream, 4) for stream in streams).most_common(n)]


def test_head_shows_the_newest_newest_first(written: Written) -> None:
    logs = fullest(asyncio.run(written.write(20)), 2)

    lines = written.run("log", "head", *logs, "-n", "4").stdout.splitlines()

    shown = [line.split()[1] for line in lines]
    heads = {log: written.log.commits.count_documents({"log": log}) for log in logs}
    assert len(shown) == 4
    for log, head in heads.items():  # a log's own order is kept, whatever the clocks of its writers said
        own = [place for place in shown if place.startswith(log)]
        assert own == [f"{log}:{head - ago}" for ago in range(len(own))]


def test_read_shows_a_range_of_a_log(written: Written) -> None:
    [log] = fullest(asyncio.run(written.write(20)), 1)

    lines = written.run("log", "read", log, "--from", "2", "--to", "3").stdout.splitlines()

    assert [line.split()[1] for line in lines] == [f"{log}:2", f"{log}:3"]


def test_read_shows_a_stream_whose_personal_data_stay_sealed_until_they_are_opened(written: Written, ada: str) -> None:
    closed = written.run("log", "read", ada)
    opened = written.run("log", "read", ada, "--from", "2", "--open")

    assert [line.split()[2:4] for line in closed.stdout.splitlines()] == [
        [f"{ada}@1", "customer.registered"],
        [f"{ada}@2", "customer.renamed"],
    ]
    assert f'{{"sealed":"{ada}"}}' in closed.stdout
    assert opened.stdout.rstrip().endswith('anonymous {"name":"Bea"}')


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize("command", [["log", "head"], ["log", "read", "ID"], ["inspect", "stream", "ID"]])
def test_nothing_personal_is_shown_unasked(written: Written, ada: str, command: list[str], form: list[str]) -> None:
    shown = written.run(*(ada if part == "ID" else part for part in command), *form)

    assert shown.exit_code == 0
    assert not [word for word in ("Ada", "Bea", "example.org") if word in shown.stdout]


def test_an_aggregate_is_shown_as_it_was_at_a_version(written: Written, ada: str) -> None:
    first = written.run("inspect", "stream", ada, "--at", "1", "--open", "--json").stdout.splitlines()
    now = written.run("inspect", "stream", ada, "--open", "--json").stdout.splitlines()

    assert [json.loads(line)["version"] for line in first] == [1, 1]
    assert json.loads(first[-1])["state"] == {"name": "Ada 0", "email": f"{ada}@example.org", "erased": False}
    assert json.loads(now[-1])["state"]["name"] == "Bea"
    assert f"{ada} at version 2, customer." in written.run("inspect", "stream", ada).stdout


def test_an_aggregate_is_shown_as_it_was_at_a_time(written: Written, ada: str) -> None:
    times = [
        datetime.fromisoformat(json.loads(line)["at"])
        for line in written.run("log", "read", ada, "--json").stdout.splitlines()
    ]
    written.log.commits.update_one({"stream": ada, "version": 2}, {"$set": {"at": times[0] + timedelta(hours=1)}})

    def at(time: datetime) -> str:
        return written.run("inspect", "stream", ada, "--at", time.isoformat()).output

    assert f"{ada} at version 1" in at(times[0] + timedelta(minutes=59))
    assert f"{ada} at version 2" in at(times[0] + timedelta(minutes=61))
    assert "there is no stream" in at(times[0] - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["log", "head", "voucher"], "there is no log or category voucher; the logs are allowance.0"),
        (["log", "read", "customer.9"], "there is no log or category customer.9"),
        (["log", "read", "customer-1"], "there is no stream customer-1"),
        (["inspect", "stream", "customer-1"], "there is no stream customer-1"),
        (["inspect", "stream", "voucher-1"], "voucher-1 is of no kind that has rules"),
        (["inspect", "stream", "ID", "--at", "3"], "is at version 2; there is no version 3"),
        (["inspect", "stream", "ID", "--at", "0"], "--at is a version"),
        (["inspect", "stream", "ID", "--at", "yesterday"], "--at is a version"),
        (["inspect", "stream", "ID", "--at", "2026-03-10T12:00:00"], "--at is a version"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(written: Written, ada: str, arguments: list[str], said: str) -> None:
    result = written.run(*(ada if part == "ID" else part for part in arguments))

    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 2  # which system it is, and this


def test_a_stream_that_the_rules_never_wrote_is_told_from_one_that_is_right(written: Written, ada: str) -> None:
    written.log.commits.delete_one({"stream": ada, "version": 1})

    result = written.run("inspect", "stream", ada)

    assert result.exit_code == 2
    assert f"the rules can't fold {ada}@2" in result.stderr


def test_tail_shows_the_newest_and_then_what_comes_until_it_is_interrupted(written: Written, ada: str) -> None:
    command = [sys.executable, "-m", "twinpath.cli", "log", "tail", "customer", "-n", "1"]
    environment = {**os.environ, **written.environment}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as tail:
        assert tail.stdout is not None
        assert f"{ada}@2" in tail.stdout.readline()

        bea = asyncio.run(written.write(1))[0]

        assert [tail.stdout.readline().split()[2] for _ in range(2)] == [f"{bea}@1", f"{bea}@2"]
        tail.send_signal(signal.SIGINT)
        assert tail.wait(30) == 130


def test_tail_outlasts_a_server_that_comes_back(private_mongodb: Callable[..., MongoDB], unique: str) -> None:
    mongodb = private_mongodb()
    written = Written(mongodb.url, unique)
    command = [sys.executable, "-m", "twinpath.cli", "log", "tail", "customer"]
    environment = {**os.environ, **written.environment}
    with written.client:
        ada = asyncio.run(written.write(1))[0]
        with subprocess.Popen(command, env=environment, stdout=-1, stderr=-1, text=True) as tail:
            assert tail.stdout is not None
            assert tail.stderr is not None
            assert [tail.stdout.readline().split()[2] for _ in range(2)] == [f"{ada}@1", f"{ada}@2"]
            mongodb.primary().kill()
            while "trying again" not in tail.stderr.readline():
                assert tail.poll() is None
            mongodb.start()
            bea = asyncio.run(written.write(1))[0]
            assert [tail.stdout.readline().split()[2] for _ in range(2)] == [f"{bea}@1", f"{bea}@2"]
            tail.terminate()
