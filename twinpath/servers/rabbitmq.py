"""RabbitMQ's side: users, permissions, exchanges, policies, as one definitions file.

The broker loads the file when it starts, or takes it through its management API. Queues are not in it: who follows the
log declares its own.
"""

import base64
import hashlib
import json
import re
import secrets
import ssl
from collections.abc import Sequence
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote
from urllib.request import Request, urlopen

from twinpath.errors import TwinpathError
from twinpath.feed.dead_letters import DEAD_LETTERS, DEAD_LETTERS_ARGUMENTS
from twinpath.feed.interface import EXCHANGE as LOG
from twinpath.projecting.groups import FACTS, OUTSIDE, VIEWS
from twinpath.projecting.outside_events import EXCHANGE as OUTSIDE_EVENTS
from twinpath.servers.accounts import ADMINISTRATOR, Account, Passwords

VHOST = "twinpath"
_MOST_BYTES_WAITING = 1 << 30
_MOST_DEAD_LETTERS = 10_000
UNCLAIMED = f"{OUTSIDE_EVENTS}.unclaimed"
"""Where outside events go that no queue is bound for: else the broker counts each as dropped, as if it were lost."""
_MOST_UNCLAIMED = 1_000


class Refused(TwinpathError):
    """The broker does not take the definitions."""

    code = "definitions_refused"


def definitions(passwords: Passwords, processes: Sequence[str]) -> dict[str, Any]:
    """Everything the broker is wanted, in the form of its own export. Users without a password are left out.

    `processes` are the names of those that the command service runs.
    """
    return {
        "vhosts": [{"name": VHOST, "default_queue_type": "quorum"}],
        "users": _users(passwords),
        "permissions": _permissions(passwords, processes),
        **topology(VHOST, processes),
    }


def topology(vhost: str, processes: Sequence[str]) -> dict[str, Any]:
    """The part of the definitions that is about one vhost, and that services need no rights to make.

    A queue that nobody empties refuses more than 1 GiB; what is refused, followers read from the log. The oldest of
    more than 10,000 dead letters, and of more than 1,000 events that nobody listens to, is dropped. Limits and the
    alternate exchange are policies: the arguments of a queue or an exchange that is there can't be changed.
    """

    def durable(name: str) -> dict[str, Any]:
        return {"name": name, "vhost": vhost, "durable": True, "auto_delete": False, "arguments": {}}

    def exchange(name: str, kind: str) -> dict[str, Any]:
        return {**durable(name), "type": kind, "internal": False}

    def fed_by_its_exchange(name: str) -> dict[str, Any]:
        ends = {"source": name, "vhost": vhost, "destination": name, "destination_type": "queue"}
        return {**ends, "routing_key": "", "arguments": {}}

    def policy(name: str, pattern: str, definition: dict[str, Any], to: str = "queues") -> dict[str, Any]:
        whole = {"name": name, "vhost": vhost, "pattern": rf"^twinpath\.{pattern}$", "apply-to": to, "priority": 0}
        return {**whole, "definition": definition}

    followers = _queues(VIEWS, OUTSIDE, FACTS, *processes)
    return {
        "exchanges": [
            exchange(LOG, "topic"),
            exchange(OUTSIDE_EVENTS, "topic"),
            exchange(UNCLAIMED, "fanout"),
            exchange(DEAD_LETTERS, "fanout"),
        ],
        "queues": [
            {**durable(DEAD_LETTERS), "arguments": dict(DEAD_LETTERS_ARGUMENTS)},
            {**durable(UNCLAIMED), "arguments": {"x-queue-type": "classic"}},  # to look at, not to rely on
        ],
        "bindings": [fed_by_its_exchange(DEAD_LETTERS), fed_by_its_exchange(UNCLAIMED)],
        "policies": [
            policy("followers", followers, {"max-length-bytes": _MOST_BYTES_WAITING}),
            policy("dead-letters", "dead-letters", {"max-length": _MOST_DEAD_LETTERS, "overflow": "drop-head"}),
            policy("unclaimed-events", r"events\.unclaimed", {"max-length": _MOST_UNCLAIMED, "overflow": "drop-head"}),
            policy("events", "events", {"alternate-exchange": UNCLAIMED}, "exchanges"),
        ],
    }


def import_definitions(management_url: str, wanted: dict[str, Any], authorities: str = "") -> None:
    """Have a running broker take definitions; `management_url` as in `http://user:password@rabbitmq:15672`.

    `authorities` is a file with those that vouch for it, where it is https; empty: the system's.

    Raises:
        Refused: the login or the definitions are not to its liking.
        URLError: it does not answer.
    """
    scheme, _, rest = management_url.rstrip("/").partition("://")
    login, _, host = rest.rpartition("@")
    request = Request(f"{scheme}://{host}/api/definitions", json.dumps(wanted).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", f"Basic {base64.b64encode(unquote(login).encode()).decode()}")
    trusted = ssl.create_default_context(cafile=authorities or None)
    try:
        urlopen(request, timeout=30, context=trusted).close()  # only what the operator's own setting names
    except HTTPError as error:
        raise Refused(f"RabbitMQ at {host} says {error.code}: {error.read().decode(errors='replace')}") from error


def password_hash(password: str) -> str:
    """As RabbitMQ keeps a password: four random bytes, then SHA-256 of them and it, in base64."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _users(passwords: Passwords) -> list[dict[str, Any]]:
    tags = {ADMINISTRATOR: ["administrator"], "command": [], "projector": [], "tools": ["monitoring"]}
    given = {name: getattr(passwords, f"{name}_password") for name in tags if name != ADMINISTRATOR}
    given[ADMINISTRATOR] = passwords.rabbitmq_admin_password
    return [
        {
            "name": name,
            "password_hash": password_hash(password.get_secret_value()),
            "hashing_algorithm": "rabbit_password_hashing_sha256",
            "tags": tags[name],
        }
        for name, password in given.items()
        if password is not None
    ]


def _permissions(passwords: Passwords, processes: Sequence[str]) -> list[dict[str, str]]:
    """Each follows the log through queues of its own; only the command service publishes to the log.

    What `twinpath dead-letters requeue` puts back goes through the default exchange to the one queue where it died.
    """
    letters = DEAD_LETTERS.removeprefix("twinpath.")
    for_processes = "|".join(("log", letters, *([_queues(*processes)] if processes else [])))
    own: dict[Account, tuple[str, ...]] = {
        "command": (for_processes, for_processes, for_processes),
        "projector": (
            f"log|events|{letters}|{_queues(VIEWS, OUTSIDE, FACTS)}",
            f"events|{letters}|{_queues(VIEWS, OUTSIDE, FACTS)}",
            f"log|{letters}|{_queues(VIEWS, OUTSIDE, FACTS)}",
        ),
        "tools": ("events", f"events|{letters}", letters),  # a retry may tell the outside world of what was parked
    }
    granted: dict[str, tuple[str, ...]] = {
        name: tuple(rf"^twinpath\.({pattern})$" if pattern else "^$" for pattern in what)
        for name, what in own.items()
        if passwords.password_of(name) is not None
    }
    if "tools" in granted:
        configure, write, read = granted["tools"]
        granted["tools"] = (configure, rf"{write}|^amq\.default$", read)
    if passwords.rabbitmq_admin_password is not None:
        granted |= {ADMINISTRATOR: (".*",) * 3}
    return [
        {"user": user, "vhost": VHOST, "configure": configure, "write": write, "read": read}
        for user, (configure, write, read) in granted.items()
    ]


def _queues(*groups: str) -> str:
    return rf"({'|'.join(map(re.escape, groups))})\..+"
