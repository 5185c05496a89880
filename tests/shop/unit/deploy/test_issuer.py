"""The development issuer signs in sample people, by a code with PKCE and by name, and nobody from elsewhere."""

import asyncio
import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from deploy.issuer.people import PEOPLE
from deploy.issuer.provider import ALGORITHM, AUDIENCE, Memory
from deploy.issuer.serving import beside
from deploy.local.ports import hold_port
from shared.roles import ROLES
from twinpath.cli.callers.keys import token_of
from twinpath.errors import NotAuthenticated
from twinpath.identity.access_tokens import AccessTokens, TokenRules
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


def test_nobody_else_gets_one(issuer: str) -> None:
    with pytest.raises(NotAuthenticated, match="mallory"):
        token_of(issuer, "mallory")
