"""From an HTTP request to a command's envelope, and from its answer back: what every command endpoint shares."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Request, Response
from pydantic import BaseModel

from twinpath.commands.bus import CommandBus, Envelope
from twinpath.domain.aggregate import Command
from twinpath.errors import MalformedRequest
from twinpath.http.causal_token import format_token
from twinpath.identity.actors import Actors
from twinpath.identity.authentication import caller_of
from twinpath.observability.traceparent import readable

_VISIBLE = re.compile(r"[\x21-\x7e]{1,200}")
_VERSION = re.compile(r'(?:W/)?"(\d{1,15})(?:\.\w{1,15})?"')
"""An ETag: the version, and behind a dot what else the document shows."""


def bus_of(request: Request) -> CommandBus:
    """The command bus that the composition root gave to this app."""
    bus: CommandBus = request.app.state.bus
    return bus


async def accept(
    bus: CommandBus, request: Request, command: Command, id_name: str, location: str | None = None
) -> Response:
    """Carry out the command and answer with id and version; `location` makes it a 201."""
    headers = given_headers(request)
    appended = await bus.handle(
        Envelope(
            command,
            actor=await actor_of(request, headers),
            correlation_id=request.scope["state"]["correlation_id"],
            traceparent=readable(headers.get("traceparent")),
            idempotency_key=_visible(headers.get("idempotency-key"), "Idempotency-Key", "malformed_idempotency_key"),
            expected_version=_expected_version(headers.get("if-match")),
            owner=caller_of(request).owner,
        )
    )
    answer = {
        "ETag": f'"{appended.version}"',
        "Causal-Token": format_token(appended.log, appended.position),
    }
    if appended.duplicate:
        answer["Idempotent-Replayed"] = "true"
    if location is not None:
        answer["Location"] = location + appended.stream
    return Response(
        orjson.dumps({id_name: appended.stream, "version": appended.version, "status": "accepted"}),
        status_code=200 if location is None else 201,
        media_type="application/json",
        headers=answer,
    )


def given_headers(request: Request) -> Mapping[str, str]:
    """The headers by their names in lower case, of one that is given twice the last: each look costs little so."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]}


async def actor_of(request: Request, headers: Mapping[str, str]) -> str:
    """The pseudonym of the caller; where nobody is asked who they are, what X-Actor says.

    Raises:
        MalformedRequest: X-Actor can't be read.
        Unavailable: the table of pseudonyms can't be reached.
    """
    caller = caller_of(request)
    if caller.is_known:
        actors: Actors = request.app.state.actors
        return await actors.actor(caller)
    return _visible(headers.get("x-actor"), "X-Actor", "malformed_actor") or "anonymous"


def _visible(value: str | None, header: str, code: str) -> str | None:
    if value is not None and _VISIBLE.fullmatch(value) is None:
        raise MalformedRequest(f"{header} takes 1 to 200 visible ASCII characters without blanks.", code=code)
    return value


def _expected_version(value: str | None) -> int | None:
    """The version of an If-Match; `*` is any version, as every command takes."""
    if value is None or value.strip() == "*":
        return None
    matched = _VERSION.fullmatch(value.strip())
    if matched is None:
        raise MalformedRequest(
            'If-Match takes one version in quotes, as ETag gives it: "7".', code="malformed_if_match"
        )
    return int(matched[1])


def accepted_response(status: int, model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of a command's answer."""
    text = {"schema": {"type": "string"}}
    headers: dict[str, Any] = {
        "ETag": {"description": "the aggregate's version, for If-Match", **text},
        "Causal-Token": {"description": "send it back with a query to read this write", **text},
        "Idempotent-Replayed": {"description": "`true` when this is the first answer again", **text},
    }
    if status == 201:
        headers["Location"] = {"description": "where the query service shows it", **text}
    return {status: {"model": model, "headers": headers}}


def _header(name: str, description: str, example: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string", "maxLength": 200},
        "examples": {"example": {"value": example}},
    }


COMMAND_HEADERS: dict[str, Any] = {
    "parameters": [
        _header("Idempotency-Key", "the same key again gets the first answer again and changes nothing", "7c1f-1"),
        _header("If-Match", "the version the command is meant for; 412 when it is another", '"1"'),
        _header("X-Actor", "who does it, as the history shall show", "agent-ann"),
        _header("X-Correlation-Id", "goes into the log and comes back in the answer", "c-42"),
    ]
}
