"""`twinpath keys`: machine keys for scripts and partners, and `twinpath token`: an access token for development."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated

import httpx
import typer
from rich.table import Table

from twinpath.checking.declarations import unasked_for
from twinpath.cli.application import find_application
from twinpath.cli.callers.recording import put_on_record
from twinpath.cli.connection import carry_out, fail
from twinpath.cli.output import AsJson, Output, errors
from twinpath.cli.settings import find_system
from twinpath.clock import utc_now
from twinpath.errors import NotAuthenticated
from twinpath.identity.development_token import token_of
from twinpath.identity.machine_keys import KeyRefused, MachineKey, MachineKeyStore, create_key
from twinpath.identity.mongo import MongoMachineKeys
from twinpath.mongo_client import mongo_client

DEMO = "http://127.0.0.1:8003"
"""The issuer of `make demo`."""

app = typer.Typer(no_args_is_help=True, add_completion=False)


def _with_keys(work: Callable[[MachineKeyStore], Awaitable[int]], change: str | None = None) -> None:
    settings, which = find_system()

    async def whole() -> int:
        if change is not None:
            await put_on_record(settings, change)
        async with mongo_client(settings.mongodb_url, "cli") as client:
            return await work(MongoMachineKeys(client, settings.identity_database))

    carry_out(which, settings.mongodb_url, whole)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="who uses it, as in importer")],
    permission: Annotated[list[str], typer.Option("--allow", help="a permission, as in bulk; give it several times")],
    days: Annotated[int, typer.Option(min=1, max=3650, help="until it ends")] = 90,
    as_json: AsJson = False,
) -> None:
    """Make a key and show it, once. Two keys of a name may be valid, so that one can take the other's place."""
    out = Output(as_json)

    async def work(store: MachineKeyStore) -> int:
        if unknown := unasked_for(find_application(), permission):
            raise KeyRefused(f"Nothing asks for the permission {unknown[0]!r}: is it misspelt?")
        key = await create_key(store, name, permission, timedelta(days=days))
        errors.print(f"The key of {name} for {days} days; it is shown this once:", highlight=False)
        out.tell(key, key=key, name=name)
        return 0

    _with_keys(work, "keys create")


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Show every key with what it may do, its end and its last use; never the key itself."""
    out = Output(as_json)

    async def work(store: MachineKeyStore) -> int:
        keys, now = await store.every(), utc_now()
        if as_json:
            for key in keys:
                out.json(_facts(key, now))
            return 0
        if not keys:
            out.tell("No keys.")
            return 0
        table = Table("id", "name", "may", "state", "ends", "last use")
        for key in keys:
            last_use = "never" if key.last_use is None else f"{key.last_use:%Y-%m-%d %H:%M}"
            may = " ".join(key.permissions)
            table.add_row(key.id, key.name, may, _state(key, now), f"{key.expires:%Y-%m-%d}", last_use)
        out.table(table)
        return 0

    _with_keys(work)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="as the list shows it")], as_json: AsJson = False) -> None:
    """Make a key open nothing any more, within ten seconds."""
    out = Output(as_json)

    async def work(store: MachineKeyStore) -> int:
        if not await store.revoke(key_id, utc_now()):
            out.tell(f"There is no valid key {key_id}.", id=key_id, revoked=False)
            return 1
        out.tell(f"The key {key_id} is revoked.", id=key_id, revoked=True)
        return 0

    _with_keys(work, "keys revoke")


def token(
    person: Annotated[str, typer.Option("--as", help="whom the development issuer shall sign in, as in agent")],
    as_json: AsJson = False,
) -> None:
    """Print an access token of a sample person: Authorization: Bearer $(twinpath token --as agent)."""
    settings, _ = find_system()
    issuer = settings.identity_issuer or DEMO
    try:
        text = token_of(issuer, person)
    except httpx.HTTPError as error:
        fail(f"no development issuer answers at {issuer}: {error or type(error).__name__}")
    except NotAuthenticated as error:
        fail(error.detail)
    Output(as_json).tell(text, access_token=text)


def _state(key: MachineKey, now: datetime) -> str:
    if key.revoked is not None:
        return "revoked"
    return "valid" if key.is_valid(now) else "over"


def _facts(key: MachineKey, now: datetime) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "permissions": key.permissions,
        "state": _state(key, now),
        "created": key.created,
        "expires": key.expires,
        "last_use": key.last_use,
    }
