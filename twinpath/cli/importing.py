"""`twinpath import`: a file of others as commands, through the command service, or what would become of it."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from twinpath.cli.addresses import FILE
from twinpath.cli.application import find_application
from twinpath.cli.connection import CANNOT
from twinpath.cli.output import errors
from twinpath.cli.progress import bar
from twinpath.clock import utc_now
from twinpath.domain.application import Application
from twinpath.domain.importer import Importer
from twinpath.errors import MalformedRequest, NotFound, TwinpathError
from twinpath.importing.batches import Refusal
from twinpath.importing.mapping import mapped, read_mapping
from twinpath.importing.report import Report
from twinpath.importing.rows import FORMATS, rows_of
from twinpath.importing.running import Carrier, run

VARIABLE = "TWINPATH_COMMAND_URL"
TOKEN = "TWINPATH_TOKEN"
"""The variable with a machine key or an access token: an option would show in the list of processes."""
_USUAL = "http://127.0.0.1:8000"


def import_file(
    name: Annotated[str, typer.Argument(help="what the application takes, as in: products")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, TSV, NDJSON, or an XML feed")],
    mapping: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="TOML or JSON: which column holds which field")
    ] = None,
    default: Annotated[list[str] | None, typer.Option(help="field=value, where a row has none: currency=EUR")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="send nothing, say what would be refused")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="a JSON object a refusal, and the counts at the end")] = False,
    url: Annotated[str | None, typer.Option(help=f"of the command service; else {VARIABLE}, else `make up`'s")] = None,
    actor: Annotated[str, typer.Option(help="who does it, as the history shall show")] = "import",
    file_format: Annotated[
        str | None, typer.Option("--format", help=f"{', '.join(FORMATS)}; by what the file begins with")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="as in latin-1; UTF-8, or Windows-1252 where that fails")] = None,
) -> None:
    """Import a file through the command service.

    The caller is known by TWINPATH_TOKEN: a machine key or an access token. Run it again after a break: what was taken
    before is not done twice, and the report is the same. Exit code 1 when rows were refused.
    """
    report = Report()
    try:
        if file_format not in (None, *FORMATS):
            raise MalformedRequest(f"there is no format {file_format}; there are: {', '.join(FORMATS)}")
        application = find_application()
        importer = _importer(application, name)
        fields = read_mapping(mapping).with_defaults(default or ())
        with rows_of(file, file_format, encoding) as rows, bar(name, "bytes", lines=not as_json) as reached:
            size = file.stat().st_size
            _, items = mapped(importer, rows.rows, fields)
            with _carrier(application, dry_run, url, actor) as carrier:
                run(
                    importer,
                    items,
                    utc_now(),
                    carrier,
                    report,
                    _print if as_json else lambda refusal: None,
                    lambda: reached(rows.read(), size),
                )
    except TwinpathError as error:
        _show(name, report, as_json, dry_run)
        errors.print(error.detail, style="red", markup=False, soft_wrap=True)
        raise typer.Exit(CANNOT) from None
    _show(name, report, as_json, dry_run)
    raise typer.Exit(1 if report.refusals else 0)


def _importer(application: Application, name: str) -> Importer:
    by_name = {kind.name: kind for kind in application.importers}
    if name not in by_name:
        raise NotFound(f"nothing imports {name!r} here; what can be imported: {', '.join(by_name) or 'nothing'}")
    return by_name[name]()


@contextmanager
def _carrier(application: Application, dry_run: bool, url: str | None, actor: str) -> Iterator[Carrier]:
    # the one brings FastAPI along, the other an HTTP client, which the command line should not load for its help
    if dry_run:
        from twinpath.importing.checking import DryRun

        yield DryRun(application)
        return
    import httpx

    from twinpath.importing.sending import Service

    token = os.environ.get(TOKEN, "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(base_url=url or _service_url(), timeout=60, headers=headers) as client:
        yield Service(client, actor, on_wait=lambda why: errors.print(why, style="dim", markup=False, soft_wrap=True))


def _service_url() -> str:
    """Where the command service is: as the environment says, else that of `make up` in this folder."""
    if given := os.environ.get(VARIABLE):
        return given
    return str(json.loads(FILE.read_text())["command"]) if FILE.is_file() else _USUAL


def _print(refusal: Refusal) -> None:
    print(json.dumps(asdict(refusal), ensure_ascii=False), flush=True)


def _show(name: str, report: Report, as_json: bool, dry_run: bool) -> None:
    if as_json:
        print(json.dumps(report.summary(), ensure_ascii=False), flush=True)
        return
    if report.refusals:
        table = Table("refused because", "rows", "lines", "as in", title_justify="left", box=None)
        for kind in report.summary()["kinds"]:
            more = " …" if kind["rows"] > len(kind["lines"]) else ""
            lines = ", ".join(map(str, kind["lines"])) + more
            table.add_row(escape(kind["kind"]), f"{kind['rows']:,}", lines, escape(kind["detail"]))
        Console(soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 200).print(table)
    taken = "would be taken" if dry_run else "taken"
    skipped = f", {report.skipped:,} without an item of their own" if report.skipped else ""
    print(f"{name}: {report.taken:,} rows {taken}, {report.refusals:,} refused{skipped}")
