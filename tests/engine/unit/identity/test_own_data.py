"""A caller whose token names an owner reaches that owner's documents alone, by whatever way it asks."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from itertools import product
from typing import Any

import httpx
import orjson
import pytest

from tests.engine.workshop.application import WORKSHOP
from tests.support.issuer import AUDIENCE, ISSUER, Issuer
from tests.support.live_client import listening
from twinpath.identity.access_tokens import AccessTokens, TokenRules
from twinpath.identity.authentication import Authentication
from twinpath.identity.signing_keys import SigningKeys
from twinpath.testing.in_memory import InMemorySystem

API = "/api/v1"
ROLES = {
    "staff": ("*",),
    "limited": ("own",),
    "owner": ("repairs:read", "repairs:open", "repairs:work", "owners:read", "owners:write", "history:read", "bulk"),
}


class Workshop:
    """The workshop in memory, with two owners who have a repair each, and staff."""

    def __init__(self, client: httpx.AsyncClient, issuer: Issuer, app: Any) -> None:
        self.client, self.issuer, self.app = client, issuer, app
        self.owners: dict[str, str] = {}
        self.repairs: dict[str, str] = {}

    def as_(self, name: str) -> dict[str, str]:
        """The headers of a caller."""
        claims = {"owner": self.owners[name], "roles": ["owner"]} if name in self.owners else {"roles": [name]}
        token = self.issuer.token(time.time(), sub=name, **claims)
        return {"Authorization": f"Bearer {token}"}

    async def fill(self) -> None:
        """Register the two owners; each brings a car, about which staff makes a note."""
        staff = self.as_("staff")
        for name in ("ada", "bob"):
            body = {"name": name, "email": f"{name}@example.org"}
            registered = await self.client.post(f"{API}/owners", json=body, headers=staff)
            self.owners[name] = registered.json()["owner_id"]
            body = {"subject": f"{name}'s car", "message": "It squeaks.", "owner_id": self.owners[name]}
            opened = await self.client.post(f"{API}/repairs", json=body, headers=self.as_(name))
            assert opened.status_code == 201, opened.text
            self.repairs[name] = opened.json()["repair_id"]
            path = f"{API}/repairs/{self.repairs[name]}/notes"
            noted = await self.client.post(path, json={"note": "a grumbler"}, headers=staff)
            assert noted.status_code == 200, noted.text

    async def get(self, name: str, path: str) -> httpx.Response:
        """What a caller is answered."""
        return await self.client.get(f"{API}{path}", headers=self.as_(name))


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    issuer = Issuer()
    keys = SigningKeys(ISSUER, transport=issuer.transport)
    rules = TokenRules(ISSUER, AUDIENCE, ("ES256",), owner_claim="owner", roles=ROLES)
    system = InMemorySystem(WORKSHOP, authentication=Authentication(AccessTokens(rules, keys)))
    transport = httpx.ASGITransport(system.app)
    async with (
        system.app.router.lifespan_context(system.app),
        httpx.AsyncClient(transport=transport, base_url="http://workshop") as client,
    ):
        made = Workshop(client, issuer, system.app)
        await made.fill()
        yield made
    await keys.close()


async def test_no_route_shows_an_owner_what_is_anothers(workshop: Workshop) -> None:
    """Every GET that the engine made, with Bob's ids where it takes one, asked by Ada."""
    theirs = {"repair_id": workshop.repairs["bob"], "owner_id": workshop.owners["bob"]}
    asked = 0
    for path, operations in workshop.app.openapi()["paths"].items():
        names = re.findall(r"{(\w+)}", path)
        if "get" not in operations or (path.endswith("/events") and not names):
            continue
        choices = [{"stream": theirs["repair_id"]}, {"stream": theirs["owner_id"]}] if names == ["stream"] else [theirs]
        for ids in choices:
            answer = await workshop.get("ada", path.removeprefix(API).format(**ids))
            asked += 1
            assert b"bob" not in answer.content, path
            assert b"grumbler" not in answer.content, path
            if names:
                assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert asked >= 12


async def test_an_owner_is_shown_its_own_without_what_is_internal(workshop: Workshop) -> None:
    repair, owner = workshop.repairs["ada"], workshop.owners["ada"]

    shown = (await workshop.get("ada", f"/repairs/{repair}")).json()
    assert (shown["subject"], shown["notes"], shown["note_count"]) == ("ada's car", [], 0)
    listed = (await workshop.get("ada", "/repairs")).json()["items"]
    assert [(row["repair_id"], row["has_note"], row["note_preview"]) for row in listed] == [(repair, False, None)]
    assert [row["owner_id"] for row in (await workshop.get("ada", "/owners")).json()["items"]] == [owner]
    history = (await workshop.get("ada", f"/repairs/{repair}/history")).json()["items"]
    assert [(entry["type"], entry["actor"]) for entry in history] == [("repair.opened", None)]


async def test_staff_sees_everything(workshop: Workshop) -> None:
    assert len((await workshop.get("staff", "/repairs")).json()["items"]) == 2
    shown = (await workshop.get("staff", f"/repairs/{workshop.repairs['bob']}")).json()
    assert shown["note_count"] == 1
    assert len((await workshop.get("staff", f"/history/{workshop.repairs['bob']}")).json()["items"]) == 2


@pytest.mark.parametrize("query", ["has_note=true", "has_note=false"])
async def test_an_owner_does_not_select_by_what_is_internal(workshop: Workshop, query: str) -> None:
    assert (await workshop.get("ada", f"/repairs?{query}")).status_code == 403


async def test_a_filter_by_another_owner_finds_nothing(workshop: Workshop) -> None:
    answer = await workshop.get("ada", f"/repairs?owner_id={workshop.owners['bob']}")
    assert (answer.status_code, answer.json()["items"]) == (200, [])


async def test_a_live_list_tells_an_owner_of_its_own_alone(workshop: Workshop) -> None:
    staff = workshop.as_("staff")
    async with listening(workshop.app, "/repairs/events", workshop.as_("ada")) as live:
        first = await live.next()
        assert [row["owner_id"] for row in first.data["items"]] == [workshop.owners["ada"]]
        for name in ("bob", "ada"):
            path = f"{API}/repairs/{workshop.repairs[name]}/status"
            await workshop.client.put(path, json={"status": "triaged"}, headers=staff)
        told = await live.next()
    assert told.data["repair_id"] == workshop.repairs["ada"]
    assert told.data["note_preview"] is None


async def test_a_live_list_does_not_even_name_what_of_others_leaves_it(workshop: Workshop) -> None:
    async with listening(workshop.app, "/repairs/events?status=open", workshop.as_("ada")) as live:
        await live.next()
        for name in ("bob", "ada"):
            path = f"{API}/repairs/{workshop.repairs[name]}/status"
            await workshop.client.put(path, json={"status": "triaged"}, headers=workshop.as_("staff"))
        told = await live.next()
    assert (told.name, told.data) == ("left", {"repair_id": workshop.repairs["ada"]})


@pytest.mark.parametrize("path", ["/repairs/events", "/repairs/{repair}/events", "/repairs/{repair}/history/events"])
async def test_a_live_stream_ends_with_the_token(workshop: Workshop, path: str) -> None:
    claims: dict[str, Any] = {"owner": workshop.owners["ada"], "roles": ["owner"], "exp": time.time() + 0.5}
    token = workshop.issuer.token(time.time(), sub="ada", **claims)
    async with asyncio.timeout(20):
        whole = await workshop.client.get(
            API + path.format(repair=workshop.repairs["ada"]), headers={"Authorization": f"Bearer {token}"}
        )
    assert (whole.status_code, whole.headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
    assert whole.content.startswith((b"event: ", b"id: "))


async def test_who_owns_nothing_sees_nothing(workshop: Workshop) -> None:
    """A role with the limit `own`, and a token that names no owner."""
    token = workshop.issuer.token(time.time(), sub="eve", roles=["owner", "limited"])
    headers = {"Authorization": f"Bearer {token}"}
    for path in ("/repairs", "/owners"):
        assert (await workshop.client.get(API + path, headers=headers)).json()["items"] == []
    answer = await workshop.client.get(f"{API}/repairs/{workshop.repairs['ada']}", headers=headers)
    assert answer.status_code == 404


async def test_a_cursor_is_good_for_the_caller_who_got_it(workshop: Workshop) -> None:
    staff = workshop.as_("staff")
    following = (await workshop.client.get(f"{API}/repairs?limit=1", headers=staff)).json()["next"]
    assert following
    for name, status in (("staff", 200), ("ada", 400), ("bob", 400)):
        assert (await workshop.get(name, f"/repairs?limit=1&cursor={following}")).status_code == status


COMMANDS = [
    ("PUT", "/repairs/{repair}/status", {"status": "triaged"}, "change_repair_status"),
    ("POST", "/repairs/{repair}/notes", {"note": "mine"}, "add_repair_note"),
    ("POST", "/repairs/{repair}/close", {"resolution": "done"}, "close_repair"),
    ("PUT", "/owners/{owner}/name", {"name": "Eve"}, "rename_owner"),
]


@pytest.mark.parametrize(("method", "path", "body", "name"), COMMANDS)
async def test_what_is_anothers_is_not_there_for_a_command_alone_or_in_bulk(
    workshop: Workshop, method: str, path: str, body: dict[str, str], name: str
) -> None:
    ids = {"repair": workshop.repairs["bob"], "owner": workshop.owners["bob"]}
    target = path.format(**ids)
    own = path.format(repair=workshop.repairs["ada"], owner=workshop.owners["ada"])
    line = {"command": name, "idempotency_key": "k", "id": target.split("/")[2], "body": body}

    alone = await workshop.client.request(method, API + target, json=body, headers=workshop.as_("ada"))
    bulk = await workshop.client.post(
        f"{API}/commands",
        content=orjson.dumps(line),
        headers=workshop.as_("ada") | {"Content-Type": "application/x-ndjson"},
    )

    assert (alone.status_code, bulk.json()["status"]) == (404, 404)
    assert alone.json()["code"] == bulk.json()["code"]
    mine = await workshop.client.request(method, API + own, json=body, headers=workshop.as_("ada"))
    assert mine.status_code == 200, mine.text


@pytest.mark.parametrize("whose", ["bob", None])
async def test_an_owner_makes_nothing_that_would_not_be_its_own(workshop: Workshop, whose: str | None) -> None:
    body = {"subject": "Tyres", "message": "Flat.", "owner_id": workshop.owners.get(whose or "")}
    answer = await workshop.client.post(f"{API}/repairs", json=body, headers=workshop.as_("ada"))
    assert (answer.status_code, answer.json()["code"]) == (403, "not_yours")


async def test_the_actor_is_a_pseudonym_whatever_x_actor_says(workshop: Workshop) -> None:
    headers = workshop.as_("ada") | {"X-Actor": "fulfilment"}
    path = f"{API}/repairs/{workshop.repairs['ada']}/status"
    await workshop.client.put(path, json={"status": "triaged"}, headers=headers)

    entries = (await workshop.get("staff", f"/repairs/{workshop.repairs['ada']}/history")).json()["items"]
    actors = {entry["type"]: entry["actor"] for entry in entries}
    assert re.fullmatch(r"actor-[0-9a-f]{16}", actors["repair.status_changed"])
    assert actors["repair.opened"] == actors["repair.status_changed"] != actors["repair.note_added"]


async def test_an_idempotency_key_is_its_callers_alone(workshop: Workshop) -> None:
    body = {"subject": "Tyres", "message": "Flat."}
    key = {"Idempotency-Key": "k"}
    answers = [
        await workshop.client.post(
            f"{API}/repairs", json=body | {"owner_id": workshop.owners[name]}, headers=workshop.as_(name) | key
        )
        for name in ("ada", "bob")
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["repair_id"] != answers[1].json()["repair_id"]


async def test_without_the_permission_nothing_is_answered(workshop: Workshop) -> None:
    """Every operation of the API, asked by nobody and by somebody without any role."""
    paths = workshop.app.openapi()["paths"]
    assert len(paths) > 20
    for template, operations in paths.items():
        path = re.sub(r"{(\w+)}", lambda name: _id(workshop, name[1]), template)
        asked_for = [method for method, operation in operations.items() if operation["security"]]
        asked = product(asked_for, (({}, 401), (workshop.as_("nobody"), 403)), (b"{}", b"nonsense"))
        for method, (headers, status), content in asked:
            kind = "application/x-ndjson" if path.endswith("/commands") else "application/json"
            sent = {**headers, "Content-Type": kind}
            answer = await workshop.client.request(method, path, headers=sent, content=content)
            assert answer.status_code == status, (method, path, answer.text)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
            assert answer.headers["content-type"] == "application/problem+json"


def _id(workshop: Workshop, parameter: str) -> str:
    return workshop.owners["ada"] if parameter == "owner_id" else workshop.repairs["ada"]


async def test_an_owner_finds_nothing_of_others_and_nothing_by_what_is_internal(workshop: Workshop) -> None:
    async def found(name: str, words: str, path: str = "/repairs") -> Any:
        answer = await workshop.get(name, f"{path}/search?q={words}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    everything = await found("staff", "squeaks")
    assert everything["total"] == 2
    own = await found("ada", "squeaks")
    assert [row["subject"] for row in own["items"]] == ["ada's car"]
    assert (own["total"], own["items"][0]["has_note"]) == (1, False)
    assert {facet["name"] for facet in everything["facets"]} == {"status", "has_note", "note_count"}
    assert {facet["name"] for facet in own["facets"]} == {"status"}
    for words in (
        "bob",
        "bob's+car",
        workshop.repairs["bob"],
        workshop.owners["bob"],
        "grumbler",
        '"a+grumbler"',
        "grum",
    ):
        answer = await found("ada", words)
        assert (words, answer["items"], answer["total"], answer["suggestions"]) == (words, [], 0, [])
    assert (await found("staff", "grumbler"))["total"] == 2
    assert (await found("ada", "bob", "/owners"))["items"] == []
    assert [row["name"] for row in (await found("ada", "ada", "/owners"))["items"]] == ["ada"]
    theirs = await workshop.get("ada", f"/repairs/search?q=squeaks&owner_id={workshop.owners['bob']}")
    assert theirs.json()["items"] == []
    assert (await workshop.get("ada", "/repairs/search?q=squeaks&has_note=true")).status_code == 403
    cursor = (await workshop.get("staff", "/repairs/search?q=squeaks&limit=1")).json()["next"]
    assert (await workshop.get("ada", f"/repairs/search?q=squeaks&limit=1&cursor={cursor}")).status_code == 400
