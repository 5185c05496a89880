"""What every query endpoint shares: waiting for a causal token, ETag and 304, pages, refusing unknown parameters."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from twinpath.errors import MalformedRequest, NotYetVisible
from twinpath.http.causal_token import parse_token
from twinpath.http.problem_details import problem_responses
from twinpath.queries.reading.causal_waits import CausalWaits
from twinpath.queries.reading.live import LiveViews

_BEHIND = "The view has not reached what the causal token or X-Version names. Ask again."
_TOKEN_HEADERS = (b"causal-token", b"x-causal-token")


async def wait_for_token(request: Request, *projections: str) -> bool:
    """Wait until these projections have reached the request's causal token, if it has one; whether it had.

    Raises:
        NotYetVisible: the time ran out.
        MalformedRequest: the token can't be read, or names an unknown log.
    """
    given = [value.decode("latin-1") for name, value in request.scope["headers"] if name in _TOKEN_HEADERS]
    if not given:
        return False
    waits: CausalWaits = request.app.state.waits
    token = parse_token(",".join(given))
    if not all(await asyncio.gather(*(waits.reached(projection, token) for projection in projections))):
        raise NotYetVisible(_BEHIND)
    return True


async def wait_for_version(request: Request, view: str, key: str, shows: Callable[[int], Awaitable[bool]]) -> bool:
    """Wait until the view shows the request's X-Version, if it has one; whether it had.

    Raises:
        NotYetVisible: the time ran out.
        MalformedRequest: X-Version is no number.
    """
    given = request.headers.get("x-version")
    if given is None:
        return False
    if not (given.isascii() and given.isdigit() and len(given) <= 15):
        raise MalformedRequest("X-Version takes the version of one aggregate, as in 7.", code="malformed_version")
    live: LiveViews = request.app.state.live
    waits: CausalWaits = request.app.state.waits
    now = asyncio.get_running_loop().time
    deadline = now() + waits.seconds
    with waits.around(f"wait for {view}"), live.subscribed(view, key=key) as subscription:
        while not await shows(int(given)):
            if live.stopping or not await subscription.wait(deadline - now()):
                raise NotYetVisible(_BEHIND)
            subscription.take()
    return True


def refuse_parameters(request: Request) -> None:
    """A query without parameters refuses every one, so that a misspelt one is noticed."""
    if request.scope["query_string"]:
        unknown = [
            {"type": "extra_forbidden", "loc": ("query", name), "msg": "Unknown parameter", "input": value}
            for name, value in request.query_params.items()
        ]
        if unknown:
            raise RequestValidationError(unknown)


def answered(request: Request, body: bytes, etag: str | None = None, headers: dict[str, str] | None = None) -> Response:
    """200 with the body, or 304 when the client has it already."""
    etag = etag or f'"{blake2b(body, digest_size=9).hexdigest()}"'
    sent = {"ETag": etag, "Cache-Control": "no-cache", **(headers or {})}
    known = request.headers.get("if-none-match")
    if known is not None and (known == "*" or etag in [one.strip().removeprefix("W/") for one in known.split(",")]):
        return Response(status_code=304, headers=sent)
    return Response(body, headers=sent, media_type="application/json")


def page_answered(request: Request, items: list[dict[str, Any]], next_cursor: str | None) -> Response:
    """A page: its items, and the cursor of the next one in the body and as a Link."""
    headers = {}
    if next_cursor is not None:
        parameters = urlencode({**request.query_params, "cursor": next_cursor})
        headers["Link"] = f'<{request.url.path}?{parameters}>; rel="next"'
    body = orjson.dumps({"items": items, "next": next_cursor}, option=orjson.OPT_UTC_Z)
    return answered(request, body, headers=headers)


def shown(model: type[BaseModel], example: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of a query's answers, which are sent as ready bytes."""
    etag = {"ETag": {"description": "send it back as If-None-Match", "schema": {"type": "string"}}}
    not_yet = problem_responses(202)[202]
    return {
        200: {"model": model, "headers": etag, "content": {"application/json": {"example": example}}},
        202: {**not_yet, "description": "The view has not got there yet: `not_yet_visible`, with Retry-After"},
        304: {"description": "Not modified: the client's If-None-Match still holds"},
    }


def _header(name: str, description: str, pattern: str = "") -> dict[str, Any]:
    schema = {"type": "string", **({"pattern": pattern} if pattern else {})}
    return {"name": name, "in": "header", "description": description, "schema": schema}


_TOKEN = r"^[a-z]+\.\d{1,5}:\d{1,18}( *, *[a-z]+\.\d{1,5}:\d{1,18}){0,63}$"
_CAUSAL = [
    _header(
        "Causal-Token",
        "of a command's answer, as in `ticket.3:1042`: wait, 5 seconds at most, to see that write",
        _TOKEN,
    ),
    _header("X-Causal-Token", "another name of Causal-Token", _TOKEN),
]
_ANY_QUERY = [
    *_CAUSAL,
    _header("If-None-Match", 'the ETag of an earlier answer, as in `"1"`: 304 when it still holds'),
]
CAUSAL_HEADERS: dict[str, Any] = {"parameters": _CAUSAL}
QUERY_HEADERS: dict[str, Any] = {"parameters": _ANY_QUERY}
QUERY_HEADERS_OF_ONE: dict[str, Any] = {
    "parameters": [
        *_ANY_QUERY,
        _header("X-Version", "as in `7`: wait, 5 seconds at most, until this version is shown", r"^\d{1,15}$"),
    ]
}
