"""The same commands get the same answers one by one, in one bulk request, and from a process."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.support.requests import Asked
from tests.engine.support.stockroom import STOCKROOM, part_id_of
from twinpath.clock import utc_now
from twinpath.commands.endpoints import declared_commands
from twinpath.commands.envelope import Envelope
from twinpath.errors import TwinpathError, UnhandledCommand
from twinpath.http.json_bodies import read_json
from twinpath.http.problem_details import status_of
from twinpath.testing import InMemorySystem

Sent = tuple[str, str, bytes]
"""The name of a command, the number of its part, and its body."""

Answer = tuple[int, str | int]
"""Status, and the version or the code of the refusal."""

DECLARED = declared_commands(STOCKROOM.aggregates)
NUMBERS = st.sampled_from(["A", "B"])
COUNTS = st.sampled_from([b"1", b"2.0", b"1e2", b"0", b'"1"', b"true", b"1.5", b"1e400", b"[", b"null"])
COMMANDS = st.one_of(
    st.tuples(st.just("add_part"), NUMBERS, COUNTS.map(lambda count: b'{"number": "NUMBER", "count": ' + count + b"}")),
    st.tuples(st.just("stock_part"), NUMBERS, COUNTS.map(lambda count: b'{"count": ' + count + b"}")),
    st.tuples(st.just("stock_part"), NUMBERS, st.sampled_from([b"{}", b'{"count": 1, "more": 2}', b"1", b"null"])),
    st.tuples(st.just("plan_job"), NUMBERS, st.just(b'{"part_id": "PART"}')),
)


def filled(command: Sent) -> Sent:
    name, number, body = command
    return name, number, body.replace(b"NUMBER", number.encode()).replace(b"PART", part_id_of(number).encode())


async def one_by_one(app: FastAPI, commands: Sequence[Sent]) -> list[Answer]:
    answers: list[Answer] = []
    for name, number, body in commands:
        path = DECLARED[name].path.replace("{part_id}", part_id_of(number))
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        answer = await Asked("POST", f"/api/v1{path}", headers, [body]).of(app)
        answers.append((answer.status, answer.json.get("version") or answer.json["code"]))
    return answers


async def in_bulk(app: FastAPI, commands: Sequence[Sent]) -> list[Answer]:
    lines = []
    for key, (name, number, body) in enumerate(commands):
        target = b"" if DECLARED[name].kind.creates else b', "id": "%s"' % part_id_of(number).encode()
        line = b'{"command": "%s", "idempotency_key": "%d"%s, "body": %s}\n'
        lines.append(line % (name.encode(), key, target, body))
    request = await Asked("POST", "/api/v1/commands", [("Content-Type", "application/x-ndjson")], lines).of(app)
    return [(result["status"], result.get("version") or result["code"]) for result in request.lines]


async def from_a_process(app: FastAPI, commands: Sequence[Sent]) -> list[Answer]:
    bus = app.state.bus
    answers: list[Answer] = []
    for key, (name, number, content) in enumerate(commands):
        declared = DECLARED[name]
        try:
            body = read_json(declared.body, content)
        except ValueError:
            answers.append((0, "no command"))
            continue
        command: Any = await declared.build(bus.look, utc_now(), declared.id_of(part_id_of(number), body), body)
        try:
            appended = await bus.handle(Envelope(command, derived_id=f"process:{key}"))
            answers.append((201 if command.creates else 200, appended.version))
        except TwinpathError as error:
            answers.append((status_of(error), error.code))
    return answers


async def all_answers(commands: Sequence[Sent]) -> list[list[Answer]]:
    answers = []
    for way in (one_by_one, in_bulk, from_a_process):
        app = InMemorySystem(STOCKROOM).app
        async with app.router.lifespan_context(app):
            answers.append(await way(app, commands))
    return answers


@settings(max_examples=settings().max_examples // 5)
@given(commands=st.lists(COMMANDS.map(filled), min_size=1, max_size=12))
def test_the_way_of_a_command_makes_no_difference(commands: list[Sent]) -> None:
    single, bulk, process = asyncio.run(all_answers(commands))

    assert bulk == single
    for answer, told in zip(process, single, strict=True):
        assert answer == told or (answer == (0, "no command") and told[0] in (400, 422))


async def test_a_command_that_no_aggregate_handles_is_named() -> None:
    declared = DECLARED["stock_part"]
    app = InMemorySystem(STOCKROOM).app
    async with app.router.lifespan_context(app):
        body = read_json(declared.body, b'{"count": 1}')
        command = await declared.build(app.state.bus.look, utc_now(), "tool-1", body)
        with pytest.raises(UnhandledCommand, match="tool-1"):
            await app.state.bus.handle(Envelope(command))
