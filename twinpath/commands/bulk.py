"""POST /commands: many commands as NDJSON, one a line with its own idempotency key; one result a line, in order.

Lines are carried out side by side, so that they share group commits; lines of one aggregate go one after the other.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field, ValidationError
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from command_service.api.bulk_commands import COMMANDS
from twinpath.commands.accepting import Body, actor_of, bus_of, given_headers
from twinpath.commands.admission import Admission
from twinpath.commands.bus import CommandBus, Envelope
from twinpath.errors import CommitTooLarge, MalformedRequest, TwinpathError
from twinpath.http.causal_token import format_token
from twinpath.http.problem_details import STATUSES, problem_responses
from twinpath.ids import category_of, is_id
from twinpath.observability.traceparent import readable

MOST_LINES = 10_000
MOST_LINE_BYTES = 64 * 1024
_SIDE_BY_SIDE = 512
_EXAMPLE = (
    '{"command":"create_product","idempotency_key":"lamp-1","body":{"name":"Desk lamp","category":"lighting",'
    '"sku":"LAMP-1","price":{"amount":"19.99","currency":"EUR"}}}\n'
)

_log = structlog.get_logger(__name__)


class BulkLine(Body):
    """One command: `id` names the aggregate unless the command creates it; `body` is that of the command's endpoint."""

    command: str = Field(examples=["create_product"])
    idempotency_key: str = Field(pattern=r"^[\x21-\x7e]{1,200}$")
    id: str | None = None
    expected_version: int | None = Field(None, ge=1)
    body: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Origin:
    """What all lines of a request share."""

    actor: str
    correlation_id: str
    traceparent: str | None


router = APIRouter(prefix="/commands", tags=["bulk"])


@router.post(
    "",
    summary="Many commands at once",
    responses={
        200: {"description": "A result a line, in order", "content": {"application/x-ndjson": {"schema": {}}}},
        **problem_responses(400, 413, 415),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/x-ndjson": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        }
    },
)
async def bulk(request: Request) -> Response:
    """Up to 10,000 lines. A bad line is reported by its number and the others go on.

    Commands: `open_ticket`, `change_ticket_status`, `add_agent_note`, `close_ticket`, `create_product`, `update_price`,
    `restock`, `discontinue`, `register_customer`, `rename_customer`, `change_email`, `erase_customer`, `place_order`,
    `ship_order`, `cancel_order`.
    """
    headers = given_headers(request)
    origin = Origin(actor_of(headers), request.state.correlation_id, readable(headers.get("traceparent")))
    admission: Admission = request.app.state.admission
    results = _results(bus_of(request), admission, request.stream(), origin)
    return _Results(results, media_type="application/x-ndjson")


class _Results(StreamingResponse):
    """Answers while the body is still read: Starlette's own would wait for a disconnect by reading the body away."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(ClientDisconnect):
            await self.stream_response(send)


async def _results(
    bus: CommandBus, admission: Admission, body: AsyncIterator[bytes], origin: Origin
) -> AsyncIterator[bytes]:
    """At most `_SIDE_BY_SIDE` lines are in hand, one alone while the service is busy enough; the reading waits."""
    waiting: deque[asyncio.Task[Mapping[str, Any]]] = deque()
    try:
        async for number, line in _lines(body):
            while waiting and (len(waiting) >= _SIDE_BY_SIDE or not admission.has_room):
                yield _dumped(await waiting.popleft())
            task = asyncio.create_task(_carry_out(bus, number, line, origin))
            task.add_done_callback(partial(_done, admission, admission.enter()))
            waiting.append(task)
        while waiting:
            yield _dumped(await waiting.popleft())
    finally:
        for task in waiting:
            task.cancel()


def _done(admission: Admission, entered: float, _: object) -> None:
    admission.leave(entered)


async def _lines(body: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    """Number and content of each line that is not empty, cut where it is too long; one too many ends it all."""
    rest, number = b"", 0
    async for chunk in body:
        *whole, rest = (rest + chunk).split(b"\n")
        rest = rest[: MOST_LINE_BYTES + 1]  # so an endless line costs no memory
        for line in whole:
            number += 1
            if line.strip():
                yield number, line[: MOST_LINE_BYTES + 1]
            if number > MOST_LINES:
                return
    if rest.strip():
        yield number + 1, rest


async def _carry_out(bus: CommandBus, number: int, line: bytes, origin: Origin) -> Mapping[str, Any]:
    """The result of one line."""
    try:
        if number > MOST_LINES:
            raise CommitTooLarge(f"A request may hold {MOST_LINES} lines; send the rest anew.", code="too_many_lines")
        return {"line": number, **await _accepted(bus, line, origin)}
    except ValidationError as error:
        errors = [
            {"field": ".".join(map(str, one["loc"])), "code": one["type"], "message": one["msg"]}
            for one in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        return {"line": number, "status": 422, "code": "invalid_fields", "errors": errors}
    except TwinpathError as error:
        status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
        return {"line": number, "status": status, "code": error.code, "detail": error.detail, **error.facts}
    except Exception as error:  # one line's mishap is not the others'
        _log.error("internal_error", path="/api/v1/commands", exc_info=error)
        detail = "Something went wrong here; it has been logged."
        return {"line": number, "status": 500, "code": "internal_error", "detail": detail}


async def _accepted(bus: CommandBus, line: bytes, origin: Origin) -> Mapping[str, Any]:
    if len(line) > MOST_LINE_BYTES:
        raise MalformedRequest(f"A line may hold {MOST_LINE_BYTES} bytes.", code="line_too_long")
    asked = BulkLine.model_validate_json(line)
    known = COMMANDS.get(asked.command)
    if known is None:
        raise MalformedRequest(f"There is no command {asked.command!r}.", code="unknown_command")
    if known.category is not None and not is_id(known.category, asked.id or ""):
        raise MalformedRequest(f"{asked.command} needs the id of a {known.category}.", code="malformed_id")
    command = await known.build(bus, asked.id or "", asked.body)
    appended = await bus.handle(
        Envelope(
            command,
            actor=origin.actor,
            correlation_id=origin.correlation_id,
            traceparent=origin.traceparent,
            idempotency_key=asked.idempotency_key,
            expected_version=asked.expected_version,
        )
    )
    return {
        "status": 201 if command.creates else 200,
        f"{category_of(appended.stream)}_id": appended.stream,
        "version": appended.version,
        "causal_token": format_token(appended.log, appended.position),
    }


def _dumped(result: Mapping[str, Any]) -> bytes:
    return orjson.dumps(result, default=str) + b"\n"
