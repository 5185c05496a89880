"""Where a running Twinpath is: the file `.local/addresses.json` for scripts, a table and a few commands for people."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

FILE = Path(".local/addresses.json")
COMPOSE_PORTS = {
    "COMMAND_PORT": "8000",
    "QUERY_PORT": "8001",
    "PROJECTOR_PORT": "8002",
    "ISSUER_PORT": "8003",
    "MONGODB_PORT": "27017",
    "RABBITMQ_PORT": "5672",
    "RABBITMQ_UI_PORT": "15672",
    "REDIS_PORT": "6379",
    "CLICKHOUSE_PORT": "8123",
}


def write_addresses(addresses: Mapping[str, str]) -> None:
    """Write the file, at once as a whole, for its owner's eyes only: there are passwords in it."""
    FILE.parent.mkdir(exist_ok=True)
    draft = FILE.with_suffix(f".{os.getpid()}")
    draft.touch(0o600)
    draft.write_text(json.dumps(addresses, indent=2) + "\n")
    draft.replace(FILE)


def compose_addresses(environment: Mapping[str, str]) -> dict[str, str]:
    """Where `docker compose up` has everything, by the environment that it has with `.env`.

    The servers are as the accounts of the command line see them.
    """
    tools = f"tools:{environment['TWINPATH_TOOLS_PASSWORD']}"
    admin = f"admin:{environment['TWINPATH_RABBITMQ_ADMIN_PASSWORD']}"
    port = {name: environment.get(name) or default for name, default in COMPOSE_PORTS.items()}
    return {
        "command": f"http://127.0.0.1:{port['COMMAND_PORT']}",
        "query": f"http://127.0.0.1:{port['QUERY_PORT']}",
        "projector": f"http://127.0.0.1:{port['PROJECTOR_PORT']}",
        "issuer": f"http://127.0.0.1:{port['ISSUER_PORT']}",
        "rabbitmq_ui": f"http://{admin}@127.0.0.1:{port['RABBITMQ_UI_PORT']}",
        "mongodb": f"mongodb://{tools}@127.0.0.1:{port['MONGODB_PORT']}/?directConnection=true",
        "rabbitmq": f"amqp://{tools}@127.0.0.1:{port['RABBITMQ_PORT']}/twinpath",
        "redis": f"redis://{tools}@127.0.0.1:{port['REDIS_PORT']}/0",
        "clickhouse": f"http://{tools}@127.0.0.1:{port['CLICKHOUSE_PORT']}",
    }


def compose_log_address(environment: Mapping[str, str]) -> str:
    """Where MongoDB is for whoever writes the log, as the command service does."""
    port = environment.get("MONGODB_PORT") or COMPOSE_PORTS["MONGODB_PORT"]
    return f"mongodb://command:{environment['TWINPATH_COMMAND_PASSWORD']}@127.0.0.1:{port}/?directConnection=true"


def forget_addresses(addresses: Mapping[str, str]) -> None:
    """Remove the file, unless it is another instance's by now."""
    if FILE.exists() and json.loads(FILE.read_text()) == addresses:
        FILE.unlink()


def show(addresses: Mapping[str, str], console: Console) -> None:
    """The table, and a few commands to try."""
    table = Table(title="Twinpath is up", title_justify="left")
    table.add_column("what")
    table.add_column("where", overflow="fold")
    table.add_row("commands (REST, Swagger UI)", f"{addresses['command']}/docs")
    table.add_row("queries (REST, Swagger UI)", f"{addresses['query']}/docs")
    table.add_row("projector (AsyncAPI page)", f"{addresses['projector']}/asyncapi")
    table.add_row("development issuer (signs in sample people)", addresses["issuer"])
    table.add_row("RabbitMQ management UI", _with_login(addresses["rabbitmq_ui"]))
    for name in ("mongodb", "rabbitmq", "redis"):
        table.add_row(name, _without_password(addresses[name]))
    console.print(table)
    console.print("Logins are in .local/addresses.json and, with Docker, in .env.", style="dim", highlight=False)
    console.print("\nTry:", highlight=False)
    token = '-H "Authorization: Bearer $TOKEN" '
    body = f"""{token}-H 'Content-Type: application/json' -d '{{"subject": "Parcel", "message": "Where is it?"}}'"""
    for line in (
        "TOKEN=$(.venv/bin/twinpath token --as operator)",
        f"curl -s {token}'{addresses['query']}/api/v1/tickets?status=open&limit=3'",
        f"curl -i -X POST {addresses['command']}/api/v1/tickets {body}",
        f"curl -s {token}{addresses['query']}/api/v1/shop/dashboard",
    ):
        print(f"  {line}")  # not through rich, which would wrap it


def _without_password(url: str) -> str:
    password = urlsplit(url).password
    return url.replace(f":{password}@", ":…@") if password and password != "guest" else url


def _with_login(url: str) -> str:
    parts = urlsplit(url)
    plain = f"{parts.scheme}://{parts.hostname}:{parts.port}"
    return f"{plain}  ({parts.username} / {parts.password})" if parts.username else plain
