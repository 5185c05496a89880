"""Writes `.env`, the secrets of `docker compose`, on first use: `python3 deploy/secrets_file.py`.

It needs only Python's standard library. Existing secrets stay, because the servers were set up with them.
"""

import hashlib
import os
import secrets
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / ".env"

SECRETS = {
    "TWINPATH_MONGODB_ADMIN_PASSWORD": "administrator of MongoDB",
    "TWINPATH_RABBITMQ_ADMIN_PASSWORD": "administrator of RabbitMQ",
    "TWINPATH_REDIS_ADMIN_PASSWORD": "administrator of Redis",
    "TWINPATH_GRAFANA_PASSWORD": "administrator of Grafana",
    "TWINPATH_COMMAND_PASSWORD": "the command service's account on each server",
    "TWINPATH_PROJECTOR_PASSWORD": "the projector's accounts",
    "TWINPATH_QUERY_PASSWORD": "the query service's accounts",
    "TWINPATH_TOOLS_PASSWORD": "the accounts of the command line, twinpath",
    "TWINPATH_BI_PASSWORD": "the account `bi` by which BI tools read ClickHouse",
    "TWINPATH_MONGODB_KEY": "by which the members of the replica set know each other",
    "TWINPATH_CURSOR_KEY": "by which the query service signs the cursors of its lists",
}
"""Variable -> its purpose."""
FORMER = dict.fromkeys(("TWINPATH_MONGODB_ADMIN_PASSWORD", "TWINPATH_GRAFANA_PASSWORD"), "TWINPATH_ADMIN_PASSWORD")
"""Variable -> the former one whose value it takes over: these two keep the password that their volume was made with."""
PROJECT = "COMPOSE_PROJECT_NAME"
"""The name under which docker compose keeps containers and volumes: each checkout has one of its own."""


def read_secrets(file: Path = FILE) -> dict[str, str]:
    """The secrets in the file; empty without a file."""
    if not file.exists():
        return {}
    lines = (line.strip() for line in file.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def write_secrets(file: Path = FILE) -> dict[str, str]:
    """Add every missing secret and the project's name to the file, readable by its owner alone; returns all of it.

    A file from the time when all checkouts had one name keeps that: the volumes were made with its secrets.
    """
    had = read_secrets(file)
    lines = [
        f"# {why}\n{name}={had.get(FORMER.get(name, '')) or secrets.token_hex(16)}\n"
        for name, why in SECRETS.items()
        if not had.get(name)
    ]
    if not had.get(PROJECT):
        path = hashlib.sha256(str(file.resolve().parent).encode()).hexdigest()[:8]
        name = "twinpath" if had.keys() & {*SECRETS, *FORMER.values()} else f"twinpath-{path}"
        lines.append(f"# docker compose keeps containers and data under this name\n{PROJECT}={name}\n")
    if lines:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as out:
            out.writelines(lines)
    return read_secrets(file)


if __name__ == "__main__":
    had = read_secrets().keys() & SECRETS.keys()
    made = write_secrets().keys() & SECRETS.keys() - had
    print(f"{FILE}: {len(made)} secrets made, {len(had)} were there")
