"""Reports over a large table of facts: each endpoint against its SQL alone, in its usual span of thirty days."""

import statistics
import time
from collections.abc import Mapping
from typing import Any

import uvloop

from bench.facts.filling import clickhouse_alone
from bench.facts.rows import fill
from bench.figures import at_most
from bench.measuring import running, servers
from bench.run import Run
from bench.services.connection import Connection as Http
from deploy.shop import SHOP
from query_service.analytics import ANALYTICS
from twinpath.clock import utc_now
from twinpath.domain.report import Report, Span
from twinpath.facts.clickhouse.connection import Connection
from twinpath.facts.clickhouse.store import ClickHouseFacts, ClickHouseReader
from twinpath.facts.tables import table_of

_DATABASE = "bench"
_PATIENCE = 600.0
_ASKED: Mapping[str, tuple[Mapping[str, str], ...]] = {"revenue": ({}, {"by": "category"}, {"by": "segment"})}
"""Report -> the parameters with which it is asked; others are asked without any."""


async def _filled(url: str, rows: int) -> None:
    connection = Connection(url, _PATIENCE)
    store = ClickHouseFacts(connection, _DATABASE)
    for name in dict.fromkeys(name for report in ANALYTICS for name in report.tables):
        await fill(connection, store, _DATABASE, table_of(next(f for f in SHOP.facts if f.name == name)), rows)
    await connection.close()


async def _alone(reader: ClickHouseReader, report: Report[Any], parameters: Mapping[str, str]) -> float:
    """Milliseconds of a report's SQL."""
    asked = report.parameters.model_validate(parameters)
    sql, further = report.sql(asked, True)
    began = time.perf_counter()
    await reader.query(sql, {**Span.of_period(asked, utc_now(), "UTC").parameters, **further}, "json")
    return (time.perf_counter() - began) * 1000


def _endpoint(http: Http, report: Report[Any], parameters: Mapping[str, str]) -> float:
    """Milliseconds of a report's endpoint."""
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    began = time.perf_counter()
    http.ask("GET", f"/api/v1{report.path}?{query}")
    return (time.perf_counter() - began) * 1000


async def _measure(clickhouse: str, query: str, run: Run) -> None:
    size, calls = f"{run.sizes.facts_rows:,} rows", run.sizes.reports
    asked = [(report, parameters) for report in ANALYTICS for parameters in _ASKED.get(report.name, ({},))]
    names = [" by ".join((report.name, *parameters.values())) for report, parameters in asked]
    times = [run.figure(f"report {name} over {size}", at_most(100, "ms"), "ms") for name in names]
    ratios = [run.figure(f"report {name} over {size} / its SQL alone", at_most(1.3), "ms") for name in names]
    connection = Connection(clickhouse, _PATIENCE)
    reader = ClickHouseReader(connection, _DATABASE)
    with Http(query) as http:
        for _ in run.rounds():
            for (report, parameters), figure, ratio in zip(asked, times, ratios, strict=True):
                turns = [
                    (_endpoint(http, report, parameters), await _alone(reader, report, parameters))
                    for _ in range(calls)
                ]
                ours, alone = (statistics.median(values) for values in zip(*turns, strict=True))
                figure.add(ours)
                ratio.add(ours, alone)
    await connection.close()


def measure(run: Run) -> None:
    """On private servers and a query service."""
    with clickhouse_alone() as clickhouse, servers() as started:
        uvloop.run(_filled(clickhouse, run.sizes.facts_rows))
        env = {"TWINPATH_CLICKHOUSE_URL": clickhouse, "TWINPATH_FACTS_DATABASE": _DATABASE}
        with running(started, "query", env=env) as (service,):
            uvloop.run(_measure(clickhouse, service.url, run))
