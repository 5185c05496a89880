"""From a request's Authorization to its caller (RFC 6750)."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from twinpath.errors import MalformedRequest, NotAuthenticated
from twinpath.identity.access_tokens import AccessTokens
from twinpath.identity.caller import EVERYTHING, Caller
from twinpath.identity.machine_keys import PREFIX, MachineKeys
from twinpath.identity.signing_keys import SigningKeys

CALLER = "caller"
"""Where the request's state has its caller."""


@dataclass(frozen=True)
class Authentication:
    """Says who calls. `public` are the permissions of callers without a token; what is None here is not accepted.

    `signing` are the keys that tokens are verified with.
    """

    tokens: AccessTokens | None = None
    keys: MachineKeys | None = None
    public: frozenset[str] = field(default_factory=frozenset)
    signing: SigningKeys | None = None

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


class Authenticated:
    """ASGI middleware: puts the caller into the request's state. What it raises goes to the layer around it."""

    def __init__(self, app: ASGIApp, authentication: Authentication) -> None:
        self._app = app
        self._authentication = authentication

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            given = (value for name, value in scope["headers"] if name == b"authorization")
            state = scope.setdefault("state", {})
            if CALLER not in state:  # an app within another that asked
                state[CALLER] = await self._authentication.caller(given)
        await self._app(scope, receive, send)
