"""`twinpath views`: every view, which generation of it is in service, and what is being built or left behind."""

from collections import Counter
from typing import Any

from rich.table import Table

from twinpath.cli.connection import Connection, ask
from twinpath.cli.output import AsJson, Output
from twinpath.clock import utc_now
from twinpath.projecting.groups import view_projections
from twinpath.views.mongodb.generations import MongoGenerations
from twinpath.views.naming import generation_name


def views(as_json: AsJson = False) -> None:
    """Show every view with its generation, how far it is, and whether it is to be rebuilt."""

    async def work(connection: Connection) -> int:
        out, rows = Output(as_json), await _rows(connection)
        if as_json:
            for row in rows:
                out.json(row)
        else:
            out.table(_table(rows))
        return 0

    ask(work)


async def _rows(connection: Connection) -> list[dict[str, Any]]:
    store = MongoGenerations(connection.client, connection.settings.views_database, locale=connection.settings.locale)
    checkpoints, heads = await store.checkpoints(), await connection.log.heads()
    retired = await store.retired(utc_now())
    parked: Counter[str] = Counter()
    for (name, _), streams in (await store.parked.counts()).items():
        parked[name] += streams
    rows = []
    for projection in view_projections(connection.application):
        name, now = projection.name, store.generation(projection.name)
        positions = {log: at for (owner, log), at in checkpoints.items() if owner == name}
        building = generation_name(name, now.number + 1)
        rows.append(
            {
                "view": name,
                "generation": now.number if positions else None,
                "version": now.version if positions else None,
                "lag": sum(heads.get(log, 0) - at for log, at in positions.items()),
                "parked_streams": parked[name],
                "to_be_rebuilt": bool(positions) and now.version != projection.version,
                "building": building if any(owner == building for owner, _ in checkpoints) else None,
                "left_behind": [replaced for replaced in retired if replaced.partition("@")[0] == name],
            }
        )
    return rows


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(*("view", "generation", "version", "events behind", "parked streams", "remarks"))
    for row in rows:
        remarks = [
            *(["not in service yet"] if row["generation"] is None else []),
            *(["to be rebuilt: its projection's version has changed"] if row["to_be_rebuilt"] else []),
            *([f"{row['building']} is begun"] if row["building"] else []),
            *(f"{name} is still there" for name in row["left_behind"]),
        ]
        shown = [row[name] for name in ("view", "generation", "version", "lag", "parked_streams")]
        table.add_row(*("-" if value is None else f"{value}" for value in shown), "; ".join(remarks))
    return table
