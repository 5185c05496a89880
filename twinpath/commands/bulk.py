"""POST /commands: many commands as NDJSON, one a line with its own idempotency key; one result a line, in order.

Lines are carried out side by side, so that they share group commits, with the results that they have one by one: a line
sees what the lines before it did to the aggregates that it names, and nothing that the lines after it do.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Annotated, Any

import orjson
import structlog
from fastapi import Request, Response
from pydantic import BaseModel, Field, ValidationError, create_model
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from twinpath.commands.accepting import acting, bus_of
from twinpath.commands.admission import Admission
from twinpath.commands.bus import CommandBus
from twinpath.commands.endpoints import Body, DeclaredCommand
from twinpath.commands.envelope import Envelope
from twinpath.commands.lines.reading import MOST_LINE_BYTES, lines_of
from twinpath.commands.lines.results import Results
from twinpath.commands.lines.turns import Turns, ids_in
from twinpath.domain.aggregate import Command
from twinpath.errors import CommitTooLarge, MalformedRequest, TwinpathError, Unavailable
from twinpath.http.causal_token import format_token
from twinpath.http.headers import joined_headers
from twinpath.http.json_bodies import read_json
from twinpath.http.parameters import refuse_parameters
from twinpath.http.problem_details import faults_of, invalid_fields, is_no_json, status_of
from twinpath.http.settings import BulkLimits
from twinpath.identity.authentication import caller_of, need, put_on_record
from twinpath.identity.caller import Caller
from twinpath.ids import id_pattern
from twinpath.observability.traceparent import readable

_log = structlog.get_logger(__name__)


class BulkLine(Body):
    """One command: `id` names the aggregate unless the command creates it; `body` is that of the command's endpoint."""

    command: str = Field(examples=["create_product"])
    idempotency_key: str = Field(pattern=r"^[\x21-\x7e]{1,200}$")
    id: str | None = None
    expected_version: int | None = Field(None, ge=1, lt=10**15)
    body: Any = None


class _Named(BaseModel):
    """A line as far as it says which command it is."""

    command: str


@dataclass(frozen=True, slots=True)
class Origin:
    """The part that all lines of a request share."""

    actor: str
    correlation_id: str
    traceparent: str | None
    caller: Caller
    scope: Scope


class Bulk:
    """Answers bulk requests with these commands, by their stored names."""

    def __init__(self, commands: Mapping[str, DeclaredCommand], limits: BulkLimits | None = None) -> None:
        self.commands = commands
        self.limits = limits or BulkLimits()
        self._models = {name: (command, _line_model(command)) for name, command in commands.items()}
        self._open = 0

    @staticmethod
    async def answer(request: Request) -> Response:
        """Carry out the lines of a request; the answer begins while the body is still read. Raises Unavailable."""
        bulk: Bulk = request.app.state.bulk
        return await bulk._answer(request)

    async def _answer(self, request: Request) -> Response:
        most = self.limits.bulk_requests
        if self._open >= most:
            raise Unavailable(f"{most} bulk requests are under way here.", code="too_many_bulk_requests")
        refuse_parameters(request)
        headers = joined_headers(request.scope)
        trace = readable(headers.get("traceparent"))
        actor, owner = await acting(request, headers)
        caller = replace(caller_of(request), owner=owner)
        origin = Origin(actor, request.scope["state"]["correlation_id"], trace, caller, request.scope)
        length = headers.get("content-length", "")
        lines = _Lines(bus_of(request), request.app.state.admission, self._models, origin, self.limits.bulk_lines)
        return _Answer(self, lines, int(length) if length.isdigit() else None)

    def opened(self, change: int) -> None:
        """Note one request more or less."""
        self._open += change


class _Answer(Response):
    """Reads and carries out lines while it sends results: neither waits for the other."""

    def __init__(self, bulk: Bulk, lines: "_Lines", length: int | None) -> None:
        super().__init__()
        self._bulk = bulk
        self._lines = lines
        self._length = length

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._bulk.opened(1)
        results = Results()
        reading = asyncio.create_task(self._lines.read(receive, self._length, results), name="bulk lines")
        try:
            await results.send(send)
            reading.cancel()  # where nobody reads what is sent; otherwise it is through
            await results.settled()
        except asyncio.CancelledError:
            results.cancel()
            raise
        finally:
            reading.cancel()
            self._bulk.opened(-1)


_Commands = Mapping[str, tuple[DeclaredCommand, type[BulkLine]]]


class _Lines:
    """Reads the lines of a request and carries them out: so many side by side as `Results` takes, or a single line
    while the service is busy enough."""

    def __init__(self, bus: CommandBus, admission: Admission, commands: _Commands, origin: Origin, most: int) -> None:
        self._bus = bus
        self._admission = admission
        self._commands = commands
        self._origin = origin
        self._most = most
        self._turns = Turns()

    async def read(self, receive: Receive, length: int | None, results: Results) -> None:
        """Add each line to the results; what can't be carried out is read all the same, so that the client comes to
        the end of its request and reads why."""
        number, count = 0, 0
        try:
            async for number, line in lines_of(receive, length):
                count += 1
                if count > self._most:
                    await self._refuse_rest(receive, number, results)
                    return
                if not await results.are_read():
                    results.add(0, _at_once(number, _UNREAD))
                    continue
                while not results.takes(len(line)) or (results.in_hand and not self._admission.has_room):
                    await results.moved()
                results.add(len(line), self._carry_out(number, line))
            empty = MalformedRequest("The request holds no command: send one a line.", code="no_lines")
            results.close(None if count else empty)
        except MalformedRequest as error:
            results.close(error, _refused(number + 1, error))
        except ClientDisconnect:
            results.cut()
        except Exception as error:  # the answer must end, whatever it was
            _log.error("internal_error", path="/api/v1/commands", exc_info=error)
            results.cut()

    async def _refuse_rest(self, receive: Receive, number: int, results: Results) -> None:
        detail = f"A request may hold {self._most} lines; this line and the rest were not carried out: send them anew."
        results.add(0, _at_once(number, CommitTooLarge(detail, code="too_many_lines")))
        async for _ in lines_of(receive, None):
            pass
        results.close()

    async def _carry_out(self, number: int, line: bytes) -> bytes:
        """The result of one line."""
        try:
            return _dumped({"line": number, **await self._accepted(number, line)})
        except ValidationError as error:
            faults = faults_of(error)
            if is_no_json(faults):
                return _refused(number, MalformedRequest("The line is not JSON.", code="malformed_json"))
            detail, fields = invalid_fields(faults)
            refusal = {"line": number, "status": 422, "code": "invalid_fields", "detail": detail, "errors": fields}
            return _dumped(refusal)
        except TwinpathError as error:
            return _refused(number, error)
        except Exception as error:  # one line's mishap is not the others'
            _log.error("internal_error", path="/api/v1/commands", exc_info=error)
            detail = "Something went wrong here; it has been logged."
            return _dumped({"line": number, "status": 500, "code": "internal_error", "detail": detail})

    async def _accepted(self, number: int, line: bytes) -> Mapping[str, Any]:
        """Nothing is awaited before the turn is taken, so that turns are taken in the order of the lines."""
        declared, asked = self._asked(line)
        stream = declared.id_of(asked.id or "", asked.body)

        async def changed_before(other: str) -> None:
            await self._turns.changed_before(number, other)

        look = self._bus.look_of(self._origin.caller.owner).after(changed_before)
        with self._turns.taken(number, stream, ids_in(line)) as turn:
            await turn.come()
            await put_on_record(self._origin.scope, declared.endpoint.allow, command=declared.kind.type)
            entered = self._admission.enter()
            try:
                return await self._handled(
                    declared, asked, await declared.build(look, self._bus.clock(), stream, asked.body)
                )
            finally:
                self._admission.leave(entered)

    def _asked(self, line: bytes) -> tuple[DeclaredCommand, BulkLine]:
        """The line, read as a single command's body is. Raises MalformedRequest, ValidationError."""
        if len(line) > MOST_LINE_BYTES:
            raise MalformedRequest(f"A line may hold {MOST_LINE_BYTES} bytes.", code="line_too_long")
        name = read_json(_Named, line).command
        if name not in self._commands:
            raise MalformedRequest(f"There is no command {name[:100]!r}.", code="unknown_command")
        declared, model = self._commands[name]
        need(self._origin.scope, declared.endpoint.allow, name)
        return declared, read_json(model, line)

    async def _handled(self, declared: DeclaredCommand, asked: BulkLine, command: Command) -> Mapping[str, Any]:
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


_UNREAD = Unavailable(
    "Not carried out: the results before were not read. Read them while you send, or send fewer lines.",
    code="results_not_read",
)


@lru_cache(maxsize=256)
def _line_model(declared: DeclaredCommand) -> type[BulkLine]:
    """A line with this command: its body and its id are read as those of the command's endpoint, in one go."""
    default: Any = ... if declared.takes_body else declared.body()
    an_id: Any = (Annotated[str, Field(pattern=id_pattern(declared.aggregate.category))], ...)
    fields: dict[str, Any] = {"body": (declared.body, default), "id": (None, None) if declared.kind.creates else an_id}
    return create_model(f"{declared.kind.__name__}Line", __base__=BulkLine, **fields)


async def _at_once(number: int, error: TwinpathError) -> bytes:
    return _refused(number, error)


def _refused(number: int, error: TwinpathError) -> bytes:
    refusal = {"line": number, "status": status_of(error), "code": error.code, "detail": error.detail}
    return _dumped({**refusal, **error.facts})


def _dumped(result: Mapping[str, Any]) -> bytes:
    return orjson.dumps(result, default=str) + b"\n"
