"""`twinpath seal` on a log that 0.1.0 wrote in part: what was in the clear is sealed, and nothing else changes."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.shop.support.written_log import Written
from twinpath.domain.events import NewEvent
from twinpath.ids import log_of, new_id
from twinpath.personal_data.sealing import Whose, sealed

KEY = b"k" * 32
PLAIN = "0123456789abcdef" * 2
AT = datetime(2026, 1, 2, tzinfo=UTC)
ADA, EVE = new_id("customer"), new_id("customer")
OF_ADA, OF_EVE, OF_NOBODY = (new_id("ticket") for _ in range(3))
ORDER = new_id("order")
MONEY = {"minor": 1, "currency": "EUR"}


@pytest.fixture
def written(mongodb_url: str, unique: str) -> Iterator[Written]:
    written = Written(mongodb_url, unique)
    asyncio.run(written.write(2))
    with written.client:
        written.log.layout.update_one({"_id": "log"}, {"$unset": {"keyed_fingerprints": 1}})
        written.keys.personal_keys.insert_one({"_id": EVE, "key": None, "confirmed": True})
        written.keys.personal_keys.insert_one({"_id": ADA, "key": KEY})
        for ticket, whose in ((OF_ADA, Whose(ADA, KEY)), (OF_EVE, Whose(EVE, None))):
            words = {"subject": "s", "message": "m", "customer_id": whose.owner}
            append(written, ticket, 1, "ticket.opened", **box(ticket, whose, words, "subject", "message"))
            append(written, ticket, 2, "ticket.note_added", note=f"zqmark {whose.owner}")
        append(written, OF_NOBODY, 1, "ticket.opened", subject="zqmark", message="zqmark", customer_id=None)
        append(written, OF_NOBODY, 2, "ticket.closed", resolution="zqmark", **ENDED)
        placed = box(ORDER, Whose(ADA, KEY), PLACED, "shipping_address")
        append(written, ORDER, 1, "order.placed", **placed)
        append(written, ORDER, 2, "order.cancelled", reason="zqmark", **CANCELLED)
        yield written


ENDED: dict[str, Any] = {"previous_status": "open", "seconds_to_close": 1.0}
PLACED: dict[str, Any] = {
    "customer_id": ADA,
    "lines": [],
    "total": MONEY,
    "shipping_address": {"name": "Ada", "street": "s", "country": "GB"},
    "placed_at": "2026-01-02T00:00:00Z",
}
CANCELLED: dict[str, Any] = {
    "previous_status": "placed",
    "total": MONEY,
    "revenue": [],
    "confirmed_at": None,
    "products": [],
}


def box(stream: str, whose: Whose, data: dict[str, Any], *names: str) -> dict[str, Any]:
    """The data with these fields sealed."""
    return sealed(NewEvent("of.whatever", 1, data), names, stream, whose).data


def append(written: Written, stream: str, version: int, kind: str, **data: Any) -> None:
    """As version 0.1.0 did."""
    if kind == "ticket.opened":
        data |= {"order_id": None, "opened_at": "2026-01-02T00:00:00Z"}
    log = log_of(stream, 4)
    last = written.log.commits.find_one({"log": log}, sort=[("position", -1)])
    commit = {"_id": f"ann/{stream}-{version}", "stream": stream, "version": version, "log": log, "count": 1}
    commit |= {"position": last["position"] + last["count"] if last else 1, "at": AT, "actor": "ann", "writer": "w"}
    commit |= {"correlation_id": "c", "causation_id": None, "traceparent": None, "fingerprint": PLAIN}
    written.log.commits.insert_one({**commit, "events": [{"type": kind, "schema": 1, "data": data}]})


def of_then(written: Written) -> dict[str, dict[str, Any]]:
    return {commit["_id"]: commit for commit in written.log.commits.find({"actor": "ann"})}


def shown(written: Written, stream: str) -> str:
    result = written.run("log", "read", stream, "--open")
    assert result.exit_code == 0, result.output
    return result.stdout


def test_what_was_in_the_clear_is_sealed_once(written: Written) -> None:
    before = of_then(written)

    dry = written.run("seal", "--dry-run")
    assert "5 events would be sealed, 8 fingerprints would be keyed" in dry.stdout, dry.output
    assert of_then(written) == before
    sealing, again = written.run("seal"), written.run("seal")

    assert "5 events sealed, 8 fingerprints keyed" in sealing.stdout, sealing.output
    assert "0 events sealed, 0 fingerprints keyed" in again.stdout, again.output
    after = of_then(written)
    assert "zqmark" not in str(after)
    assert PLAIN not in str(after)
    for name, commit in after.items():
        same = set(commit) - {"events", "fingerprint"}
        assert {field: commit[field] for field in same} == {field: before[name][field] for field in same}
    assert f"zqmark {ADA}" in shown(written, OF_ADA)
    assert shown(written, OF_NOBODY).count("zqmark") == 3
    assert "zqmark" in shown(written, ORDER)
    verify = written.run("verify", "--no-views")
    assert verify.exit_code == 0, verify.output


def test_what_an_erased_owner_left_in_the_clear_is_lost_by_it(written: Written) -> None:
    assert "zqmark" in shown(written, OF_EVE)

    written.run("seal")

    assert "zqmark" not in shown(written, OF_EVE)
    commit = written.log.commits.find_one({"_id": f"ann/{OF_EVE}-2"})
    assert commit is not None
    assert commit["fingerprint"] == f"keyed:{EVE}:"


def test_services_that_start_from_then_on_write_keyed_fingerprints(written: Written) -> None:
    assert written.run("seal", "--dry-run").exit_code == 0
    assert written.log.layout.count_documents({"keyed_fingerprints": True}) == 0
    assert written.run("seal").exit_code == 0
    assert written.log.layout.count_documents({"keyed_fingerprints": True}) == 1
