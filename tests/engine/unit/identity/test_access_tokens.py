"""Who presents a token: what is believed, what is refused, and what the provider's outage changes."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from tests.support.issuer import AUDIENCE, ISSUER, Issuer
from twinpath.errors import NotAuthenticated, Unavailable
from twinpath.identity.access_tokens import AccessTokens, TokenRules
from twinpath.identity.signing_keys import FRESH_SECONDS, PAUSE_SECONDS, SigningKeys

RULES = TokenRules(ISSUER, AUDIENCE, ("ES256",), roles={"agent": ("tickets:work", "orders:*")})


class _Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


class _Provider:
    """An issuer with the keys and tokens that are verified against it."""

    def __init__(self) -> None:
        self.issuer, self.clock = Issuer(), _Clock()
        self.keys = SigningKeys(ISSUER, transport=self.issuer.transport, now=self.clock)
        self.tokens = AccessTokens(RULES, self.keys, self.clock)

    def token(self, **claims: Any) -> str:
        return self.issuer.token(self.clock.now, **claims)


@pytest.fixture
async def provider() -> AsyncIterator[_Provider]:
    made = _Provider()
    yield made
    await made.keys.close()


async def test_a_token_names_its_caller_with_the_permissions_of_its_roles(provider: _Provider) -> None:
    caller = await provider.tokens.caller(provider.token(customer_id="customer-1"))

    assert (caller.issuer, caller.subject, caller.owner) == (ISSUER, "ada", "customer-1")
    assert caller.may("tickets:work")
    assert caller.may("orders:ship")
    assert not caller.may("tickets:open")


@pytest.mark.parametrize(
    ("claims", "names"),
    [
        ({"roles": "agent other"}, {"tickets:work", "orders:*"}),
        ({"roles": ["unheard-of"]}, set()),
        ({"roles": None}, set()),
        ({"roles": {"agent": True}}, set()),
        ({"roles": [{"name": "agent"}]}, set()),
    ],
)
async def test_a_role_that_nobody_declared_permits_nothing(
    provider: _Provider, claims: dict[str, Any], names: set[str]
) -> None:
    assert (await provider.tokens.caller(provider.token(**claims))).permissions == names


async def test_the_claims_may_lie_deeper() -> None:
    issuer, clock = Issuer(), _Clock()
    keys = SigningKeys(ISSUER, transport=issuer.transport, now=clock)
    rules = TokenRules(ISSUER, AUDIENCE, ("ES256",), "realm_access.roles", "https://shop.test/owner", RULES.roles)
    claims: dict[str, Any] = {"realm_access": {"roles": ["agent"]}, "https://shop.test/owner": "customer-7"}

    caller = await AccessTokens(rules, keys, clock).caller(issuer.token(clock.now, **claims))

    assert caller.may("tickets:work")
    assert caller.owner == "customer-7"
    await keys.close()


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.test"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"sub": None},
        {"sub": 7},
        {"exp": None},
        {"exp": 1_000},
        {"exp": "soon"},
        {"nbf": 99_999_999_999},
        {"customer_id": 5},
        {"customer_id": ["customer-1"]},
        {"customer_id": "\ud800"},
        {"sub": ""},
        {"sub": "\udfff"},
        {"exp": 10**400},
        {"exp": float("inf")},
        {"nbf": float("nan")},
        {"iat": float("inf")},
    ],
)
async def test_a_token_that_is_not_for_us_is_refused(provider: _Provider, claims: dict[str, Any]) -> None:
    with pytest.raises(NotAuthenticated) as refused:
        await provider.tokens.caller(provider.token(**claims))

    assert refused.value.code == ("token_expired" if claims == {"exp": 1_000} else "invalid_token")


@pytest.mark.parametrize(
    "keys",
    [
        b"[" * 100_000,
        b'{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "first"}]}',
        json.dumps({"keys": [ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), True) | {"kid": "first"}]}),
        b"\xff\xfe{",
    ],
    ids=["too deep", "a shared secret", "a private key", "no text"],
)
async def test_keys_that_can_verify_nothing_end_in_a_refusal(keys: bytes | str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/.well-known/"):
            return httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"})
        return httpx.Response(200, content=keys)

    signing = SigningKeys(ISSUER, transport=httpx.MockTransport(answer))
    with pytest.raises((NotAuthenticated, Unavailable)):
        await AccessTokens(RULES, signing).caller(Issuer().token(time.time()))
    await signing.close()


@pytest.mark.parametrize("kind", ["JWT", "at+jwt", "application/AT+JWT", None])
async def test_an_access_token_goes_by_these_types(provider: _Provider, kind: str | None) -> None:
    assert (await provider.tokens.caller(_of_kind(provider, kind))).subject == "ada"


@pytest.mark.parametrize(
    ("kind", "claims"),
    [
        ("logout+jwt", {}),
        ("dpop+jwt", {}),
        ("secevent+jwt", {}),
        ("JWT", {"at_hash": "x"}),
        ("JWT", {"c_hash": "x"}),
        ("JWT", {"typ": "ID"}),
    ],
)
async def test_what_the_provider_signed_for_another_use_is_refused(
    provider: _Provider, kind: str, claims: dict[str, str]
) -> None:
    with pytest.raises(NotAuthenticated, match="it is a"):
        await provider.tokens.caller(_of_kind(provider, kind, **claims))


def _of_kind(provider: _Provider, kind: str | None, **claims: str) -> str:
    usual = jwt.decode(provider.token(), options={"verify_signature": False})
    headers = {"kid": "first", "typ": kind}
    return jwt.encode({**usual, **claims}, provider.issuer.keys["first"], "ES256", headers=headers)


def _unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims))
    return ".".join((*parts, ""))


async def test_what_the_provider_did_not_sign_is_refused(provider: _Provider) -> None:
    good = provider.token()
    claims = jwt.decode(good, options={"verify_signature": False})
    public = jwt.encode(claims, "x" * 32, "HS256", headers={"kid": "first"})
    forged = [
        _unsigned({"alg": "none", "kid": "first"}, claims),
        _unsigned({"alg": "None"}, claims),
        public,
        good[:-6] + "AAAAAA",
        good.rsplit(".", 1)[0] + ".",
        "..",
        "",
        "nonsense",
        "a" * 20_000,
        Issuer().token(provider.clock.now),
    ]

    for token in forged:
        with pytest.raises(NotAuthenticated):
            await provider.tokens.caller(token)


async def test_a_token_ends_when_it_says_so_even_if_it_was_verified_before(provider: _Provider) -> None:
    token = provider.token()
    await provider.tokens.caller(token)

    provider.clock.now += 305
    await provider.tokens.caller(token)  # some seconds of clock skew are forgiven
    provider.clock.now += 10
    with pytest.raises(NotAuthenticated) as refused:
        await provider.tokens.caller(token)

    assert refused.value.code == "token_expired"


async def test_a_new_key_is_fetched_when_a_token_names_it(provider: _Provider) -> None:
    await provider.tokens.caller(provider.token())
    provider.issuer.rotate("second")
    provider.clock.now += PAUSE_SECONDS

    assert (await provider.tokens.caller(provider.token())).subject == "ada"
    assert (await provider.tokens.caller(provider.token(key_id="first"))).subject == "ada"


async def test_a_withdrawn_key_ends_what_it_signed(provider: _Provider) -> None:
    token = provider.token()
    await provider.tokens.caller(token)
    provider.issuer.rotate("second")
    del provider.issuer.keys["first"]
    provider.clock.now += PAUSE_SECONDS
    await provider.tokens.caller(provider.token())

    with pytest.raises(NotAuthenticated):
        await provider.tokens.caller(token)


async def test_a_burst_of_unknown_key_ids_costs_one_fetch_and_empties_nothing(provider: _Provider) -> None:
    good = provider.token()
    await provider.tokens.caller(good)
    provider.issuer.rotate("stranger")
    strange = provider.token()
    del provider.issuer.keys["stranger"]
    provider.clock.now += PAUSE_SECONDS
    before = provider.issuer.fetches

    answers = await asyncio.gather(*(provider.tokens.caller(strange) for _ in range(200)), return_exceptions=True)

    assert {type(answer) for answer in answers} == {NotAuthenticated}
    assert provider.issuer.fetches == before + 1
    assert (await provider.tokens.caller(good)).subject == "ada"


async def test_the_last_good_keys_outlive_the_providers_outage(provider: _Provider) -> None:
    await provider.tokens.caller(provider.token())
    provider.issuer.is_away = True
    for _ in range(5):
        provider.clock.now += FRESH_SECONDS + 1
        assert (await provider.tokens.caller(provider.token(sub="bob", iat=None))).subject == "bob"


async def test_without_any_key_the_provider_is_away_and_comes_back(provider: _Provider) -> None:
    provider.issuer.is_away = True
    for _ in range(3):
        with pytest.raises(Unavailable):
            await provider.tokens.caller(provider.token())
    with pytest.raises(Unavailable):
        await provider.keys.check()

    provider.issuer.is_away = False
    provider.clock.now += PAUSE_SECONDS
    await provider.keys.check()
    assert (await provider.tokens.caller(provider.token())).subject == "ada"


async def test_a_discovery_document_of_another_issuer_is_not_believed() -> None:
    issuer = Issuer()
    keys = SigningKeys("https://elsewhere.test", transport=issuer.transport)

    with pytest.raises(Unavailable):
        await keys.get("first")
    assert issuer.fetches == 0
    await keys.close()


async def test_a_token_that_names_no_key_is_verified_by_the_only_one(provider: _Provider) -> None:
    claims = jwt.decode(provider.token(), options={"verify_signature": False})
    unnamed = jwt.encode(claims, provider.issuer.keys["first"], "ES256")
    assert (await provider.tokens.caller(unnamed)).subject == "ada"

    provider.issuer.rotate("second")
    provider.clock.now += PAUSE_SECONDS
    await provider.tokens.caller(provider.token())
    with pytest.raises(NotAuthenticated):
        await provider.tokens.caller(unnamed)
