"""Access tokens: JSON Web Tokens of one OpenID Connect provider, verified here, and once each.

RFC 9068 and RFC 8725: the algorithms are fixed by a setting, issuer, audience, times and the kind of token are always
checked.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from jwt.exceptions import ExpiredSignatureError, InvalidTokenError

from twinpath.errors import NotAuthenticated
from twinpath.identity.caller import OWN, Caller, permissions_of
from twinpath.identity.signing_keys import SigningKeys

_MOST_REMEMBERED = 10_000
_MOST_CHARACTERS = 8_192


@dataclass(frozen=True)
class TokenRules:
    """What a token must be, and where its claims say who calls.

    `roles_claim` and `owner_claim` are dotted paths into the claims, as in `realm_access.roles`. `roles` gives the
    permissions of each role. `leeway` is the clock skew that is forgiven, in seconds.
    """

    issuer: str
    audience: str
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    roles_claim: str = "roles"
    owner_claim: str = "customer_id"
    roles: Mapping[str, Iterable[str]] = field(default_factory=dict)
    leeway: float = 10.0


class AccessTokens:
    """Verifies tokens. One that was verified costs a look-up until it ends, or the provider's keys change."""

    def __init__(self, rules: TokenRules, keys: SigningKeys, now: Callable[[], float] = time.time) -> None:
        self._rules = rules
        self._keys = keys
        self._now = now
        self._verified: dict[str, Caller] = {}
        keys.on_change = self._verified.clear

    async def caller(self, token: str) -> Caller:
        """Who presents this token.

        Raises:
            NotAuthenticated: the token is not valid, not meant for us, or over.
            Unavailable: the provider's keys were never to be had.
        """
        caller = self._verified.get(token)
        if caller is None:
            caller = await self._read(token)
            if len(self._verified) >= _MOST_REMEMBERED:
                self._verified.clear()
            self._verified[token] = caller
        if caller.expires is not None and caller.expires + self._rules.leeway <= self._now():
            self._verified.pop(token, None)
            raise _over()
        return caller

    async def _read(self, token: str) -> Caller:
        if len(token) > _MOST_CHARACTERS:
            raise _invalid("it is too long")
        try:
            header = jwt.get_unverified_header(token)
            key_id = header.get("kid")
            key = await self._keys.get(key_id) if isinstance(key_id, str | None) else None
            if key is None:
                raise _invalid("no key of the provider signed it")
            claims = jwt.decode(
                token,
                key,
                algorithms=list(self._rules.algorithms),
                audience=self._rules.audience,
                issuer=self._rules.issuer,
                leeway=self._rules.leeway,
                options={"require": ["exp", "sub", "iss", "aud"]},
            )
            if (kind := _other_kind(header, claims)) is not None:
                raise _invalid(f"it is {kind}")
            return self._caller_of(claims)
        except ExpiredSignatureError as error:
            raise _over() from error
        except (
            InvalidTokenError,
            ValueError,
            OverflowError,
        ) as error:  # such as half a character, or a year of 400 digits
            raise _invalid(str(error)) from error

    def _caller_of(self, claims: Mapping[str, Any]) -> Caller:
        rules = self._rules
        roles = _at(claims, rules.roles_claim)
        owner = _at(claims, rules.owner_claim)
        names = roles.split() if isinstance(roles, str) else roles if isinstance(roles, list) else ()
        if owner is not None and not isinstance(owner, str):
            raise _invalid(f"{rules.owner_claim} is no text")
        if not claims["sub"]:
            raise _invalid("sub names nobody")
        f"{claims['sub']}{owner}".encode()  # JSON may hold half a character, which nothing can store
        permissions = permissions_of((name for name in names if isinstance(name, str)), rules.roles)
        if owner is None and OWN in permissions:
            owner = ""
        return Caller(rules.issuer, str(claims["sub"]), permissions, owner, float(claims["exp"]))


def _at(claims: Mapping[str, Any], path: str) -> Any:
    if path in claims:  # a claim's own name may hold dots: https://example.org/roles
        return claims[path]
    value: Any = claims
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _other_kind(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str | None:
    """What a provider signed for another use than access: an ID token, say, whose audience may be called as ours is."""
    media_type = str(header.get("typ", "JWT")).lower().removeprefix("application/")
    if media_type not in ("jwt", "at+jwt"):
        return f"a token of the type {media_type[:40]}"
    is_for_clients = claims.get("typ") == "ID" or not {"at_hash", "c_hash"}.isdisjoint(claims)  # typ: of Keycloak
    return "an ID token, which is for the client alone" if is_for_clients else None


def _over() -> NotAuthenticated:
    return NotAuthenticated("The access token is over.", code="token_expired")


def _invalid(why: str) -> NotAuthenticated:
    return NotAuthenticated(f"The access token is not valid: {why}.", code="invalid_token")
