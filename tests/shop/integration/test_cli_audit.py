"""`twinpath audit` on a real server: what the command line changed or opened, by whom, is on record."""

import asyncio
import getpass
import json
import socket
from collections.abc import Iterator

import pytest

from projector_service.customers import CustomersProjection
from tests.shop.support.written_log import Written


@pytest.fixture
def written(mongodb_url: str, unique: str) -> Iterator[Written]:
    written = Written(mongodb_url, unique)
    asyncio.run(written.write(3))
    asyncio.run(written.project(CustomersProjection()))
    with written.client:
        yield written


def test_what_changes_or_opens_something_is_on_record_and_what_only_looks_is_not(written: Written) -> None:
    for arguments in (("views",), ("claims", "repair", "--dry-run"), ("log", "head"), ("verify",)):
        written.run(*arguments)
    assert written.run("audit").stdout.splitlines() == ["Nothing on record."]

    written.run("rebuild", "customers")
    written.run("log", "head", "--open")
    me = f"{getpass.getuser()}@{socket.gethostname()}"
    mine = written.run("audit", "--who", me, "--issuer", "cli", "--json").stdout
    entries = [json.loads(line) for line in mine.splitlines()]

    assert [(e["action"], e["outcome"]) for e in entries] == [
        ("twinpath rebuild", "allowed"),
        ("twinpath log head --open", "allowed"),
    ]
    assert me not in mine
    assert written.run("audit", "--who", "somebody", "--issuer", "cli").stdout.splitlines() == ["Nothing on record."]
    assert written.run("audit", "--refused").stdout.splitlines() == ["Nothing on record."]
    assert "twinpath rebuild" in written.run("audit", "--since", "1h").stdout
    for wrong in ("yesterday", "9999999999d", "²d", "-5d", "d", "5s"):
        refused = written.run("audit", "--since", wrong)
        assert (refused.exit_code, "--since takes" in refused.stderr) == (2, True), wrong


@pytest.mark.parametrize("permission", ["orders:raed", "", "order", "tickets:work tickets:read"])
def test_a_key_for_a_permission_that_nothing_asks_for_is_not_made(written: Written, permission: str) -> None:
    refused = written.run("keys", "create", "reader", "--allow", "orders:read", "--allow", permission)
    assert (refused.exit_code, f"{permission!r}" in refused.stderr) == (2, True)
    assert written.run("keys", "list", "--json").stdout == ""

    assert written.run("keys", "create", "reader", "--allow", "orders:*", "--allow", "bulk").exit_code == 0
