"""What callers are refused, and what staff do, is on record; what callers ask for is counted."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import orjson
import pytest

from tests.engine.workshop.application import WORKSHOP
from tests.support.issuer import AUDIENCE, ISSUER, Issuer
from twinpath.errors import Unavailable
from twinpath.identity.access_tokens import AccessTokens, TokenRules
from twinpath.identity.audit.auditing import UNKNOWN, Auditing, pseudonym_of
from twinpath.identity.audit.interface import Entry, InMemoryAuditLog, Wanted
from twinpath.identity.audit.recorder import Recorder
from twinpath.identity.authentication import Authentication
from twinpath.identity.caller import Caller
from twinpath.identity.rates import CallerRates
from twinpath.identity.signing_keys import SigningKeys
from twinpath.testing.in_memory import InMemorySystem

API = "/api/v1"
KEY = b"k" * 32
ROLES = {"staff": ("*",), "owner": ("owners:read", "repairs:open", "bulk")}
OWNER = "owner-01890a5d-ac96-774b-bcce-b302099a8057"


class Workshop:
    """The workshop in memory, whose record can be read; `client` asks it."""

    def __init__(self, client: httpx.AsyncClient, issuer: Issuer, record: InMemoryAuditLog, recorder: Recorder) -> None:
        self.client, self.issuer, self.record, self.recorder = client, issuer, record, recorder

    def as_(self, name: str, role: str, **claims: str) -> dict[str, str]:
        """The headers of a caller."""
        return {"Authorization": f"Bearer {self.issuer.token(time.time(), sub=name, roles=[role], **claims)}"}

    async def entries(self) -> Sequence[Entry]:
        """All that is on record by now."""
        await self.recorder.close()
        return [entry async for entry in self.record.read(Wanted())]


Make = Callable[..., AbstractAsyncContextManager[Workshop]]


async def read_key() -> bytes:
    return KEY


@asynccontextmanager
async def workshop(
    rates: CallerRates | None = None, key: Callable[[], Awaitable[bytes]] = read_key
) -> AsyncIterator[Workshop]:
    issuer, record = Issuer(), InMemoryAuditLog()
    recorder = Recorder(record)
    keys = SigningKeys(ISSUER, transport=issuer.transport)
    rules = TokenRules(ISSUER, AUDIENCE, ("ES256",), owner_claim="owner", roles=ROLES)
    auditing = Auditing("workshop", recorder, key, {"owners:read", "repairs:work", "history:read"})
    authentication = Authentication(
        AccessTokens(rules, keys), signing=keys, rates=rates or CallerRates(), auditing=auditing
    )
    system = InMemorySystem(WORKSHOP, authentication=authentication)
    transport = httpx.ASGITransport(system.app)
    async with (
        system.app.router.lifespan_context(system.app),
        httpx.AsyncClient(transport=transport, base_url="http://workshop") as client,
    ):
        yield Workshop(client, issuer, record, recorder)
    await authentication.close()


async def test_what_staff_reads_of_people_is_on_record_with_a_pseudonym() -> None:
    async with workshop() as shop:
        headers = {**shop.as_("ada", "staff"), "X-Correlation-Id": "c-1"}
        await shop.client.get(f"{API}/owners/{OWNER}", headers=headers)
        await shop.client.get(f"{API}/owners", headers=headers)
        await shop.client.get(f"{API}/repairs", headers=headers)  # nobody asked for these to be recorded
        await shop.client.get(f"{API}/owners/{OWNER}/history", headers=headers)  # two permissions, and one reading
        entries = await shop.entries()

    assert [(e.action, e.target, e.outcome) for e in entries] == [
        (f"GET {API}/owners/{{id}}", OWNER, "allowed"),
        (f"GET {API}/owners", None, "allowed"),
        (f"GET {API}/owners/{{id}}/history", OWNER, "allowed"),
    ]
    assert {(e.actor, e.correlation_id) for e in entries} == {(pseudonym_of(KEY, Caller(ISSUER, "ada").key), "c-1")}
    assert "ada" not in str(entries)


async def test_for_whom_staff_acts_is_on_record_too() -> None:
    async with workshop() as shop:
        path = f"{API}/repairs/{OWNER.replace('owner', 'repair')}/notes"
        for role in ("staff", "owner"):
            headers = {**shop.as_("ada", role), "X-On-Behalf-Of": OWNER}
            await shop.client.post(path, json={"note": "x"}, headers=headers)
        await shop.client.post(path, json={"note": "x"}, headers={**headers, "X-On-Behalf-Of": "ada@example.org"})
        entries = await shop.entries()

    assert [(e.outcome, e.on_behalf_of) for e in entries] == [
        ("allowed", OWNER),
        ("refused", OWNER),
        ("refused", None),
    ]


async def test_what_owners_read_of_their_own_is_not_on_record() -> None:
    async with workshop() as shop:
        await shop.client.get(f"{API}/owners", headers=shop.as_("bob", "owner", owner=OWNER))

        assert await shop.entries() == []


async def test_refusals_are_on_record_whoever_is_refused() -> None:
    async with workshop() as shop:
        nobody = await shop.client.get(f"{API}/owners")
        forged = await shop.client.get(f"{API}/owners", headers={"Authorization": "Bearer forged"})
        owner = shop.as_("bob", "owner", owner=OWNER)
        lacking = await shop.client.get(f"{API}/repairs", headers=owner)
        line = orjson.dumps(
            {"command": "add_repair_note", "id": OWNER.replace("owner", "repair"), "body": {"note": "x"}}
        )
        bulk = await shop.client.post(
            f"{API}/commands", content=line, headers={**owner, "Content-Type": "application/x-ndjson"}
        )
        entries = await shop.entries()

    assert [answer.status_code for answer in (nobody, forged, lacking)] == [401, 401, 403]
    assert orjson.loads(bulk.content)["status"] == 403
    bob = pseudonym_of(KEY, Caller(ISSUER, "bob").key)
    assert sorted((e.action, e.actor, e.reason) for e in entries) == sorted(
        [
            (f"GET {API}/owners", UNKNOWN, "not_authenticated"),
            (f"GET {API}/owners", UNKNOWN, "invalid_token"),
            (f"GET {API}/repairs", bob, "not_permitted"),
            ("add_repair_note", bob, "not_permitted"),
        ]
    )


async def test_without_the_record_staff_is_shown_nothing_personal_and_owners_go_on() -> None:
    async def away() -> bytes:
        raise Unavailable("the audit record can't be reached")

    async with workshop(key=away) as shop:
        staff = await shop.client.get(f"{API}/owners", headers=shop.as_("ada", "staff"))
        own = await shop.client.get(f"{API}/owners", headers=shop.as_("bob", "owner", owner=OWNER))

    assert (staff.status_code, own.status_code) == (503, 200)


async def test_who_asks_for_too_much_is_told_when_to_come_back() -> None:
    async with workshop(CallerRates(caller_rate="3/minute", address_rate="2/minute")) as shop:
        staff = shop.as_("ada", "staff")
        answers = [await shop.client.get(f"{API}/repairs", headers=staff) for _ in range(4)]
        again = await shop.client.get(f"{API}/repairs", headers=shop.as_("ada", "staff"))  # with another token
        other = await shop.client.get(f"{API}/repairs", headers=shop.as_("eve", "staff"))

    assert [answer.status_code for answer in (*answers, again, other)] == [200, 200, 200, 429, 429, 200]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"caller";q=3;w=60'}
    assert [answer.headers["RateLimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0"]
    assert answers[3].json()["code"] == "rate_limited"
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 401),
        ([("Authorization", "Bearer forged")], 401),
        ([("Authorization", "Bearer forged"), ("Authorization", "Bearer forged")], 400),
    ],
)
async def test_the_unknown_are_counted_by_their_address_also_while_they_guess(
    headers: list[tuple[str, str]], status: int
) -> None:
    async with workshop(CallerRates(caller_rate="100/minute", address_rate="2/minute")) as shop:
        answers = [await shop.client.get(f"{API}/repairs", headers=headers) for _ in range(3)]
        known = await shop.client.get(f"{API}/repairs", headers=shop.as_("ada", "staff"))
        health = await shop.client.get("/health/live")

    assert [answer.status_code for answer in answers] == [status, status, 429]
    assert all("RateLimit" in answer.headers for answer in answers)
    assert (known.status_code, health.status_code) == (200, 200)


async def test_no_request_waits_for_a_record_that_hangs() -> None:
    async def never() -> bytes:
        await asyncio.Event().wait()
        return KEY

    async with workshop(key=never) as shop, asyncio.timeout(5):
        own = await shop.client.get(f"{API}/owners", headers=shop.as_("bob", "owner", owner=OWNER))
        refused = await shop.client.get(f"{API}/repairs", headers=shop.as_("bob", "owner", owner=OWNER))
        entries = await shop.entries()

    assert (own.status_code, refused.status_code) == (200, 403)
    assert [entry.actor for entry in entries] == [UNKNOWN]
