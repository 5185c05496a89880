"""What RabbitMQ and Redis are told of accounts: no login without a password, no right that a service does not need."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from pydantic import SecretStr

from command_service.application import COMMANDS
from twinpath.commands.processes.registry import process_names
from twinpath.servers.accounts import Passwords
from twinpath.servers.clickhouse import RIGHTS
from twinpath.servers.clickhouse import users as clickhouse_users
from twinpath.servers.files import write_files
from twinpath.servers.rabbitmq import definitions, password_hash
from twinpath.servers.redis import acl
from twinpath.servers.settings import Settings

PASSWORDS = Passwords(
    rabbitmq_admin_password=SecretStr("ra"),
    redis_admin_password=SecretStr("da"),
    command_password=SecretStr("c"),
    projector_password=SecretStr("p"),
    query_password=SecretStr("q"),
    tools_password=SecretStr("t"),
)


def test_a_password_is_kept_as_rabbitmq_keeps_it() -> None:
    kept = base64.b64decode(password_hash("secret"))
    assert kept[4:] == hashlib.sha256(kept[:4] + b"secret").digest()
    assert password_hash("secret") != password_hash("secret")


def test_the_query_service_has_no_account_on_the_broker() -> None:
    told = definitions(PASSWORDS, process_names(COMMANDS))
    assert {user["name"] for user in told["users"]} == {"admin", "command", "projector", "tools"}
    assert "query" not in {permission["user"] for permission in told["permissions"]}


@pytest.mark.parametrize(
    ("user", "right", "name", "has"),
    [
        ("command", "write", "twinpath.log", True),
        ("command", "configure", "twinpath.fulfilment.order.0", True),
        ("command", "configure", "twinpath.erasure.customer.0", True),
        ("command", "configure", "twinpath.reception.order.0", False),
        ("command", "read", "twinpath.views.order.0", False),
        ("command", "write", "twinpath.events", False),
        ("projector", "write", "twinpath.log", False),
        ("projector", "read", "twinpath.log", True),
        ("projector", "write", "twinpath.events", True),
        ("projector", "read", "twinpath.views.order.0", True),
        ("projector", "read", "twinpath.fulfilment.order.0", False),
        ("projector", "configure", "twinpath.logs", False),
        ("tools", "configure", "twinpath.log", False),
        ("tools", "read", "twinpath.dead-letters", True),
        ("tools", "read", "twinpath.views.order.0", False),
        ("tools", "write", "amq.default", True),
        ("tools", "write", "twinpath.log", False),
        ("projector", "write", "amq.default", False),
        ("projector", "write", "twinpath.dead-letters", True),
        ("command", "write", "twinpath.dead-letters", True),
    ],
)
def test_each_account_may_use_its_own_queues_only(user: str, right: str, name: str, has: bool) -> None:
    granted = next(one for one in definitions(PASSWORDS, process_names(COMMANDS))["permissions"] if one["user"] == user)
    assert bool(re.search(granted[right], name)) is has


def test_accounts_without_a_password_are_left_to_whoever_keeps_them() -> None:
    told = definitions(Passwords(command_password=SecretStr("c")), ["fulfilment"])
    assert [user["name"] for user in told["users"]] == ["command"]
    assert [permission["user"] for permission in told["permissions"]] == ["command"]
    assert acl(Passwords(), "twinpath") == acl(Passwords(), "twinpath")[:1]


def test_the_files_hold_no_password_but_mongodbs_key_which_its_owner_alone_reads(tmp_path: Path) -> None:
    given: dict[str, Any] = {name: SecretStr(f"the-{name}") for name in Passwords.model_fields}
    key, *others = write_files(tmp_path, Settings(**given), COMMANDS)
    assert key.read_text() == "the-mongodb_key"
    assert key.stat().st_mode & 0o777 == 0o400
    assert {other.name for other in others} == {"rabbitmq-definitions.json", "redis.acl", "twinpath.xml"}
    for other in others:
        assert "the-" not in other.read_text()
    json.loads(others[0].read_text())


def test_writing_the_files_again_replaces_them(tmp_path: Path) -> None:
    write_files(tmp_path, Settings(query_password=SecretStr("old")), COMMANDS)
    _, *users = write_files(tmp_path, Settings(query_password=SecretStr("new")), COMMANDS)
    assert len(users) == 2
    for file in users:
        assert hashlib.sha256(b"new").hexdigest() in file.read_text()


def test_clickhouse_lets_services_write_or_read_and_bi_tools_read() -> None:
    given: dict[str, Any] = {f"{name}_password": SecretStr("x") for name in RIGHTS}
    root = fromstring(clickhouse_users(Passwords(**given), "facts"))
    granted = {
        user.tag: [grant.text or "" for grant in user.iterfind("grants/query")] for user in root.find("users") or ()
    }
    assert granted.pop("default") == []
    assert granted.keys() == {"projector", "query", "tools", "bi"}
    for name, grants in granted.items():
        assert all(grant.endswith("ON facts.*") for grant in grants)
        assert any("INSERT" in grant for grant in grants) is (name in ("projector", "tools"))
    for name in ("query", "bi"):
        assert root.findtext(f"profiles/twinpath_{name}/readonly") == "2"
        assert root.findtext(f"users/{name}/profile") == f"twinpath_{name}"
    assert {ip.text for ip in root.iterfind("users/default/networks/ip")} == {"127.0.0.1", "::1"}
    assert [user.tag for user in fromstring(clickhouse_users(Passwords(), "facts")).find("users") or ()] == ["default"]
