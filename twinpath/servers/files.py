"""The files that the servers read when they start: MongoDB's key, RabbitMQ's definitions, Redis's and ClickHouse's
users."""

import json
import os
from pathlib import Path

from twinpath.commands.processes.registry import process_names
from twinpath.domain.application import Application
from twinpath.servers.clickhouse import users as clickhouse_users
from twinpath.servers.rabbitmq import definitions
from twinpath.servers.redis import acl
from twinpath.servers.settings import Settings

SERVERS_UID = 999
"""The user of mongod in its official image; mongod takes no key that anybody else can read."""


def write_files(folder: Path, settings: Settings, application: Application) -> list[Path]:
    """Write those that the settings have secrets for; what was written. Started as root, the key becomes mongod's.

    Definitions and users hold salted or long random passwords as hashes only, so every user may read them.
    """
    written = []
    if settings.mongodb_key is not None:
        written.append(_write(folder / "mongodb" / "mongodb.key", settings.mongodb_key.get_secret_value(), 0o400))
        if os.geteuid() == 0:
            os.chown(written[-1], SERVERS_UID, SERVERS_UID)
    rabbitmq = json.dumps(definitions(settings, process_names(application)), indent=1)
    written.append(_write(folder / "rabbitmq" / "rabbitmq-definitions.json", rabbitmq, 0o444))
    users = "\n".join(acl(settings, settings.redis_prefix)) + "\n"
    written.append(_write(folder / "redis" / "redis.acl", users, 0o444))
    analysts = clickhouse_users(settings, settings.facts_database)
    written.append(_write(folder / "clickhouse" / "twinpath.xml", analysts, 0o444))
    return written


def _write(file: Path, text: str, mode: int) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    draft.chmod(mode)
    return draft.replace(file)
