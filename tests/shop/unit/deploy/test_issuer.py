"""The development issuer signs in sample people, by a code with PKCE and by name, and nobody from elsewhere."""

import asyncio
import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from deploy.issuer.app import create_app
from deploy.issuer.people import PEOPLE
from deploy.issuer.provider import ALGORITHM, AUDIENCE, Memory
from deploy.issuer.serving import beside
from deploy.local.ports import hold_port
from shared.roles import ROLES
from twinpath.errors import NotAuthenticated
from twinpath.identity.access_tokens import AccessTokens, TokenRules
from twinpath.identity.development_token import token_of
from twinpath.identity.signing_keys import SigningKeys

_VERIFIER = "a-verifier-of-at-least-forty-three-characters-as-RFC-7636-has-it"
_PAGE = "http://127.0.0.1:8000/docs/oauth2-redirect"


@pytest.fixture
def issuer() -> Iterator[str]:
    memory = Memory()
    memory.customers["ada.lovelace@example.org"] = "customer-1"
    with beside(hold_port().release(), memory) as url:
        yield url


@pytest.fixture
async def tokens(issuer: str) -> AsyncIterator[AccessTokens]:
    keys = SigningKeys(issuer)
    yield AccessTokens(TokenRules(issuer, AUDIENCE, (ALGORITHM,), roles=ROLES), keys)
    await keys.close()


def _asked(redirect_uri: str = _PAGE, method: str = "S256") -> dict[str, str]:
    challenge = urlsafe_b64encode(sha256(_VERIFIER.encode()).digest()).rstrip(b"=").decode()
    return {
        "response_type": "code",
        "client_id": "twinpath",
        "redirect_uri": redirect_uri,
        "scope": "openid",
        "state": "s-1",
        "code_challenge": challenge,
        "code_challenge_method": method,
    }


def _exchanged(client: httpx.Client, code: str, verifier: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": _PAGE, "client_id": "twinpath"}
    return client.post("/token", data={**form, "code_verifier": verifier})


def _signed_in(issuer: str, person: str) -> tuple[list[str], str]:
    """The people that the page offers, and the token of the person who is chosen."""
    with httpx.Client(base_url=issuer) as client:
        people = re.findall(r'name="person" value="(\w[\w-]*)"', client.get("/authorize", params=_asked()).text)
        return people, _exchanged(client, _code(client, person), _VERIFIER).json()["access_token"]


def _code(client: httpx.Client, person: str) -> str:
    answer = client.post("/authorize", params=_asked(), data={"person": person})
    assert answer.status_code == 302, answer.text
    given = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert given["state"] == ["s-1"]
    return given["code"][0]


async def test_a_page_gets_a_token_by_code_and_verifier(issuer: str, tokens: AccessTokens) -> None:
    people, token = await asyncio.to_thread(_signed_in, issuer, "customer")
    assert people == list(PEOPLE)
    caller = await tokens.caller(token)
    assert (caller.subject, caller.owner) == ("customer", "customer-1")
    assert caller.may("orders:place")


def test_a_code_is_good_once_and_with_its_verifier_alone(issuer: str) -> None:
    with httpx.Client(base_url=issuer) as client:
        code = _code(client, "agent")
        assert _exchanged(client, code, "x" * 50).status_code == 400
        assert _exchanged(client, code, _VERIFIER).status_code == 200
        assert _exchanged(client, code, _VERIFIER).status_code == 400


@pytest.mark.parametrize("where", ["https://elsewhere.example/", "http://127.0.0.1.elsewhere.example/", "http://x/"])
def test_nobody_is_sent_elsewhere_and_pages_from_elsewhere_read_nothing(issuer: str, where: str) -> None:
    with httpx.Client(base_url=issuer) as client:
        assert client.post("/authorize", params=_asked(where), data={"person": "agent"}).status_code != 302
        answer = client.get("/keys", headers={"Origin": where.rstrip("/")})
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert client.post("/token", headers={"Host": urlsplit(where).netloc}).status_code == 421


@pytest.mark.parametrize("person", PEOPLE)
async def test_a_script_gets_a_token_by_name(issuer: str, tokens: AccessTokens, person: str) -> None:
    caller = await tokens.caller(token_of(issuer, person))
    assert caller.permissions == set(ROLES[PEOPLE[person].role])
    # a customer whom nobody has registered yet owns nothing, and sees nothing
    assert caller.owner == {"customer": "customer-1", "another-customer": ""}.get(person)


@pytest.mark.parametrize("name", ["mallory", "mallory+1", "agent+", "agent+x", "agent+1+2", ""])
def test_nobody_else_gets_one(issuer: str, name: str) -> None:
    with pytest.raises(NotAuthenticated, match=re.escape(repr(name))):
        token_of(issuer, name)


async def test_another_person_of_a_role_is_a_caller_of_its_own_and_nobodys_customer(
    issuer: str, tokens: AccessTokens
) -> None:
    agent, customer = [await tokens.caller(token_of(issuer, name)) for name in ("agent+7", "customer+1")]
    assert (agent.subject, set(agent.permissions)) == ("agent+7", set(ROLES["agent"]))
    assert customer.owner == ""


async def test_what_was_kept_makes_tokens_good_after_a_new_start(tmp_path: Path) -> None:
    file, port = tmp_path / "memory.json", hold_port().release()
    with beside(port, Memory(file)) as url:
        before = token_of(url, "customer")
        async with httpx.AsyncClient(base_url=url) as client:
            await client.put("/customers/ada.lovelace@example.org", json={"customer_id": "customer-9"})
    with beside(port, Memory(file)) as url:
        keys = SigningKeys(url)
        tokens = AccessTokens(TokenRules(url, AUDIENCE, (ALGORITHM,), roles=ROLES), keys)
        owners = [(await tokens.caller(token)).owner for token in (before, token_of(url, "customer"))]
        await keys.close()
    assert owners == ["", "customer-9"]
    assert file.stat().st_mode & 0o077 == 0


def test_by_its_name_inside_scripts_get_tokens_and_nobody_is_signed_in_by_a_page() -> None:
    app = create_app("http://127.0.0.1:8003", inside="issuer").test_client()
    inside, outside = "http://issuer:8003", "http://127.0.0.1:8003"
    for base, other in ((inside, 421), (outside, 400)):
        discovered = app.get("/.well-known/openid-configuration", base_url=base).get_json()
        assert (discovered["issuer"], discovered["authorization_endpoint"]) == (outside, f"{outside}/authorize")
        assert (discovered["token_endpoint"], discovered["jwks_uri"]) == (f"{base}/token", f"{base}/keys")
        form = {"grant_type": "password", "username": "agent", "password": "agent", "client_id": "twinpath"}
        assert app.post("/token", base_url=base, data=form).status_code == 200
        assert app.post("/authorize", base_url=base).status_code == other
