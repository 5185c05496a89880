"""The command endpoints over HTTP: what they answer, and how each kind of bad input is refused with nothing written."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.shop.support.desk import embedded_desk
from twinpath.ids import new_id

GOOD = {"subject": "Late parcel", "message": "Where is it?"}
PATH = "/api/v1/tickets"


@pytest.fixture
async def desk() -> AsyncIterator[httpx.AsyncClient]:
    async with embedded_desk() as client:
        yield client


async def opened(desk: httpx.AsyncClient) -> str:
    answer = await desk.post(PATH, json=GOOD)
    return str(answer.headers["Location"])


async def test_a_create_answers_with_location_version_etag_and_causal_token(desk: httpx.AsyncClient) -> None:
    answer = await desk.post(PATH, json=GOOD, headers={"X-Correlation-Id": "c-1"})

    body = answer.json()
    assert (answer.status_code, body["version"], body["status"]) == (201, 1, "accepted")
    assert answer.headers["Location"] == f"{PATH}/{body['ticket_id']}"
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["X-Correlation-Id"] == "c-1"
    assert answer.headers["Causal-Token"].startswith("ticket.")
    assert (await desk.get(answer.headers["Location"])).json()["subject"] == GOOD["subject"]


async def test_a_ticket_is_led_through_its_whole_life(desk: httpx.AsyncClient) -> None:
    path = await opened(desk)
    agent = {"X-Actor": "agent-ann"}

    steps = [
        await desk.put(f"{path}/status", json={"status": "triaged"}, headers=agent),
        await desk.post(f"{path}/notes", json={"note": "Called."}, headers=agent),
        await desk.post(f"{path}/close", json={"resolution": "Found."}, headers=agent),
    ]

    assert [(step.status_code, step.json()["version"]) for step in steps] == [(200, 2), (200, 3), (200, 4)]
    shown = (await desk.get(path)).json()
    assert (shown["status"], shown["resolution"], shown["notes"][0]["by"]) == ("closed", "Found.", "agent-ann")
    history = (await desk.get(f"{path}/history")).json()["items"]
    assert [item["actor"] for item in history] == ["anonymous", "agent-ann", "agent-ann", "agent-ann"]


async def test_a_repeated_key_is_answered_as_before_and_says_so(desk: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "k"}

    answers = await asyncio.gather(*(desk.post(PATH, json=GOOD, headers=key) for _ in range(50)))

    assert len({answer.text for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 49
    assert len((await desk.get(PATH)).json()["items"]) == 1


BAD_BODIES = [
    pytest.param(b'{"subject": "x", ', 400, "malformed_json", None, id="malformed JSON"),
    pytest.param(b"", 422, "invalid_fields", None, id="no body"),
    pytest.param(b"[]", 422, "invalid_fields", None, id="not an object"),
    pytest.param(b'{"message": "m"}', 422, "invalid_fields", "subject", id="a missing field"),
    pytest.param(b'{"subject": "s", "message": "m", "x": 1}', 422, "invalid_fields", "x", id="an unknown field"),
    pytest.param(b'{"subject": 7, "message": "m"}', 422, "invalid_fields", "subject", id="a wrong type"),
    pytest.param(b'{"subject": "  ", "message": "m"}', 422, "invalid_fields", "subject", id="blank text"),
    pytest.param(b'{"subject": "%s", "message": "m"}' % (b"x" * 201), 422, "invalid_fields", "subject", id="too long"),
    pytest.param(
        b'{"subject": "a\\u0000", "message": "m"}', 422, "invalid_fields", "subject", id="a control character"
    ),
    pytest.param(b'{"subject": "a\\nb", "message": "m"}', 422, "invalid_fields", "subject", id="two lines in one"),
    pytest.param(b'{"subject": "s", "message": "\\ud800"}', 400, "malformed_json", None, id="half a character"),
    pytest.param(
        b'{"subject": "s", "message": "m", "customer_id": "bob"}', 422, "invalid_fields", "customer_id", id="a bad id"
    ),
    pytest.param(b'{"subject": "\xff", "message": "m"}', 400, "malformed_json", None, id="not UTF-8"),
]


@pytest.mark.parametrize(("body", "status", "code", "field"), BAD_BODIES)
async def test_a_bad_body_is_refused_with_its_own_code_and_nothing_is_written(
    desk: httpx.AsyncClient, body: bytes, status: int, code: str, field: str | None
) -> None:
    answer = await desk.post(PATH, content=body, headers={"Content-Type": "application/json"})

    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    if field is not None:
        assert field in [error["field"] for error in problem["errors"]]
    assert (await desk.get(PATH)).json()["items"] == []


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        ({"Idempotency-Key": "two words"}, 400, "malformed_idempotency_key"),
        ({"Idempotency-Key": "x" * 201}, 400, "malformed_idempotency_key"),
        ({"X-Actor": ""}, 400, "malformed_actor"),
        ({"If-Match": "7"}, 400, "malformed_if_match"),
        ({"If-Match": '"x"'}, 412, "stale_version"),
    ],
)
async def test_a_bad_header_is_refused(
    desk: httpx.AsyncClient, headers: dict[str, str], status: int, code: str
) -> None:
    content = b'{"subject": "s", "message": "m"}'
    answer = await desk.post(PATH, content=content, headers={"Content-Type": "application/json", **headers})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await desk.get(PATH)).json()["items"] == []


@pytest.mark.parametrize(
    ("what", "body", "status", "code"),
    [
        ("status", {"status": "lost"}, 422, "invalid_fields"),
        ("status", {"status": "closed"}, 409, "close_needs_resolution"),
        ("notes", {"note": "x" * 5_001}, 422, "invalid_fields"),
        ("close", {"resolution": ""}, 422, "invalid_fields"),
    ],
)
async def test_a_bad_change_is_refused(
    desk: httpx.AsyncClient, what: str, body: dict[str, str], status: int, code: str
) -> None:
    path = await opened(desk)

    answer = await desk.request("PUT" if what == "status" else "POST", f"{path}/{what}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await desk.get(path)).json()["version"] == 1


async def test_unknown_and_malformed_ids_are_told_apart(desk: httpx.AsyncClient) -> None:
    unknown = await desk.post(f"{PATH}/{new_id('ticket')}/notes", json={"note": "n"})
    malformed = await desk.post(f"{PATH}/ticket-7/notes", json={"note": "n"})

    assert (unknown.status_code, unknown.json()["code"]) == (404, "ticket_not_found")
    assert (malformed.status_code, malformed.json()["errors"][0]["field"]) == (422, "ticket_id")


async def test_a_closed_ticket_refuses_with_the_rule_that_says_no(desk: httpx.AsyncClient) -> None:
    path = await opened(desk)
    await desk.post(f"{path}/close", json={"resolution": "r"})

    again = await desk.post(f"{path}/close", json={"resolution": "r"})

    assert (again.status_code, again.json()["code"]) == (409, "ticket_closed")
    assert (await desk.post(f"{path}/notes", json={"note": "late"})).status_code == 200


async def test_the_limits_stand_in_the_openapi_page(desk: httpx.AsyncClient) -> None:
    document = (await desk.get("/openapi.json")).json()

    subject = document["components"]["schemas"]["OpenTicketBody"]["properties"]["subject"]
    assert (subject["minLength"], subject["maxLength"]) == (1, 200)
    names = {parameter["name"] for parameter in document["paths"][PATH]["post"]["parameters"]}
    assert {"Idempotency-Key", "If-Match", "X-Actor"} <= names
