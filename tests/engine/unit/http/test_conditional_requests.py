"""Conditions and keys in headers: lists, several lines, weak tags, odd bytes; on commands and on queries alike."""

from collections.abc import AsyncIterator

import pytest
from starlette.types import ASGIApp

from tests.engine.support.requests import Asked
from tests.engine.workshop.application import WORKSHOP
from twinpath.testing import InMemorySystem

JSON = ("Content-Type", "application/json")
Lines = list[tuple[str, str | bytes]]


@pytest.fixture
async def app() -> AsyncIterator[ASGIApp]:
    app = InMemorySystem(WORKSHOP).app
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def repair(app: ASGIApp) -> str:
    """A repair at version 2."""
    body = b'{"subject": "Brakes", "message": "They squeak."}'
    opened = await Asked("POST", "/api/v1/repairs", [JSON], [body]).of(app)
    path = f"/api/v1/repairs/{opened.json['repair_id']}"
    await Asked("POST", f"{path}/notes", [JSON], [b'{"note": "Looked at."}']).of(app)
    return path


def lines(header: str, *values: str) -> Lines:
    return [(header, value) for value in values]


def matching(*values: str) -> Lines:
    return lines("If-Match", *values)


def none_matching(*values: str) -> Lines:
    return lines("If-None-Match", *values)


WELL_FORMED: list[tuple[Lines, bool, bool]] = [
    (matching('"2"'), True, True),
    (matching('"1"'), False, True),
    (matching('"1", "2"'), True, True),
    (matching('"1","3" ,\t"2"'), True, True),
    (matching(', "2",,'), True, True),
    (matching('"1"', '"2"'), True, True),
    (matching('"2"', '"1"'), True, True),
    (matching('W/"2"'), False, True),
    (matching('W/"2", "2"'), True, True),
    (matching("*"), True, True),
    (matching(" * "), True, True),
    (matching('"two"'), False, True),
    (matching('""'), False, True),
    (matching('"a,b", "2"'), True, True),
    (matching('"99999999999999999999"'), False, True),
    (matching('"\u00b2"'), False, True),
    (none_matching('"2"'), True, False),
    (none_matching('W/"2"'), True, False),
    (none_matching('"1"'), True, True),
    (none_matching('"1", W/"2"'), True, False),
    (none_matching('"1"', '"2"'), True, False),
    (none_matching("*"), True, False),
    (none_matching('"x"'), True, True),
    (matching('"2"') + none_matching('"1"'), True, True),
    (matching('"2"') + none_matching('"2"'), True, False),
    (matching('"1"') + none_matching('"2"'), False, False),
]


@pytest.mark.parametrize(("headers", "matches", "is_new"), WELL_FORMED)
async def test_a_command_takes_effect_only_where_its_conditions_hold(
    app: ASGIApp, repair: str, headers: Lines, matches: bool, is_new: bool
) -> None:
    answer = await Asked("POST", f"{repair}/notes", [JSON, *headers], [b'{"note": "n"}']).of(app)

    assert answer.status == (200 if matches and is_new else 412)
    if answer.status == 412:
        assert answer.json["code"] == "stale_version"


@pytest.mark.parametrize(("headers", "matches", "is_new"), WELL_FORMED)
async def test_a_query_answers_412_before_304_before_200(
    app: ASGIApp, repair: str, headers: Lines, matches: bool, is_new: bool
) -> None:
    answer = await Asked("GET", repair, headers).of(app)

    assert answer.status == (412 if not matches else 200 if is_new else 304)
    if answer.status == 304:
        assert (bytes(answer.content), answer.header("ETag")) == (b"", '"2"')


MALFORMED = ["", " ", ",", "2", '"2', '2"', "'2'", '"1" "2"', '"1";"2"', 'w/"2"', 'W/ "2"', '*, "2"', '"2" x', '"\x7f"']


@pytest.mark.parametrize("value", MALFORMED)
@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
async def test_a_malformed_condition_is_refused(app: ASGIApp, repair: str, header: str, value: str) -> None:
    command = await Asked("POST", f"{repair}/notes", [JSON, (header, value)], [b'{"note": "n"}']).of(app)
    query = await Asked("GET", repair, [(header, value)]).of(app)

    code = "malformed_" + header.lower().replace("-", "_")
    assert [(answer.status, answer.json["code"]) for answer in (command, query)] == [(400, code)] * 2


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (lines("Idempotency-Key", "a", "a"), "malformed_idempotency_key"),
        (lines("Idempotency-Key", ""), "malformed_idempotency_key"),
        (lines("Idempotency-Key", "a b"), "malformed_idempotency_key"),
        (lines("Idempotency-Key", "k" * 201), "malformed_idempotency_key"),
        (lines("Idempotency-Key", "\u00fc"), "malformed_idempotency_key"),
        (lines("Idempotency-Key", "a\x00"), "malformed_idempotency_key"),
        ([("Idempotency-Key", b"\xff\xfe")], "malformed_idempotency_key"),
        (lines("X-Actor", "ann", "bob"), "malformed_actor"),
        (lines("X-Actor", ""), "malformed_actor"),
    ],
)
async def test_a_key_or_an_actor_comes_once_and_readable(app: ASGIApp, repair: str, headers: Lines, code: str) -> None:
    answer = await Asked("POST", f"{repair}/notes", [JSON, *headers], [b'{"note": "n"}']).of(app)

    assert (answer.status, answer.json["code"]) == (400, code)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (lines("Causal-Token", "repair.0:0", "repair.1:0"), 200),
        (lines("X-Causal-Token", "repair.0:0") + lines("Causal-Token", "repair.1:0"), 200),
        (lines("Causal-Token", "repair.0:0", "x"), 400),
        (lines("Causal-Token", ""), 400),
        (lines("Causal-Token", "repair.0:\u00b2"), 400),
        ([("Causal-Token", b"\xff")], 400),
        (lines("X-Version", "2"), 200),
        (lines("X-Version", "2", "2"), 400),
        (lines("X-Version", "\u00b2"), 400),
        (lines("X-Version", ""), 400),
        (lines("X-Version", "-1"), 400),
    ],
)
async def test_several_tokens_are_waited_for_and_several_versions_are_refused(
    app: ASGIApp, repair: str, headers: Lines, status: int
) -> None:
    assert (await Asked("GET", repair, headers).of(app)).status == status


async def test_a_new_aggregate_can_be_asked_for_only_if_there_is_none(app: ASGIApp) -> None:
    body = b'{"subject": "Brakes", "message": "They squeak."}'

    created = await Asked("POST", "/api/v1/repairs", [JSON, *none_matching("*")], [body]).of(app)

    assert created.status == 201
