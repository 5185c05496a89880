"""Puts on the audit record what the command line is about to change."""

import getpass
import os
import socket

from twinpath.cli.settings import Settings
from twinpath.clock import utc_now
from twinpath.identity.audit.auditing import pseudonym_of
from twinpath.identity.audit.interface import Entry
from twinpath.identity.audit.mongo import MongoAuditLog
from twinpath.identity.caller import Caller
from twinpath.mongo_client import mongo_client

ISSUER = "cli"
"""Who vouches for a user of the command line: the machine. The subject is `user@machine`."""


def user() -> str:
    """Who uses the command line; in a container, whose users have no names, by their number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user-{os.getuid()}"


async def put_on_record(settings: Settings, action: str) -> None:
    """Record that this user of this machine is about to do something. Raises Unavailable: then it must not be done."""
    async with mongo_client(settings.mongodb_url, "cli") as client:
        record = MongoAuditLog(client, settings.identity_database)
        caller = Caller(ISSUER, f"{user()}@{socket.gethostname()}")
        actor = pseudonym_of(await record.read_key(), caller.key)
        await record.add([Entry(utc_now(), "cli", actor, f"twinpath {action}", "allowed")])
