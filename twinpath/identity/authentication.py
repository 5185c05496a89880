"""From a request's Authorization to its caller (RFC 6750)."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from twinpath.errors import MalformedRequest, NotAuthenticated, NotPermitted, Unavailable
from twinpath.http.headers import ADDED_HEADERS
from twinpath.identity.access_tokens import AccessTokens
from twinpath.identity.audit.auditing import Auditing
from twinpath.identity.caller import EVERYTHING, Caller
from twinpath.identity.machine_keys import PREFIX, MachineKeys
from twinpath.identity.rates import CallerRates
from twinpath.identity.signing_keys import SigningKeys

CALLER = "caller"
"""Where the request's state has its caller."""


@dataclass(frozen=True)
class Authentication:
    """Says who calls. `public` are the permissions of callers without a token; what is None here is not accepted.

    `signing` are the keys that tokens are verified with, `rates` how much each caller may ask for, and `auditing` puts
    on record what is refused.
    """

    tokens: AccessTokens | None = None
    keys: MachineKeys | None = None
    public: frozenset[str] = field(default_factory=frozenset)
    signing: SigningKeys | None = None
    rates: CallerRates = field(default_factory=CallerRates)
    auditing: Auditing | None = None

    @property
    def asks(self) -> bool:
        """Whether callers are known at all; where they are not, nobody looks at what they send."""
        return self.tokens is not None or self.keys is not None

    @property
    def issuer(self) -> str | None:
        """The provider whose tokens are taken."""
        return None if self.signing is None else self.signing.issuer

    @property
    def checks(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """What readiness asks: whether tokens can be verified. Each raises Unavailable."""
        return {} if self.signing is None else {"identity": self.signing.check}

    async def close(self) -> None:
        """Stop what runs in the background."""
        await self.rates.close()
        if self.auditing is not None:
            await self.auditing.close()
        if self.signing is not None:
            await self.signing.close()

    async def caller(self, authorizations: Iterable[bytes]) -> Caller:
        """Who calls with these Authorization lines. Raises NotAuthenticated, MalformedRequest, Unavailable."""
        lines = list(authorizations)
        if not lines or not self.asks:
            return Caller("", "anonymous", self.public, owner="" if self.asks else None)
        if len(lines) > 1:
            raise MalformedRequest("Authorization stands there twice.", code="malformed_authorization")
        scheme, _, credentials = lines[0].decode("latin-1").strip().partition(" ")
        credentials = credentials.strip()
        if scheme.lower() != "bearer" or not credentials:
            raise NotAuthenticated("Authorization takes: Bearer <access token or machine key>.", code="invalid_token")
        if credentials.startswith(PREFIX) and self.keys is not None:
            return await self.keys.caller(credentials)
        if self.tokens is None:
            raise NotAuthenticated("Access tokens are not taken here.", code="invalid_token")
        return await self.tokens.caller(credentials)


OPEN = Authentication(public=frozenset({EVERYTHING}))
"""No identity: everybody may do everything."""


def caller_of(request: Request) -> Caller:
    """The caller of a request that passed `Authenticated`; nobody, who may do nothing, of any other."""
    return caller_in(request.scope)


def caller_in(scope: Scope) -> Caller:
    """See caller_of."""
    caller: Caller | None = scope.get("state", {}).get(CALLER)
    return caller or _NOBODY


_NOBODY = Caller("", "nobody")


async def permit(scope: Scope, *permissions: str) -> None:
    """Let a request go on whose caller has these permissions. Raises what `need` and `put_on_record` do."""
    for permission in permissions:
        need(scope, permission)
    await put_on_record(scope, *permissions)


def counted_as(scope: Scope) -> str:
    """Whom a limit counts a request for: its caller, or the address that it comes from. Of IPv6 that is the network,
    as one subscriber has 2^64 addresses."""
    caller, host = caller_in(scope), (scope.get("client") or ("",))[0]
    if caller.is_known:
        return caller.key
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv4Address) or address.ipv4_mapped:
        return str(getattr(address, "ipv4_mapped", address))
    return str(ip_network((int(address), 64), strict=False))


async def is_let_in_still(scope: Scope) -> bool:
    """Whether the caller of a request that goes on would be let in now: a key may have been revoked meanwhile. While
    nobody can tell, it goes on."""
    try:
        if (ask := scope["state"].get(_AGAIN)) is not None:
            await ask()
    except NotAuthenticated:
        return False
    except Unavailable:
        pass
    return True


def need(scope: Scope, permission: str, command: str | None = None) -> None:
    """Refuse a request whose caller lacks a permission, of a bulk request the line with this command, and record it.

    Raises NotAuthenticated, NotPermitted.
    """
    caller = caller_in(scope)
    try:
        caller.need(permission)
    except (NotAuthenticated, NotPermitted) as error:
        if (auditing := scope["state"].get(_AUDITING)) is not None:
            auditing.refused(caller, scope, error, command)
        raise


async def put_on_record(scope: Scope, *permissions: str, command: str | None = None) -> None:
    """Record what a request, or the line with this command, is about to do by its permissions, once, if the use of any
    is to be recorded.

    Raises Unavailable: then it must not be done.
    """
    if (auditing := scope["state"].get(_AUDITING)) is not None:
        await auditing.allowed(caller_in(scope), permissions, scope, command)


_AUDITING, _AGAIN = "auditing", "authenticate_again"
_UNLIMITED = ("/health/", "/metrics")


class Authenticated:
    """ASGI middleware: puts the caller into the request's state and counts what it asks for. What it raises goes to the
    layer around it. Nobody asks who wants to know of health: a probe may come with whatever token, and while tokens
    can't be verified, too.
    """

    def __init__(self, app: ASGIApp, authentication: Authentication) -> None:
        self._app = app
        self._authentication = authentication

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            state = scope.setdefault("state", {})
            # an app within another that asked; and probes, which are answered whatever they send
            if CALLER not in state and not scope["path"].startswith("/health/"):
                await self._know(scope, state)
        await self._app(scope, receive, send)

    async def _know(self, scope: Scope, state: dict[str, Any]) -> None:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        state[_AUDITING] = auditing = self._authentication.auditing
        state[_AGAIN] = partial(self._authentication.caller, given)
        if auditing is not None:
            auditing.prepare()
        try:
            state[CALLER] = await self._authentication.caller(given)
        except (NotAuthenticated, MalformedRequest) as error:
            await self._count(scope)
            if auditing is not None:
                auditing.refused(_NOBODY, scope, error)
            raise
        await self._count(scope)

    async def _count(self, scope: Scope) -> None:
        """Count a request for its caller, or for the address that it comes from. Raises TooMany."""
        rates, is_known = self._authentication.rates, caller_in(scope).is_known
        if rates.limits(is_known) and not scope["path"].startswith(_UNLIMITED):
            counted = counted_as(scope), is_known
            try:
                await rates.take(*counted)
            finally:
                scope["state"][ADDED_HEADERS] = rates.headers(*counted)
