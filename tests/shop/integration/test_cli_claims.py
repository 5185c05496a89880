"""`twinpath verify` and `twinpath claims repair` on claims in a real log: each fault is found, and put right."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.shop.support.written_log import Documents, Written

CLAIMED = {"claims": {"$exists": True}}
COUNT = 12


@pytest.fixture
def written(mongodb_url: str, unique: str) -> Iterator[Written]:
    written = Written(mongodb_url, unique)
    asyncio.run(written.write(COUNT))
    with written.client:
        yield written


def findings(written: Written, code: int) -> list[dict[str, Any]]:
    result = written.run("verify", "--json", "--no-views")
    assert result.exit_code == code, result.output
    return [json.loads(line) for line in result.stdout.splitlines() if "problem" in line]


def forget_claims(log: Documents) -> None:
    """As the version before wrote it."""
    log.commits.update_many({}, {"$unset": {"claims": 1}})


def test_claims_that_are_right_are_said_to_be_right_and_show_no_address(written: Written) -> None:
    assert findings(written, 0) == []
    held = [key for commit in written.log.commits.find(CLAIMED) for key in commit["claims"]]
    assert len(held) == COUNT
    assert all(key.startswith("email:") and "example" not in key for key in held)


def test_a_log_of_the_version_before_is_given_its_claims(written: Written) -> None:
    before = list(written.log.commits.find().sort("_id"))
    forget_claims(written.log)
    assert {(finding["problem"], finding["warning"]) for finding in findings(written, 1)} == {
        ("a claim is not held", False)
    }

    dry = written.run("claims", "repair", "--dry-run")
    assert f"{COUNT} claims would be given, 0 leftovers would be removed, 0 conflicts" in dry.stdout
    assert written.log.commits.count_documents(CLAIMED) == 0
    repair = written.run("claims", "repair")

    assert (repair.exit_code, dry.exit_code) == (0, 0)
    assert f"{COUNT} claims given, 0 leftovers removed, 0 conflicts" in repair.stdout
    assert list(written.log.commits.find().sort("_id")) == before
    assert findings(written, 0) == []


def test_of_those_who_claim_the_same_the_first_gets_it_and_the_others_are_listed(written: Written) -> None:
    one, other = sorted(asyncio.run(written.write_twins()))
    written.run("claims", "repair", "--dry-run")
    assert {finding["warning"] for finding in findings(written, 1)} == {False}
    forget_claims(written.log)

    dry, repair = written.run("claims", "repair", "--dry-run"), written.run("claims", "repair")

    assert (dry.exit_code, repair.exit_code) == (1, 1)
    assert f"{COUNT + 1} claims would be given, 0 leftovers would be removed, 1 conflicts" in dry.stdout
    assert f"{COUNT + 1} claims given, 0 leftovers removed, 1 conflicts" in repair.stdout
    for result in (dry, repair):
        assert one in result.stdout
        assert other in result.stdout
    [finding] = findings(written, 0)
    assert (finding["problem"], finding["warning"]) == ("a claim is not held", True)
    assert {finding["stream"], finding["found"].split()[2]} == {one, other}


def test_who_had_to_go_without_gets_the_claim_once_it_is_free(written: Written) -> None:
    asyncio.run(written.write_twins())
    written.run("claims", "repair")
    [yielding] = written.log.commits.find({"yielded": {"$exists": True}})
    written.log.commits.delete_one({"claims": yielding["yielded"][0]})

    repair = written.run("claims", "repair")

    assert "1 claims given, 0 leftovers removed, 0 conflicts" in repair.stdout
    assert written.log.commits.count_documents({"claims": yielding["yielded"][0]}) == 1


def test_the_keys_of_an_aggregate_that_claims_nothing_any_more_are_freed(written: Written) -> None:
    commit = written.log.commits.find_one({"stream": asyncio.run(written.write_long())})
    assert commit is not None
    written.log.commits.update_one({"_id": commit["_id"]}, {"$set": {"claims": ['["number",7]']}})

    [finding] = findings(written, 0)
    repair = written.run("claims", "repair")

    assert (finding["problem"], finding["stream"]) == (
        "a key is held that its stream no longer claims",
        commit["stream"],
    )
    assert "0 claims given, 1 leftovers removed, 0 conflicts" in repair.stdout
    assert findings(written, 0) == []


def test_a_leftover_is_a_warning_and_is_removed(written: Written) -> None:
    commit = written.log.commits.find_one({"version": 2})
    assert commit is not None
    written.log.commits.update_one({"_id": commit["_id"]}, {"$set": {"claims": ["email:old"]}})

    [finding] = findings(written, 0)
    repair = written.run("claims", "repair")

    assert (finding["problem"], finding["stream"]) == (
        "a key is held that its stream no longer claims",
        commit["stream"],
    )
    assert "0 claims given, 1 leftovers removed, 0 conflicts" in repair.stdout
    assert written.log.commits.count_documents({"_id": commit["_id"], **CLAIMED}) == 0
    assert findings(written, 0) == []


def test_a_claim_in_the_hands_of_another_streams_leftover_is_given_back(written: Written) -> None:
    right, wrong = written.log.commits.find({"version": 1}).sort("stream", -1).limit(2)
    written.log.commits.update_one({"_id": right["_id"]}, {"$unset": {"claims": 1}})
    written.log.commits.update_one({"_id": wrong["_id"]}, {"$push": {"claims": right["claims"][0]}})
    [lost, leftover] = sorted(findings(written, 1), key=lambda finding: finding["warning"])
    assert lost["found"] == f"one of {wrong['stream']} does"
    assert leftover["stream"] == wrong["stream"]

    repair = written.run("claims", "repair")

    assert "1 claims given, 1 leftovers removed, 0 conflicts" in repair.stdout
    assert findings(written, 0) == []


def test_a_key_that_two_commits_hold_is_found(written: Written) -> None:
    written.log.commits.drop_index("claims_1")
    key = (written.log.commits.find_one(CLAIMED) or {})["claims"][0]
    written.log.commits.update_one({"version": 2}, {"$set": {"claims": [key]}})

    problems = {finding["problem"] for finding in findings(written, 1)}

    assert {"a unique key is missing", "a key is held twice"} <= problems
