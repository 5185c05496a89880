"""From an HTTP request to a command's envelope, and from its answer back: what every command endpoint shares."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from fastapi import Request, Response
from pydantic import BaseModel

from twinpath.commands.bus import CommandBus
from twinpath.commands.envelope import BusLook, Envelope
from twinpath.domain.aggregate import Command
from twinpath.errors import MalformedRequest
from twinpath.http.causal_token import format_token
from twinpath.http.conditions import condition_of
from twinpath.http.headers import joined_headers
from twinpath.identity.actors import Actors
from twinpath.identity.authentication import caller_of, need
from twinpath.identity.permissions import ON_BEHALF
from twinpath.ids import UUID_PATTERN
from twinpath.observability.traceparent import readable

_OWNER = re.compile(rf"[a-z]+-{UUID_PATTERN}")
_VISIBLE = re.compile(r"[\x21-\x7e]{1,200}")


def bus_of(request: Request) -> CommandBus:
    """The command bus that the composition root gave to this app."""
    bus: CommandBus = request.app.state.bus
    return bus


async def accept(
    request: Request,
    build: Callable[[BusLook], Awaitable[Command]],
    id_name: str,
    location: str | None = None,
) -> Response:
    """Carry out the command that `build` makes and answer with id and version; `location` makes it a 201."""
    bus, headers = bus_of(request), joined_headers(request.scope)
    actor, owner = await acting(request, headers)
    command = await build(bus.look_of(owner))
    appended = await bus.handle(
        Envelope(
            command,
            actor=actor,
            correlation_id=request.scope["state"]["correlation_id"],
            traceparent=readable(headers.get("traceparent")),
            idempotency_key=_visible(headers.get("idempotency-key"), "Idempotency-Key", "malformed_idempotency_key"),
            condition=condition_of(headers.get("if-match"), headers.get("if-none-match")),
            owner=owner,
        )
    )
    answer = {
        "ETag": f'"{appended.version}"',
        "X-Version": str(appended.version),
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


async def acting(request: Request, headers: Mapping[str, str]) -> tuple[str, str | None]:
    """What the commit names as its actor, and the only owner whose aggregates may be commanded, None for everybody's.

    The actor is the pseudonym of the caller, with the owner whom it acts for; where nobody is asked who they are, it is
    what X-Actor says.

    Raises:
        MalformedRequest: X-Actor or X-On-Behalf-Of can't be read.
        NotPermitted: the caller may not act for others.
        Unavailable: the table of pseudonyms can't be reached.
    """
    caller = caller_of(request)
    if not caller.is_known:
        return _visible(headers.get("x-actor"), "X-Actor", "malformed_actor") or "anonymous", caller.owner
    actors: Actors = request.app.state.actors
    actor, other = await actors.actor(caller), headers.get("x-on-behalf-of")
    if other is None:
        return actor, caller.owner
    need(request.scope, ON_BEHALF)
    if _OWNER.fullmatch(other) is None:
        raise MalformedRequest("X-On-Behalf-Of takes the id of an owner, as in customer-….", code="malformed_owner")
    return f"{actor} for {other}", other


def _visible(value: str | None, header: str, code: str) -> str | None:
    if value is not None and _VISIBLE.fullmatch(value) is None:
        raise MalformedRequest(f"{header} takes 1 to 200 visible ASCII characters without blanks, once.", code=code)
    return value


COMMAND_CODES = {
    400: (
        "malformed_idempotency_key",
        "malformed_if_match",
        "malformed_if_none_match",
        "malformed_actor",
        "malformed_owner",
    ),
    412: ("stale_version",),
    413: ("commit_too_large",),
    422: ("invalid_fields", "idempotency_key_reused"),
    500: ("internal_error",),
    503: ("unavailable", "outcome_unknown", "concurrency_conflict", "unknown_event", "starting"),
}
"""What every command may be refused with."""


def accepted_response(status: int, model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of a command's answer."""
    text = {"schema": {"type": "string"}}
    headers: dict[str, Any] = {
        "ETag": {"description": "the aggregate's version, for If-Match", **text},
        "X-Version": {"description": "the same version, as queries take it", **text},
        "Causal-Token": {"description": "send it back with a query to read this write", **text},
        "Idempotent-Replayed": {"description": "`true` when this is the first answer again", **text},
    }
    if status == 201:
        headers["Location"] = {"description": "where the query service shows it", **text}
    return {status: {"model": model, "headers": headers}}


def _header(name: str, description: str) -> dict[str, Any]:
    """A header in OpenAPI, with no example: Swagger would send it along."""
    schema = {"type": "string", "maxLength": 200}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


COMMAND_HEADERS: dict[str, Any] = {
    "parameters": [
        _header(
            "Idempotency-Key", "the same key again gets the first answer again and changes nothing, as in `7c1f-1`"
        ),
        _header("If-Match", 'the versions the command is meant for, as in `"1"`; 412 when it is another'),
        _header("X-Actor", "who does it, where callers are not asked: `agent-ann`"),
        _header("X-On-Behalf-Of", "the owner for whom a caller with the permission `on-behalf` acts: `customer-…`"),
        _header("X-Correlation-Id", "goes into the log and comes back in the answer: `c-42`"),
    ]
}
