"""Every error as problem+json (RFC 9457) with a stable `code`: the one place that maps errors to HTTP."""

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twinpath.errors import (
    CommandIdReused,
    CommitTooLarge,
    ConcurrencyConflict,
    MalformedRequest,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    NotYetVisible,
    RuleViolation,
    StaleVersion,
    TwinpathError,
    Unavailable,
    UnknownEvent,
)

STATUSES: Mapping[type[TwinpathError], int] = {
    NotYetVisible: 202,
    MalformedRequest: 400,
    NotAuthenticated: 401,
    NotPermitted: 403,
    NotFound: 404,
    RuleViolation: 409,
    StaleVersion: 412,
    CommitTooLarge: 413,
    CommandIdReused: 422,
    ConcurrencyConflict: 503,
    UnknownEvent: 503,  # while replicas are exchanged, the next try meets one that can read what a newer one wrote
    Unavailable: 503,
}
PROBLEM_JSON = "application/problem+json"
_ROUTER_CODES = {404: "no_such_route", 405: "method_not_allowed"}
_log = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """What is wrong with one field; `field` is its path, as in `lines.0.quantity`."""

    field: str
    code: str
    message: str


class Problem(BaseModel):
    """The body of every error answer."""

    type: str = Field(examples=["urn:twinpath:problem:ticket_not_found"])
    title: str
    status: int
    detail: str
    code: str = Field(examples=["ticket_not_found"])
    instance: str
    errors: list[FieldProblem] | None = Field(None, description="with 422: each field that is wrong")


def problem(path: str, status: int, code: str, detail: str, /, **more: object) -> Response:
    """A problem+json answer with further members; 202 and 503 ask to come back in a second."""
    body = {
        "type": f"urn:twinpath:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "instance": path,
    }
    headers = {"Retry-After": "1"} if status in (202, 503) else {}
    content = orjson.dumps(body | more | body, default=str)
    return Response(content, status, headers=headers, media_type=PROBLEM_JSON)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of these errors."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM_JSON: {"schema": _schema()}},
        }
        for status in statuses
    }


@cache
def _schema() -> dict[str, Any]:
    """The schema of a problem in one piece: a reference into `$defs` would point nowhere inside an OpenAPI document."""
    schema = Problem.model_json_schema()
    del schema["properties"]["errors"]["anyOf"], schema["properties"]["errors"]["default"]
    schema["properties"]["errors"] |= {"type": "array", "items": schema.pop("$defs")["FieldProblem"]}
    return schema


def install_problem_details(app: FastAPI) -> None:
    """Answer every error of this app, expected or not, with problem+json.

    Call it before other middleware is added: those then see every answer, also a 500.
    """

    async def handle(request: Request, error: Exception) -> Response:
        return _answer(request.scope, error)

    for kind in (TwinpathError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, handle)
    app.add_middleware(_Problems)


class _Problems:
    """ASGI middleware: answers what no handler of FastAPI's did; what nobody expected is a 500, and logged.

    A handler for Exception would run outside all other middleware, and the server would log the error a second time.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as error:
            if started or scope["type"] != "http":  # half an answer can only be cut off, which the server does
                raise
            await _answer(scope, error)(scope, receive, send)


def _answer(scope: Scope, error: Exception) -> Response:
    path = scope["path"]
    match error:
        case TwinpathError():
            return _ours(path, error)
        case RequestValidationError():
            return _invalid(path, error)
        case HTTPException():
            return _of_the_router(path, scope["method"], error)
        case _:
            _log.error("internal_error", path=path, method=scope["method"], exc_info=error)
            return problem(path, 500, "internal_error", "Something went wrong here; it has been logged.")


def _ours(path: str, error: TwinpathError) -> Response:
    if isinstance(error, UnknownEvent):
        _log.error("event_unreadable", path=path, error=error.detail)
        error = UnknownEvent("This replica can't read an event that it needs; another one may.")
    for kind in type(error).__mro__:
        if (status := STATUSES.get(kind)) is not None:
            answer = problem(path, status, error.code, error.detail, **error.facts)
            if status in (401, 403):
                answer.headers["WWW-Authenticate"] = _challenge(error)
            return answer
    raise error


def _challenge(error: TwinpathError) -> str:
    """What RFC 6750 §3 says of a refusal; without credentials no error is named."""
    if isinstance(error, NotPermitted):
        return f'Bearer realm="twinpath", error="insufficient_scope", scope="{error.facts.get("permission", "")}"'
    if error.code == NotAuthenticated.code:
        return 'Bearer realm="twinpath"'
    return 'Bearer realm="twinpath", error="invalid_token"'


def _invalid(path: str, error: RequestValidationError) -> Response:
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        return problem(path, 400, "malformed_json", "The body is not JSON.")
    fields = [
        {
            "field": ".".join(map(str, fault["loc"][1:])) or str(fault["loc"][0]),
            "code": fault["type"],
            "message": fault["msg"],
        }
        for fault in faults
    ]
    named = ", ".join(dict.fromkeys(field["field"] for field in fields))
    return problem(path, 422, "invalid_fields", f"Not valid: {named}.", errors=fields)


def _of_the_router(path: str, method: str, error: HTTPException) -> Response:
    code = _ROUTER_CODES.get(error.status_code, HTTPStatus(error.status_code).name.lower())
    if error.status_code == 400:  # FastAPI could not read the body as text
        code = "malformed_json"
    answer = problem(path, error.status_code, code, f"{method} {path}: {error.detail}.")
    answer.headers.update(error.headers or {})
    return answer
