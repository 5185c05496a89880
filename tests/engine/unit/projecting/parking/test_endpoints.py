"""The operator's endpoints on parked streams: who may use them, and what they answer."""

from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from tests.engine.support.commanding import seals_of
from tests.engine.support.poisoning import AlsoSeen, Notes, Seen, in_one_log, shown
from tests.engine.workshop.application import EVENTS
from tests.support.clocks import Ticking
from twinpath.identity.authentication import CALLER
from twinpath.identity.caller import Caller
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.projecting.operators import PATH, admin_app
from twinpath.projecting.parking.endpoints import parked_routes
from twinpath.projecting.parking.repairs import Repairs

JSON = {"Content-Type": "application/json"}
OPERATOR = Caller("keys", "operator", frozenset(["operate:*"]))
FIRST, SECOND, THIRD = STREAMS = in_one_log(3)


class Desk:
    """Three streams of four notes, parked for `seen` from the second on, one for `also_seen`."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.seen, self.also = Seen(), AlsoSeen()

    def client(self, caller: Caller = OPERATOR) -> httpx.AsyncClient:
        known = {one.name: (one, self.notes.views) for one in (self.seen, self.also)}
        seals = seals_of(InMemoryKeyStore())
        parked = Repairs(known, self.notes.views, self.notes.store, seals, EVENTS, Ticking())
        admin = Starlette(routes=[Mount(PATH, admin_app([parked_routes(parked)]))])

        async def asked(scope: Scope, receive: Receive, send: Send) -> None:
            await admin({**scope, "state": {CALLER: caller}}, receive, send)

        return httpx.AsyncClient(transport=httpx.ASGITransport(asked), base_url="http://projector/admin/v1")

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.client().get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any) -> Any:
        answer = await self.client().post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def desk() -> Desk:
    notes = Notes()
    for _ in range(4):
        for stream in STREAMS:
            await notes.add(stream)
    await notes.project(Seen(poison=[f"{stream}@2" for stream in STREAMS]), AlsoSeen(poison=[f"{FIRST}@1"]))
    return Desk(notes)


@pytest.mark.parametrize("path", ["/parked", "/parked/retry", "/parked/seen/x", "/parked/skipped"])
async def test_nobody_sees_what_is_parked_without_the_permission(desk: Desk, path: str) -> None:
    for caller, status in ((Caller("", ""), 401), (Caller("keys", "k", frozenset(["orders:*"])), 403)):
        answer = await desk.client(caller).get(path)
        assert answer.status_code == status
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/parked/retry", "/parked/seen/x/skip"])
async def test_who_sees_what_is_parked_does_not_repair_it(desk: Desk, path: str) -> None:
    caller = Caller("keys", "k", frozenset(["operate:read"]))
    answer = await desk.client(caller).post(path, content=b"{not even read", headers=JSON)
    assert (answer.status_code, answer.json().get("permission")) == (403, "operate:repair"), answer.text
    assert (await desk.client(caller).get("/parked")).status_code == 200


async def test_parked_streams_come_in_pages(desk: Desk) -> None:
    first = await desk.client().get("/parked", params={"projection": "seen", "limit": 2})
    assert [item["stream"] for item in first.json()["items"]] == [FIRST, SECOND]
    rest = await desk.client().get(first.url.join(first.links["next"]["url"]))

    assert [item["stream"] for item in rest.json()["items"]] == [THIRD]
    assert rest.json()["next"] is None
    assert "next" not in rest.links
    assert first.json()["next"] == f"seen/{SECOND}"
    assert [item["projection"] for item in (await desk.get("/parked"))["items"]] == ["also_seen"] + ["seen"] * 3
    item = rest.json()["items"][0]
    assert (item["version"], item["position"], item["last"], item["events"], item["attempts"]) == (2, 6, 4, 3, 1)
    assert item["reason"].endswith(f"can't take {THIRD}@2")
    assert item["parked_at"].endswith("Z")


async def test_one_parked_stream_is_shown_with_what_waits_and_what_todays_code_says(desk: Desk) -> None:
    mended = await desk.get(f"/parked/seen/{FIRST}")
    desk.seen.poison = {f"{FIRST}@2"}
    poisoned = await desk.get(f"/parked/seen/{FIRST}")

    assert mended["now"] is None
    assert poisoned["now"] == f"ValueError: can't take {FIRST}@2"
    assert [(event["version"], event["type"]) for event in mended["waiting"]] == [
        (version, "repair.note_added") for version in (2, 3, 4)
    ]
    assert "data" not in mended["waiting"][0]


async def test_a_plan_changes_nothing_and_a_retry_does_what_it_says(desk: Desk) -> None:
    plan = await desk.get("/parked/retry", projection="seen", limit=5)
    assert [one["stream"] for one in plan["first"]] == [FIRST, SECOND]
    assert (plan["events"], plan["streams"], plan["total_streams"], plan["total_events"]) == (5, 2, 3, 9)
    assert plan == await desk.get("/parked/retry", projection="seen", limit=5)

    desk.seen.poison = {f"{FIRST}@3"}
    report = await desk.post("/parked/retry", {"projection": "seen", "limit": 5})

    assert (report["applied"], report["freed"], report["failed"], report["finished"]) == (4, 1, 1, True)
    assert [(one["stream"], one["version"]) for one in report["first_failed"]] == [(FIRST, 3)]
    assert (await shown(desk.notes.views, desk.seen))[SECOND] == [1, 2, 3, 4]
    desk.seen.poison = set()
    assert (await desk.post("/parked/retry", {}))["freed"] == 3
    assert await shown(desk.notes.views, desk.seen) == await desk.notes.all()
    assert (await desk.get("/parked"))["items"] == []


async def test_ten_as_a_float_is_an_integer(desk: Desk) -> None:
    desk.seen.poison = {f"{stream}@2" for stream in STREAMS}

    assert (await desk.post("/parked/retry", {"projection": "seen", "limit": 2.0}))["failed"] == 2


async def test_skipping_is_kept_with_its_reason(desk: Desk) -> None:
    body = {"version": 2, "by": " ann ", "why": "an old bug"}

    waiting = (await desk.post(f"/parked/seen/{FIRST}/skip", body))["waiting"]

    assert (waiting["version"], waiting["events"], waiting["reason"]) == (3, 2, None)
    [skipped] = (await desk.get("/parked/skipped", projection="seen"))["items"]
    assert (skipped["version"], skipped["skipped_by"], skipped["why"]) == (2, "ann", "an old bug")
    assert skipped["reason"].endswith(f"can't take {FIRST}@2")
    assert (await desk.get("/parked/skipped", projection="also_seen"))["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", f"/parked/seen/{FIRST}x", None, 404, "not_parked"),
        ("GET", "/parked/retry?projection=nothing", None, 404, "no_such_projection"),
        ("GET", f"/parked/retry?stream={FIRST}x", None, 404, "not_parked"),
        ("GET", "/parked?limit=0", None, 422, "invalid_fields"),
        ("GET", "/parked?limit=101", None, 422, "invalid_fields"),
        ("GET", "/nothing", None, 404, "no_such_route"),
        ("POST", "/parked", {}, 405, "method_not_allowed"),
        ("GET", "/parked?limits=1", None, 422, "invalid_fields"),
        ("GET", "/parked?limit=1&limit=2", None, 422, "invalid_fields"),
        ("GET", f"/parked/seen/{FIRST}?limit=1", None, 422, "invalid_fields"),
        ("POST", "/parked/retry?dry_run=true", {}, 422, "invalid_fields"),
        ("POST", "/parked/retry", {"limit": 0}, 422, "invalid_fields"),
        ("POST", "/parked/retry", {"limit": "10"}, 422, "invalid_fields"),
        ("POST", "/parked/retry", {"limit": True}, 422, "invalid_fields"),
        ("POST", "/parked/retry", {"limit": 10.5}, 422, "invalid_fields"),
        ("POST", f"/parked/seen/{FIRST}/skip", {"version": "2", "by": "a", "why": "b"}, 422, "invalid_fields"),
        ("POST", "/parked/retry", {"projections": "seen"}, 422, "invalid_fields"),
        ("POST", "/parked/retry", {"stream": "x"}, 404, "not_parked"),
        ("POST", f"/parked/seen/{FIRST}/skip", {"version": 3, "by": "a", "why": "b"}, 409, "not_first"),
        ("POST", f"/parked/seen/{FIRST}/skip", {"version": 2, "by": "a", "why": " "}, 422, "invalid_fields"),
        ("POST", f"/parked/seen/{FIRST}/skip", {"version": 2, "by": "a"}, 422, "invalid_fields"),
        ("POST", f"/parked/seen/{FIRST}x/skip", {"version": 2, "by": "a", "why": "b"}, 404, "not_parked"),
    ],
)
async def test_what_can_not_be_done_is_a_problem(
    desk: Desk, method: str, path: str, body: Any, status: int, code: str
) -> None:
    answer = await desk.client().request(method, path, json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["instance"] == f"/admin/v1{path.partition('?')[0]}"
    assert await desk.notes.views.parked.totals(None) == (4, 13)


async def test_a_body_that_is_no_json_is_a_problem(desk: Desk) -> None:
    malformed = await desk.client().post("/parked/retry", content=b"{", headers={"Content-Type": "application/json"})
    form = await desk.client().post("/parked/retry", data={"limit": "1"})

    assert (malformed.status_code, malformed.json()["code"]) == (400, "malformed_json")
    assert (form.status_code, form.json()["code"]) == (415, "unsupported_media_type")
