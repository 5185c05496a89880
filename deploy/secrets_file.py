"""Writes `.env`, the secrets of `docker compose`, on first use: `python3 deploy/secrets_file.py`.

It needs only Python's standard library. Existing secrets stay, because the servers were set up with them.
"""

import os
import secrets
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / ".env"

SECRETS = {
    "TWINPATH_ADMIN_PASSWORD": "administrator of MongoDB and RabbitMQ, and of Grafana",
    "TWINPATH_COMMAND_PASSWORD": "the command service's account on each server",
    "TWINPATH_PROJECTOR_PASSWORD": "the projector's accounts",
    "TWINPATH_QUERY_PASSWORD": "the query service's accounts",
    "TWINPATH_TOOLS_PASSWORD": "the accounts of the command line, twinpath",
    "TWINPATH_MONGODB_KEY": "by which the members of the replica set know each other",
    "TWINPATH_ADMIN_TOKEN": "bearer token of the projector's /admin/v1",
    "TWINPATH_CURSOR_KEY": "by which the query service signs the cursors of its lists",
}
"""Variable -> its purpose."""


def read_secrets(file: Path = FILE) -> dict[str, str]:
    """The secrets in the file; empty without a file."""
    if not file.exists():
        return {}
    lines = (line.strip() for line in file.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def write_secrets(file: Path = FILE) -> dict[str, str]:
    """Add every missing secret to the file, readable by its owner alone; returns all secrets."""
    missing = [name for name in SECRETS if not read_secrets(file).get(name)]
    if missing:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as out:
            for name in missing:
                out.write(f"# {SECRETS[name]}\n{name}={secrets.token_hex(16)}\n")
    return read_secrets(file)


if __name__ == "__main__":
    had = read_secrets()
    added = write_secrets().keys() - had.keys()
    print(f"{FILE}: {len(added)} secrets made, {len(had)} were there")
