"""The same commands get the same answers one by one, in one bulk request, and from a process."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import example, given, settings
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

Answer = tuple[int, Any]
"""Status, and the version, or all that a refusal says."""

WORDS_OF_A_WAY = {"type", "title", "status", "instance", "line"}
"""What a refusal says besides, each way in its own form."""

DECLARED = declared_commands(STOCKROOM.aggregates)
NUMBERS = st.sampled_from(["A", "B"])
COUNTS = st.sampled_from([b"1", b"2.0", b"1e2", b"0", b'"1"', b"true", b"1.5", b"1e400", b"[", b"null"])
COMMANDS = st.one_of(
    st.tuples(st.just("add_part"), NUMBERS, COUNTS.map(lambda count: b'{"number": "NUMBER", "count": ' + count + b"}")),
    st.tuples(st.just("stock_part"), NUMBERS, COUNTS.map(lambda count: b'{"count": ' + count + b"}")),
    st.tuples(st.just("stock_part"), NUMBERS, st.sampled_from([b"{}", b'{"count": 1, "more": 2}', b"1", b"null"])),
    st.tuples(
        st.just("count_part"), NUMBERS, st.sampled_from([b"", b"{}", b'{"more": 2}', b"[]", b"null", b"7", b"["])
    ),
    st.tuples(st.just("stock_part"), st.sampled_from(["no id", ""]), st.just(b'{"count": 1}')),
    st.tuples(st.just("plan_job"), NUMBERS, st.just(b'{"part_id": "PART"}')),
)


def filled(command: Sent) -> Sent:
    name, number, body = command
    return name, number, body.replace(b"NUMBER", number.encode()).replace(b"PART", part_id_of(number).encode())


def id_of(number: str) -> str:
    return part_id_of(number) if number in ("A", "B") else number.replace(" ", "-") or "part-1"


def refused(problem: dict[str, Any], kind: str) -> dict[str, Any]:
    """What a refusal says, with the names that fields have in a single request."""
    said = {name: value for name, value in problem.items() if name not in WORDS_OF_A_WAY}
    for fault in said.get("errors", ()):
        named = f"{fault['field']}."
        fault["field"] = {"id.": f"{kind}."}.get(named, named.removeprefix("body.") or named).removesuffix(".")
    if said["code"] in ("malformed_json", "invalid_fields"):
        said["detail"] = said["detail"].startswith(("The ", "Not valid: "))
    return said


async def one_by_one(app: FastAPI, commands: Sequence[Sent]) -> list[Answer]:
    answers: list[Answer] = []
    for name, number, body in commands:
        path = DECLARED[name].path.replace("{part_id}", id_of(number))
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        answer = await Asked("POST", f"/api/v1{path}", headers, [body]).of(app)
        answers.append((answer.status, answer.json.get("version") or refused(answer.json, "part_id")))
    return answers


async def in_bulk(app: FastAPI, commands: Sequence[Sent]) -> list[Answer]:
    lines = []
    for key, (name, number, body) in enumerate(commands):
        target = b"" if DECLARED[name].kind.creates else b', "id": "%s"' % id_of(number).encode()
        line = b'{"command": "%s", "idempotency_key": "%d"%s%s}\n'
        lines.append(line % (name.encode(), key, target, b', "body": %s' % body if body else b""))
    request = await Asked("POST", "/api/v1/commands", [("Content-Type", "application/x-ndjson")], lines).of(app)
    return [(result["status"], result.get("version") or refused(result, "part_id")) for result in request.lines]


async def from_a_process(app: FastAPI, commands: Sequence[Sent]) -> list[Answer]:
    bus = app.state.bus
    answers: list[Answer] = []
    for key, (name, number, content) in enumerate(commands):
        declared = DECLARED[name]
        try:
            body = read_json(declared.body, content or b"{}")
        except ValueError:
            answers.append((0, "no command"))
            continue
        command: Any = await declared.build(bus.look, utc_now(), declared.id_of(id_of(number), body), body)
        try:
            appended = await bus.handle(Envelope(command, derived_id=f"process:{key}"))
            answers.append((201 if command.creates else 200, appended.version))
        except TwinpathError as error:
            answers.append((status_of(error), {"detail": error.detail, "code": error.code, **error.facts}))
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
@example([("add_part", "A", b'{"number": "A"}'), ("count_part", "A", b'{"more": 2}'), ("count_part", "A", b"")])
@example([("stock_part", "no id", b'{"count": 1}'), ("stock_part", "A", b'{"count": 0, "more": 1}')])
def test_the_way_of_a_command_makes_no_difference(commands: list[Sent]) -> None:
    single, bulk, process = asyncio.run(all_answers(commands))

    assert bulk == single
    for answer, told in zip(process, single, strict=True):
        assert answer == told or (told[0] in (400, 422) and told[1]["code"] in ("malformed_json", "invalid_fields"))


async def test_a_command_that_no_aggregate_handles_is_named() -> None:
    declared = DECLARED["stock_part"]
    app = InMemorySystem(STOCKROOM).app
    async with app.router.lifespan_context(app):
        body = read_json(declared.body, b'{"count": 1}')
        command = await declared.build(app.state.bus.look, utc_now(), "tool-1", body)
        with pytest.raises(UnhandledCommand, match="tool-1"):
            await app.state.bus.handle(Envelope(command))
