"""The sample in a real log: right by every rule, its personal data readable, and loaded once."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from deploy.sample import load_sample
from tests.shop.support.written_log import Written


@pytest.fixture
def written(mongodb_url: str, unique: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    written = Written(mongodb_url, unique)
    for name, value in written.environment.items():
        monkeypatch.setenv(name, value)
    with written.client:
        yield written


def test_the_sample_is_a_log_that_is_right_and_is_loaded_once(written: Written, mongodb_url: str) -> None:
    loaded = asyncio.run(load_sample(mongodb_url))
    commits = written.log.commits.count_documents({})

    assert asyncio.run(load_sample(mongodb_url)) == {}
    assert written.log.commits.count_documents({}) == commits > 200
    assert loaded["orders"] > 40
    verified = written.run("verify", "--no-views")
    assert verified.exit_code == 0, verified.output
    events = [json.loads(line) for line in written.run("log", "read", "--all", "--json", "--open").stdout.splitlines()]
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)
    names = {event["data"].get("name") for event in events if event["type"] == "customer.registered"}
    assert "Ada Lovelace" in names
