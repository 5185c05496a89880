"""Every error as problem+json (RFC 9457) with a stable `code`: the one place that maps errors to HTTP."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from twinpath.errors import (
    CommandIdReused,
    CommitTooLarge,
    ConcurrencyConflict,
    MalformedRequest,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    NotYetVisible,
    RuleViolation,
    StaleVersion,
    TooMany,
    TwinpathError,
    Unavailable,
    UnhandledCommand,
    UnknownEvent,
)
from twinpath.http.border import Border
from twinpath.http.documents.problems import COME_BACK, PROBLEM_JSON, TYPE
from twinpath.http.site import Site

STATUSES: Mapping[type[TwinpathError], int] = {
    NotYetVisible: 202,
    MalformedRequest: 400,
    UnhandledCommand: 400,
    NotAuthenticated: 401,
    NotAllowed: 403,
    NotFound: 404,
    RuleViolation: 409,
    StaleVersion: 412,
    CommitTooLarge: 413,
    CommandIdReused: 422,
    TooMany: 429,
    ConcurrencyConflict: 503,
    UnknownEvent: 503,  # while replicas are exchanged, the next try meets one that can read what a newer one wrote
    Unavailable: 503,
}
MOST_FIELD_PROBLEMS = 20
"""So many field problems an answer has at most: who reads more of them is no human."""

_MOST_FAULTS = 500  # a microsecond or two each
_LONGEST_TEXT, _LONGEST_PATH = 200, 200
_ROUTER_CODES = {404: "no_such_route", 405: "method_not_allowed"}
_log = structlog.get_logger(__name__)


def problem(path: str, status: int, code: str, detail: str, /, **more: object) -> Response:
    """A problem+json answer with further members; 202, 429 and 503 ask to come back: in `retry_after`, or a second."""
    body = {
        "type": f"{TYPE}{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "instance": path[:_LONGEST_PATH],
    }
    headers = {"Retry-After": str(more.get("retry_after", 1))} if status in COME_BACK else {}
    headers |= {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
    content = orjson.dumps(body | more | body, default=str)
    return Response(content, status, headers=headers, media_type=PROBLEM_JSON)


def install_problem_details(app: Starlette, site: Site | None = None) -> None:
    """Answer every error of this app, expected or not, with problem+json, and let requests pass the border of `site`.

    Call it before other middleware is added: those then see every answer, also a 500. A handler for Exception would run
    outside all other middleware, and the server would log the error a second time.
    """

    async def handle(request: Request, error: Exception) -> Response:
        return _answer(request.scope, error)

    for kind in (TwinpathError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, handle)
    app.router.redirect_slashes = False  # to whatever Host says, and with a body that is not sent again
    app.add_middleware(Border, site=site or Site(), answered=_answer)


def _answer(scope: Scope, error: Exception) -> Response:
    path = scope["path"]
    match error:
        case TwinpathError():
            return _ours(path, error)
        case RequestValidationError():
            return _invalid(path, error)
        case HTTPException():
            return _of_the_router(scope, error)
        case _:
            _log.error("internal_error", path=path, method=scope["method"], exc_info=error)
            return problem(path, 500, "internal_error", "Something went wrong here; it has been logged.")


def _ours(path: str, error: TwinpathError) -> Response:
    if isinstance(error, UnknownEvent):
        _log.error("event_unreadable", path=path, error=error.detail)
        error = UnknownEvent("This replica can't read an event that it needs; another one may.")
    answer = problem(path, status_of(error), error.code, error.detail, **error.facts)
    if challenge := _challenge(error):
        answer.headers["WWW-Authenticate"] = challenge
    return answer


def status_of(error: TwinpathError) -> int:
    """The status that stands for an error. Raises the error where none does."""
    for kind in type(error).__mro__:
        if (status := STATUSES.get(kind)) is not None:
            return status
    raise error


def _challenge(error: TwinpathError) -> str | None:
    """The WWW-Authenticate of a refusal (RFC 6750 §3), None where none fits; without credentials no error is named."""
    match error:
        case NotPermitted():
            scope = f', scope="{error.facts["permission"]}"' if "permission" in error.facts else ""
            return f'Bearer realm="twinpath", error="insufficient_scope"{scope}'
        case NotAuthenticated(code=NotAuthenticated.code):
            return 'Bearer realm="twinpath"'
        case NotAuthenticated():
            return 'Bearer realm="twinpath", error="invalid_token"'
    return None


def is_no_json(faults: Sequence[Any]) -> bool:
    """Whether pydantic's complaint about a body is that it is not JSON at all."""
    return any(fault["type"] == "json_invalid" for fault in faults)


def _invalid(path: str, error: RequestValidationError) -> Response:
    faults = error.errors()
    if is_no_json(faults):
        return problem(path, 400, "malformed_json", "The body is not JSON.")
    detail, fields = invalid_fields(faults, prefix=1)
    return problem(path, 422, "invalid_fields", detail, errors=fields)


def invalid_fields(faults: Sequence[Any], prefix: int = 0) -> tuple[str, list[dict[str, str]]]:
    """What a problem says of pydantic's complaints: a detail that names the fields, and `field_problems`."""
    fields = field_problems(faults, prefix)
    named = ", ".join(dict.fromkeys(field["field"] for field in fields))
    more = f" and {len(faults) - len(fields)} more" if len(faults) > len(fields) else ""
    return f"Not valid: {named}{more}.", fields


def field_problems(faults: Sequence[Any], prefix: int = 0) -> list[dict[str, str]]:
    """Pydantic's complaints as FieldProblem has them, the first twenty, each short whatever the client's names are; the
    first `prefix` names of a path are left out.
    """
    return [
        {
            "field": _short(".".join(map(str, fault["loc"][prefix:])) or ".".join(map(str, fault["loc"])) or "body"),
            "code": fault["type"],
            "message": _short(fault["msg"]),
        }
        for fault in faults[:MOST_FIELD_PROBLEMS]
    ]


def faults_of(error: ValidationError) -> list[Any]:
    """Pydantic's complaints, a single one where they are so many that to list them would hold up everybody."""
    count = error.error_count()
    if count > _MOST_FAULTS:
        return [{"type": "too_many_faults", "loc": (), "msg": f"{count} fields are not valid"}]
    return list(error.errors(include_url=False, include_context=False, include_input=False))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def _of_the_router(scope: Scope, error: HTTPException) -> Response:
    path, method = scope["path"], scope["method"]
    headers = dict(error.headers or {})
    if error.status_code == 405 or (method == "OPTIONS" and path == "*"):
        headers["Allow"] = ", ".join(_methods_of(scope))
        if method == "OPTIONS":
            return Response(status_code=204, headers=headers)
    code = _ROUTER_CODES.get(error.status_code, HTTPStatus(error.status_code).name.lower())
    if error.status_code == 400:  # FastAPI could not read the body as text
        code = "malformed_json"
    answer = problem(path, error.status_code, code, f"{method} {_short(path)}: {error.detail}.")
    answer.headers.update(headers)
    return answer


def _methods_of(scope: Scope) -> list[str]:
    """The methods that a path takes, of all its routes."""
    routes = scope["app"].routes

    def takes(method: str) -> bool:
        return any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)

    methods = {method for method in ("DELETE", "GET", "PATCH", "POST", "PUT") if takes(method)}
    return sorted(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set()))
