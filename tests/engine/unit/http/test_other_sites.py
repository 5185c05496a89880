"""Pages of allowed other sites ask and read through a browser, those of others do not (Fetch Standard, CORS)."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.engine.workshop.application import COMMANDS
from tests.support.commanding import bus_on
from twinpath.commands.app import create_app
from twinpath.http.other_sites import OtherSites, Sharing
from twinpath.http.site import Site
from twinpath.identity.actors import Actors
from twinpath.identity.authentication import Authentication
from twinpath.identity.in_memory import InMemoryMachineKeys
from twinpath.identity.machine_keys import MachineKeys
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.personal_data.in_memory import InMemoryKeyStore

SHOP = "https://shop.example.com"
PATH = "/api/v1/repairs"
FOREIGN = ["https://evil.test", "null", f"{SHOP}.evil.test", "http://shop.example.com", "https://shop.example.com:444"]
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,if-match"}


@pytest.fixture(params=[f"https://other.test, {SHOP}"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    bus = bus_on(InMemoryEventStore(COMMANDS.events.categories), deciders=COMMANDS.deciders, catalogue=COMMANDS.events)
    asks = Authentication(keys=MachineKeys(InMemoryMachineKeys()))
    site = Site(allowed_origins=request.param)
    app = create_app(bus, COMMANDS, Actors(InMemoryKeyStore()), site=site, authentication=asks)
    shared = OtherSites(app, Sharing(site.origins))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(shared), base_url="http://api.test") as client:
        yield client


async def test_an_allowed_site_may_ask_first_without_a_token(client: httpx.AsyncClient) -> None:
    answer = await client.options(PATH, headers={"Origin": SHOP, **PREFLIGHT})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert {"authorization", "if-match"} <= set(answer.headers["Access-Control-Allow-Headers"].split(","))
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_it_may_read_answers_also_refusals_and_their_headers(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, PATH, headers={"Origin": SHOP, "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code in (401, 405)
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert "Origin" in answer.headers["Vary"]
    shown = set(answer.headers["Access-Control-Expose-Headers"].split(", "))
    assert {"ETag", "Causal-Token", "X-Version", "Retry-After", "RateLimit", "RateLimit-Policy", "Location"} <= shown


@pytest.mark.parametrize("origin", FOREIGN)
async def test_no_other_site_may(client: httpx.AsyncClient, origin: str) -> None:
    first = await client.options(PATH, headers={"Origin": origin, **PREFLIGHT})
    changed = await client.post(PATH, headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"})
    read = await client.get("/openapi.json", headers={"Origin": origin})
    assert first.status_code == 204
    assert (changed.status_code, changed.json()["code"]) == (403, "foreign_origin")
    for answer in (first, changed, read):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert "Origin" in answer.headers["Vary"]  # a cache must not hand it to an allowed site


@pytest.mark.parametrize("client", [""], indirect=True)
async def test_where_none_is_allowed_no_answer_says_anything_of_it(client: httpx.AsyncClient) -> None:
    answer = await client.options(PATH, headers={"Origin": SHOP, **PREFLIGHT})
    assert answer.status_code == 204
    assert not [name for name in answer.headers if name.startswith("access-control-") or name == "vary"]
