"""`twinpath backup` writes archives of the log or of the keys of personal data, `twinpath restore` reads them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from twinpath.backup.archive import Kind
from twinpath.backup.dumping import dump
from twinpath.backup.restoring import restore as restore_archives
from twinpath.cli.connection import carry_out
from twinpath.cli.output import AsJson, Output
from twinpath.cli.settings import Settings, find_system
from twinpath.commands.processes.places import processes_database_name
from twinpath.identity.audit.mongo import audit_database_name
from twinpath.identity.mongo import uses_database_name
from twinpath.mongo_client import mongo_client

app = typer.Typer(no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(help="where the archive, a folder of its own, is made")]


@app.command()
def log(
    folder: Folder,
    views: Annotated[bool, typer.Option(help="views too, which are made from the log otherwise, in hours")] = True,
    as_json: AsJson = False,
) -> None:
    """Write an archive of the log with its marks and views, of one moment of a running system, without any key."""
    _write("log", folder, as_json, left_out=() if views else ("views",))


@app.command()
def keys(folder: Folder, as_json: AsJson = False) -> None:
    """Write an archive of the keys of personal data: after the log's, and into another place.

    Whoever has an archive of the log and one of keys can read whatever was erased after the latter.
    """
    _write("keys", folder, as_json)


def _write(kind: Kind, folder: Path, as_json: bool, left_out: Sequence[str] = ()) -> None:
    settings, which = find_system()
    out = Output(as_json)

    async def work() -> int:
        parts = {part: name for part, name in databases(settings).items() if part not in left_out}
        async with mongo_client(settings.mongodb_url, "backup") as client:
            manifest = await dump(client, parts, kind, folder)
        archive = folder / f"{kind}-{manifest.taken_at}"
        documents = sum(sum(counted.values()) for counted in manifest.documents.values())
        out.tell(f"{archive}: {documents} documents", archive=str(archive), documents=documents)
        return 0

    carry_out(which, settings.mongodb_url, work)


def restore(
    archives: Annotated[list[Path], typer.Argument(help="an archive of the log with one of keys, or one of keys")],
    sure: Annotated[bool, typer.Option("--yes", help="replace what is there without asking")] = False,
    as_json: AsJson = False,
) -> None:
    """Replace the databases by those of archives, the keys first. Every service must be stopped."""
    settings, which = find_system()
    out = Output(as_json)
    if not sure:
        typer.confirm(f"Replace the data of {which}, with every service stopped?", abort=True, err=True)

    async def work() -> int:
        async with mongo_client(settings.mongodb_url, "restore") as client:
            await client.admin.command("ping")
            async for done in restore_archives(client, databases(settings), archives):
                out.tell(done, done=done)
        return 0

    carry_out(which, settings.mongodb_url, work)


def databases(settings: Settings) -> dict[str, str]:
    """Part of an archive -> the name of its database."""
    return {
        "log": settings.log_database,
        "processes": processes_database_name(settings.log_database),
        "views": settings.views_database,
        "audit": audit_database_name(settings.identity_database),
        "uses": uses_database_name(settings.identity_database),
        "keys": settings.keys_database,
        "identity": settings.identity_database,
    }
