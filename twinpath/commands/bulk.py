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

from twinpath.commands.accepting import actor_of, bus_of, given_headers
from twinpath.commands.admission import BULK_PATH, Admission
from twinpath.commands.bus import CommandBus, Envelope
from twinpath.commands.endpoints import Body, DeclaredCommand
from twinpath.errors import CommitTooLarge, MalformedRequest, TwinpathError
from twinpath.http.causal_token import format_token
from twinpath.http.problem_details import STATUSES, problem_responses
from twinpath.identity.authentication import caller_of
from twinpath.identity.caller import Caller
from twinpath.identity.permissions import allowing, permitted_router
from twinpath.ids import is_id
from twinpath.observability.traceparent import readable

BULK_PERMISSION = "bulk"
MOST_LINES = 10_000
MOST_LINE_BYTES = 64 * 1024
_SIDE_BY_SIDE = 512
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
    """The part that all lines of a request share."""

    actor: str
    correlation_id: str
    traceparent: str | None
    caller: Caller


async def answer_bulk(commands: Mapping[str, DeclaredCommand], request: Request) -> Response:
    """Carry out the lines of a request, side by side; the answer begins while the body is still read."""
    caller = caller_of(request)
    headers = given_headers(request)
    trace = readable(headers.get("traceparent"))
    origin = Origin(await actor_of(request, headers), request.scope["state"]["correlation_id"], trace, caller)
    lines = Lines(bus_of(request), request.app.state.admission, commands, origin)
    return _Results(lines.results(request.stream()), media_type="application/x-ndjson")


def bulk_router(commands: Mapping[str, DeclaredCommand]) -> APIRouter:
    """The route `POST /commands` for these commands."""
    router = permitted_router()

    async def bulk(request: Request) -> Response:
        return await answer_bulk(commands, request)

    names = ", ".join(f"`{name}`" for name in commands)
    content = {"application/x-ndjson": {"schema": {"type": "string"}, "example": _example(commands)}}
    router.add_api_route(
        BULK_PATH,
        bulk,
        methods=["POST"],
        tags=["bulk"],
        summary="Many commands at once",
        description=f"Up to 10,000 lines. A bad line is reported by its number, the others go on. Commands: {names}.",
        operation_id="bulk",
        responses={
            200: {"description": "A result a line, in order", "content": {"application/x-ndjson": {"schema": {}}}},
            **problem_responses(400, 413, 415),
        },
        openapi_extra=allowing(BULK_PERMISSION, {"requestBody": {"required": True, "content": content}}),
    )
    return router


def _example(commands: Mapping[str, DeclaredCommand]) -> str:
    """A line with the first command that creates, made from its fields' examples."""
    first = next((command for command in commands.values() if command.kind.creates), None)
    if first is None:
        return ""
    line = {"command": first.kind.type, "idempotency_key": "line-1", "body": first.example}
    return orjson.dumps(line).decode() + "\n"


class _Results(StreamingResponse):
    """Answers while the body is still read: Starlette's own would wait for a disconnect by reading the body away."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(ClientDisconnect):
            await self.stream_response(send)


class Lines:
    """Carries out the lines of a request. At most `_SIDE_BY_SIDE` are in hand, or a single line while the service is
    busy enough; the reading waits."""

    def __init__(
        self, bus: CommandBus, admission: Admission, commands: Mapping[str, DeclaredCommand], origin: Origin
    ) -> None:
        self._bus = bus
        self._admission = admission
        self._commands = commands
        self._origin = origin

    async def results(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """A result for each line, in order."""
        waiting: deque[asyncio.Task[Mapping[str, Any]]] = deque()
        try:
            async for number, line in _lines(body):
                while waiting and (len(waiting) >= _SIDE_BY_SIDE or not self._admission.has_room):
                    yield _dumped(await waiting.popleft())
                task = asyncio.create_task(self._carry_out(number, line))
                task.add_done_callback(partial(_done, self._admission, self._admission.enter()))
                waiting.append(task)
            while waiting:
                yield _dumped(await waiting.popleft())
        finally:
            for task in waiting:
                task.cancel()

    async def _carry_out(self, number: int, line: bytes) -> Mapping[str, Any]:
        """The result of one line."""
        try:
            if number > MOST_LINES:
                raise CommitTooLarge(
                    f"A request may hold {MOST_LINES} lines; send the rest anew.", code="too_many_lines"
                )
            return {"line": number, **await self._accepted(line)}
        except ValidationError as error:
            errors = [
                {"field": ".".join(map(str, fault["loc"])), "code": fault["type"], "message": fault["msg"]}
                for fault in error.errors(include_url=False, include_context=False, include_input=False)
            ]
            return {"line": number, "status": 422, "code": "invalid_fields", "errors": errors}
        except TwinpathError as error:
            status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
            return {"line": number, "status": status, "code": error.code, "detail": error.detail, **error.facts}
        except Exception as error:  # one line's mishap is not the others'
            _log.error("internal_error", path="/api/v1/commands", exc_info=error)
            detail = "Something went wrong here; it has been logged."
            return {"line": number, "status": 500, "code": "internal_error", "detail": detail}

    async def _accepted(self, line: bytes) -> Mapping[str, Any]:
        if len(line) > MOST_LINE_BYTES:
            raise MalformedRequest(f"A line may hold {MOST_LINE_BYTES} bytes.", code="line_too_long")
        asked = BulkLine.model_validate_json(line)
        declared = self._commands.get(asked.command)
        if declared is None:
            raise MalformedRequest(f"There is no command {asked.command!r}.", code="unknown_command")
        self._origin.caller.need(declared.endpoint.allow)
        category = declared.aggregate.category
        if not declared.kind.creates and not is_id(category, asked.id or ""):
            raise MalformedRequest(f"{asked.command} needs the id of a {category}.", code="malformed_id")
        command = await declared.build(self._bus, asked.id or "", declared.body.model_validate(asked.body))
        appended = await self._bus.handle(
            Envelope(
                command,
                actor=self._origin.actor,
                correlation_id=self._origin.correlation_id,
                traceparent=self._origin.traceparent,
                idempotency_key=asked.idempotency_key,
                expected_version=asked.expected_version,
                owner=self._origin.caller.owner,
            )
        )
        return {
            "status": 201 if command.creates else 200,
            declared.id_name: appended.stream,
            "version": appended.version,
            "causal_token": format_token(appended.log, appended.position),
        }


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


def _dumped(result: Mapping[str, Any]) -> bytes:
    return orjson.dumps(result, default=str) + b"\n"
