"""What every query endpoint shares: waiting for a causal token, ETag and 304, pages, refusing unknown parameters."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from hashlib import blake2b
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from query_service.consistency import CausalWaits
from shared.causal_token import parse_token
from shared.errors import MalformedRequest, NotFound
from shared.http.problem_details import problem
from shared.view_store.interface import Cached


class NotYetVisible(Exception):
    """The view did not reach what the client wants to see; answered with 202."""


async def answer_not_yet(request: Request, _: Exception) -> Response:
    """202 with Retry-After: the write is safe, the view is behind."""
    detail = "The view has not reached what the causal token names. Ask again."
    return problem(request.url.path, 202, "not_yet_visible", detail)


async def wait_for_token(request: Request, projection: str) -> bool:
    """Wait for the request's causal token, if it has one; whether it had.

    Raises:
        NotYetVisible: the time ran out.
        MalformedRequest: the token can't be read, or names an unknown log.
    """
    headers = request.headers
    given = headers.get("causal-token") or headers.get("x-causal-token")
    if given is None:
        return False
    waits: CausalWaits = request.app.state.waits
    if not await waits.reached(projection, parse_token(given)):
        raise NotYetVisible
    return True


async def at_version(request: Request, read: Callable[[], Awaitable[Cached]]) -> Cached:
    """What `read` gives, once its etag, which is a version, is at least what X-Version names.

    Raises:
        NotYetVisible: it did not get there in time.
        MalformedRequest: X-Version is no number.
    """
    wanted = request.headers["x-version"]
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) <= 15):
        raise MalformedRequest("X-Version takes the version of one aggregate, as in 7.", code="malformed_version")
    waits: CausalWaits = request.app.state.waits
    async for _ in waits.moves():
        with suppress(NotFound):
            found = await read()
            if int(found.etag.strip('"')) >= int(wanted):
                return found
    raise NotYetVisible


def refuse_parameters(request: Request) -> None:
    """A query without parameters refuses every one, so that a misspelt one is noticed."""
    if request.scope["query_string"]:
        raise RequestValidationError(
            [
                {"type": "extra_forbidden", "loc": ("query", name), "msg": "Unknown parameter", "input": value}
                for name, value in request.query_params.items()
            ]
        )


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


def shown(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of a query's answers, which are sent as ready bytes."""
    return {
        200: {"model": model},
        202: {"description": "The view has not reached the Causal-Token yet; see Retry-After"},
        304: {"description": "Not modified: the client's If-None-Match still holds"},
    }


def _header(name: str, description: str, example: str) -> dict[str, Any]:
    schema = {"type": "string"}
    examples = {"example": {"value": example}}
    return {"name": name, "in": "header", "description": description, "schema": schema, "examples": examples}


QUERY_HEADERS: dict[str, Any] = {
    "parameters": [
        _header("Causal-Token", "wait, 5 seconds at most, until the view has reached this write", "ticket.0:1"),
        _header("If-None-Match", "304 when the answer still has this ETag", '"1"'),
    ]
}
