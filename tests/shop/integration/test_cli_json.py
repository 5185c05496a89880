"""`twinpath … --json` on real servers: JSON and nothing else on standard output, whatever there is to report."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from projector_service.customers import CustomersProjection
from tests.shop.support.written_log import Written
from twinpath.projecting.history import HistoryProjection


@pytest.fixture
def written(mongodb_url: str, unique: str) -> Iterator[Written]:
    """A log whose customers are in service, each of which differs from what the log gives."""
    written = Written(mongodb_url, unique)
    asyncio.run(written.write(31))
    asyncio.run(written.project(CustomersProjection(), HistoryProjection()))
    with written.client:
        written.views.customers.update_many({}, {"$set": {"name": "somebody"}})
        yield written


def objects(written: Written, *arguments: str) -> list[dict[str, Any]]:
    """What a process of its own writes, whose logs go where they go for people."""
    command = [sys.executable, "-m", "twinpath.cli", *arguments, "--json"]
    environment = {**os.environ, **written.environment, "TWINPATH_REDIS_URL": "redis://127.0.0.1:1/0"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_verify_counts_every_document_that_differs_and_says_so_in_words(written: Written) -> None:
    *findings, _ = [found for found in objects(written, "verify") if "customers" in str(found.get("check"))]
    lines = written.run("verify").stdout.splitlines()

    assert sum(finding["count"] for finding in findings) == 31
    assert "view customers: 62 events, 31 differ" in lines
    assert not [line for line in lines if ": : " in line]


def test_a_rebuild_tells_what_differs_and_that_it_did_not_switch(written: Written) -> None:
    [told] = objects(written, "rebuild", "customers")

    assert (told["view"], told["switched"], told["differ"], told["same"]) == ("customers", False, 31, 0)
    assert "differ" in told["against"]
    assert told["sample"][0]["field"] == "name"


@pytest.mark.parametrize(
    "arguments",
    [
        ("views",),
        ("log", "head"),
        ("log", "read", "--all"),
        ("parked", "retry", "--dry-run"),
        ("claims", "repair", "--dry-run"),
        ("rebuild", "history", "--accept-differences"),
        ("doctor",),
    ],
    ids=" ".join,
)
def test_whatever_is_reported_is_json(written: Written, arguments: tuple[str, ...]) -> None:
    assert objects(written, *arguments)


def test_all_logs_are_read_from_where_the_last_reading_ended(written: Written) -> None:
    first = written.run("log", "read", "--all", "--json")
    positions = first.stderr.splitlines()[-1].removeprefix("to go on: --after ")
    bea = asyncio.run(written.write(1))[0]

    then = [
        json.loads(line)
        for line in written.run("log", "read", "--all", "--json", "--after", positions).stdout.splitlines()
    ]

    assert len(first.stdout.splitlines()) == 62
    assert [event["stream"] for event in then] == [bea, bea]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("log", "read", "customer.0", "--from", "999"), "there is no event in customer.0 from 999"),
        (("log", "read", "--all", "--from", "999"), "there is no event in any log there"),
        (("log", "read", "--all", "--after", "voucher.0:1"), "there is no log voucher.0"),
        (("parked", "show", "nonsense", "customer-1"), "there is no projection or process nonsense"),
        (("parked", "list", "--projection", "nonsense"), "there is no projection or process nonsense"),
        (("parked", "retry", "--projection", "nonsense"), "there is no projection or process nonsense"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_nothing_is_said_to_be_nothing(written: Written, arguments: tuple[str, ...], said: str) -> None:
    assert said in written.run(*arguments).stderr


def test_names_are_whole_however_narrow_the_terminal_is(written: Written) -> None:
    shown = written.run("views", COLUMNS="40").stdout

    assert " product_catalogue " in shown
    assert "…" not in shown
