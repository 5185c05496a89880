"""Reports: computed from tables of facts, as JSON, CSV or Parquet, whichever the caller accepts."""

from typing import Any

import orjson
import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import create_model
from starlette.exceptions import HTTPException

from twinpath.domain.report import MOST_DAYS, Period, Report, Span
from twinpath.errors import Unavailable
from twinpath.facts.interface import FactsReader, Form
from twinpath.http.documents.problems import READING, codes_together, problem_responses
from twinpath.http.headers import joined_header
from twinpath.queries.endpoints.answering import Queries, answered
from twinpath.queries.endpoints.routes import Routes, in_query

_log = structlog.get_logger(__name__)
MEDIA: dict[Form, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
_TOO_LONG = {"type": "too_long", "loc": ("query", "from"), "msg": f"a report covers {MOST_DAYS} days at most"}
_REFUSALS = codes_together(READING, {406: ("not_acceptable",), 503: ("analytics_off", "analytics_unavailable")})


def add_report(routes: Routes, report: Report[Any]) -> None:
    """Add `GET <path>`."""
    operation = report.path[1:].replace("/", "_")
    routes.tags.setdefault(operation.partition("_")[0], "Reports over what has happened, for analytics.")

    async def answer(request: Request, asked: Period) -> Response:
        form = accepted(joined_header(request.scope, b"accept") or "*/*")
        queries = Queries.for_request(request)
        span = Span.of_period(asked, queries.clock(), str(queries.zone))
        if span.is_too_long:
            raise RequestValidationError([_TOO_LONG])
        body = await _body(queries.facts, report, asked, span, form)
        return answered(request, body, (), headers={"Vary": "Accept"}, media_type=MEDIA[form])

    routes.get(
        report.path,
        answer,
        {"asked": in_query(report.parameters)},
        f"get_{operation}",
        report.allow,
        summary=report.summary,
        description=report.description,
        responses=_described(report),
    )


async def _body(facts: FactsReader, report: Report[Any], asked: Period, span: Span, form: Form) -> bytes:
    """What is sent. Raises Unavailable."""
    sql, parameters = report.sql(asked, form != "parquet")
    try:
        rows = await facts.query(sql, {**span.parameters, **parameters}, form)
    except Unavailable as error:
        if error.code == "analytics_off":
            raise
        _log.warning("report_unavailable", report=report.path, error=error.detail)
        raise Unavailable("Analytics do not answer just now.", code="analytics_unavailable") from error
    if form != "json":
        return rows
    about = orjson.dumps({"from": span.first, "to": span.last, "time_zone": span.zone.key})
    return about[:-1] + b',"items":' + (rows.strip() or b"[]") + b"}"


def accepted(accept: str) -> Form:
    """The form that an Accept header wants most, JSON where it has no preference. Raises HTTPException: 406."""
    wanted: dict[Form, tuple[float, int]] = dict.fromkeys(MEDIA, (-1.0, -1))
    for choice in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in choice.split(";"))
        quality = next((_quality(part[2:]) for part in parameters if part.startswith("q=")), 1.0)
        for form, media in MEDIA.items():
            exactness = {media: 2, f"{media.partition('/')[0]}/*": 1, "*/*": 0}.get(kind, -1)
            if exactness > wanted[form][1]:
                wanted[form] = (quality, exactness)
    best = max(wanted, key=lambda form: wanted[form][0])
    if wanted[best][0] <= 0:
        raise HTTPException(406, f"there are {', '.join(MEDIA.values())}")
    return best


def _quality(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0


def _described(report: Report[Any]) -> dict[int | str, dict[str, Any]]:
    name = f"{report.row.__name__.removesuffix('Row')}Report"
    fields: dict[str, Any] = dict.fromkeys(("from", "to", "time_zone"), (str, ...))
    model = create_model(name, **fields, items=(list[report.row], ...))  # type: ignore[name-defined]
    example = {"from": "2026-01-01", "to": "2026-01-31", "time_zone": "UTC", "items": [report.example]}
    others = {MEDIA[form]: {"schema": {"type": "string", "format": "binary"}} for form in MEDIA if form != "json"}
    content = {"application/json": {"example": example}, **others}
    etag = {"ETag": {"description": "send it back as If-None-Match", "schema": {"type": "string"}}}
    shown: dict[int | str, dict[str, Any]] = {200: {"model": model, "headers": etag, "content": content}}
    return shown | {304: {"description": "Not modified"}} | problem_responses(_REFUSALS)
