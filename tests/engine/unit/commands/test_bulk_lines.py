"""Bulk requests as clients really send them: cut, padded, marked, endless, unread. Nothing is lost in silence."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import orjson
import pytest
from starlette.types import ASGIApp

from tests.engine.support.requests import Asked
from tests.engine.support.stockroom import STOCKROOM, part_id_of
from twinpath.commands.lines.results import MOST_UNSENT_BYTES
from twinpath.http.settings import BulkLimits
from twinpath.testing import InMemorySystem

MOST_LINES = BulkLimits().bulk_lines

NDJSON = ("Content-Type", "application/x-ndjson")
BLANKS = b"\n" * 9_999


@pytest.fixture
async def app() -> AsyncIterator[ASGIApp]:
    app = InMemorySystem(STOCKROOM).app
    async with app.router.lifespan_context(app):
        yield app


def asked(*parts: bytes, length: int | None = None, **options: Any) -> Asked:
    declared = [] if length is None else [("Content-Length", str(length))]
    return Asked("POST", "/api/v1/commands", [NDJSON, *declared], parts, **options)


def adds(number: str, key: str = "", **body: Any) -> dict[str, Any]:
    return {"command": "add_part", "idempotency_key": key or number, "body": {"number": number, **body}}


def stocks(number: str, key: str, **body: Any) -> dict[str, Any]:
    return {"command": "stock_part", "idempotency_key": key, "id": part_id_of(number), "body": body or {"count": 1}}


def plans(number: str, key: str) -> dict[str, Any]:
    return {"command": "plan_job", "idempotency_key": key, "body": {"part_id": part_id_of(number)}}


def dumped(*lines: dict[str, Any], end: bytes = b"\n") -> bytes:
    return b"".join(orjson.dumps(line) + end for line in lines)


ONE, TWO = dumped(adds("A")), dumped(adds("B"))


@pytest.mark.parametrize(
    ("parts", "results"),
    [
        ([BLANKS + ONE + b"\n" + TWO], [(10_000, 201), (10_002, 201)]),
        ([b"\n" * 30_000 + ONE], [(30_001, 201)]),
        ([b"\n" * 7, b"\n \t\n", ONE, b"\n\n", TWO], [(10, 201), (13, 201)]),
        ([b"\xef\xbb\xbf" + ONE + TWO], [(1, 201), (2, 201)]),
        ([b"\xef", b"\xbb", b"\xbf", ONE], [(1, 201)]),
        ([b"\xef\xbb\xbf\n" + ONE], [(2, 201)]),
        ([ONE + b"\xef\xbb\xbf" + TWO], [(1, 201), (2, 400)]),
        ([ONE.rstrip(), b"\r\n", TWO.rstrip()], [(1, 201), (2, 201)]),
        ([ONE.rstrip() + b"\r" + TWO], [(1, 400)]),
        ([bytes([byte]) for byte in ONE], [(1, 201)]),
        ([dumped(adds("\u2028 \u2029 \u0085", key="k"))], [(1, 201)]),
    ],
)
async def test_each_command_has_its_result(app: ASGIApp, parts: list[bytes], results: list[tuple[int, int]]) -> None:
    request = await asked(*parts).of(app)

    assert [(result["line"], result["status"]) for result in request.lines] == results
    assert request.complete


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"command": "add_part\x00"}', "malformed_json"),
        (b'{"command": "add_part\\u0000"}', "unknown_command"),
        (b'{"command": "\xff"}', "malformed_json"),
        (b'{"command": "\\ud800"}', "malformed_json"),
        (b'{"command": 7}', "invalid_fields"),
        (b"[" * 20_000, "malformed_json"),
        (b'{"command": "add_part", "body": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}", "malformed_json"),
        (b"7", "invalid_fields"),
        (b"null", "invalid_fields"),
        (b'"\xc2\xa0"', "invalid_fields"),
        (b"x" * 65_537, "line_too_long"),
        (b'{"command": "%s"}' % (b"x" * 60_000), "unknown_command"),
        (dumped(adds("A", count="1")), "invalid_fields"),
        (dumped(adds("A", count=True)), "invalid_fields"),
        (dumped(adds("A")).replace(b'"A"}', b'"A","count":1e400}'), "invalid_fields"),
        (dumped(adds("A")).replace(b'"A"}', b'"A","count":%s}' % (b"9" * 4_000)), "invalid_fields"),
        (dumped(adds("A")).replace(b'"A"}', b'"A","count":%s}' % (b"9" * 5_000)), "malformed_json"),
        (dumped({**adds("A"), "id": part_id_of("A")}), "invalid_fields"),
        (dumped({**adds("A"), "expected_version": 10**15}), "invalid_fields"),
        (dumped({**stocks("A", "k"), "id": "part-1"}), "invalid_fields"),
        (dumped({**stocks("A", "k"), "id": None}), "invalid_fields"),
        (dumped({"command": "add_part", "idempotency_key": "k"}), "invalid_fields"),
        (dumped({"command": "add_part", "idempotency_key": "\u00fc", "body": {"number": "A"}}), "invalid_fields"),
    ],
)
async def test_a_hostile_line_is_refused_briefly_and_the_next_goes_on(app: ASGIApp, line: bytes, code: str) -> None:
    request = await asked(line.rstrip() + b"\n" + TWO).of(app)

    refused, accepted = request.lines
    assert (refused["code"], accepted["status"]) == (code, 201)
    assert len(request.content) < 2_000


@pytest.mark.parametrize("parts", [[b""], [b"\n\n \r\n"], [b"\xef\xbb\xbf"]])
async def test_a_request_without_a_command_is_no_quiet_200(app: ASGIApp, parts: list[bytes]) -> None:
    request = await asked(*parts).of(app)

    assert (request.status, request.json["code"]) == (400, "no_lines")


async def test_a_body_that_did_not_arrive_is_refused(app: ASGIApp) -> None:
    request = await asked(b"", length=len(ONE)).of(app)

    assert (request.status, request.json["code"]) == (400, "incomplete_body")


async def test_a_body_shorter_than_declared_carries_out_its_whole_lines_and_says_so(app: ASGIApp) -> None:
    request = await asked(ONE, TWO.rstrip(), length=len(ONE) + len(TWO) + 100).of(app)

    first, end = request.lines
    assert (first["status"], end["status"], end["code"]) == (201, 400, "incomplete_body")
    again = await asked(TWO).of(app)
    assert again.lines[0]["version"] == 1


async def test_a_client_that_goes_away_gets_no_end_of_an_answer_and_its_whole_lines_are_carried_out(
    app: ASGIApp,
) -> None:
    request = await asked(ONE, TWO.rstrip()[:-1], goes_away=True).of(app)

    assert not request.complete
    again = await asked(dumped(adds("A", key="other"), adds("B", key="other-b"))).of(app)
    assert [result.get("code", "new") for result in again.lines] == ["part_exists", "new"]


async def test_too_many_lines_are_refused_by_name_and_the_client_comes_to_its_end(app: ASGIApp) -> None:
    request = await asked(*[b"1\n" * 1_000] * 15).of(app)

    assert len(request.lines) == MOST_LINES + 1
    assert (request.lines[-1]["line"], request.lines[-1]["code"]) == (MOST_LINES + 1, "too_many_lines")
    assert request.sent_all.is_set()


def _all_in_turn() -> Iterable[dict[str, Any]]:
    for number in range(60):
        name = f"P{number}"
        yield stocks(name, f"early-{name}")
        yield adds(name, count=3)
        yield plans(name, f"first-{name}")
        yield stocks(name, f"more-{name}", count=2)
        yield plans(name, f"second-{name}")
        yield adds(name, key=f"again-{name}")


async def test_a_line_sees_what_the_lines_before_it_did_and_nothing_of_those_after(app: ASGIApp) -> None:
    request = await asked(dumped(*_all_in_turn())).of(app)

    statuses = [result["status"] for result in request.lines]
    assert statuses == [404, 201, 201, 200, 201, 409] * 60
    async with asyncio.timeout(5):
        store = app.state.bus  # type: ignore[attr-defined]
        jobs = [result["job_id"] for result in request.lines if "job_id" in result]
        stocks_seen = [(await store.look(job)).stock for job in jobs]
    assert stocks_seen == [3, 5] * 60


async def test_an_id_that_is_written_with_escapes_is_waited_for_too(app: ASGIApp) -> None:
    plan = dumped(plans("A", "k")).replace(b"part-", b"p\\u0061rt\\u002d")

    request = await asked(ONE + plan).of(app)

    assert [result["status"] for result in request.lines] == [201, 201]


async def test_a_client_that_sends_all_before_it_reads_gets_every_result(app: ASGIApp) -> None:
    lines = MOST_LINES // 5  # in a fifth of the time
    request = asked(*(dumped(adds(f"N{n}")) for n in range(lines)), reads_late=True)
    serving = asyncio.create_task(request.of(app))
    await asyncio.wait_for(request.sent_all.wait(), 20)
    request.reads.set()
    await serving

    assert [result["status"] for result in request.lines] == [201] * lines
    assert len(request.content) < MOST_UNSENT_BYTES // 5


async def test_a_client_that_never_reads_is_refused_further_lines_and_costs_little(app: ASGIApp) -> None:
    wrong = dumped({"command": "add_part", "idempotency_key": "k", "body": {f"{n}" * 50: n for n in range(20)}})
    request = asked(*[wrong] * MOST_LINES, reads_late=True)
    serving = asyncio.create_task(request.of(app))
    await asyncio.wait_for(request.sent_all.wait(), 20)
    request.reads.set()
    await serving

    codes = [result["code"] for result in request.lines]
    assert len(codes) == MOST_LINES
    first = codes.index("results_not_read")
    assert set(codes[:first]) == {"invalid_fields"}
    assert set(codes[first:]) == {"results_not_read"}
    assert len(request.content) < 3 * MOST_UNSENT_BYTES
