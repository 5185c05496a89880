"""The provider's public keys: fetched when they are needed, kept while the provider is away.

A burst of tokens with unknown key ids costs at most one fetch in `PAUSE_SECONDS`; a fetch that fails changes nothing.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import structlog
from jwt import PyJWK, PyJWKSet
from jwt.exceptions import PyJWTError

from twinpath.errors import Unavailable

PAUSE_SECONDS = 10.0
FRESH_SECONDS = 300.0
_TIMEOUT_SECONDS = 5.0
_MOST_BYTES = 1024 * 1024
_log = structlog.get_logger(__name__)


class SigningKeys:
    """The keys of one issuer, by their id.

    `jwks_url` is where they are; without one the issuer's discovery document says it (OpenID Connect Discovery 1.0).
    `on_change` is called after a fetch that brought other keys: what was verified by the old ones counts no longer.
    """

    def __init__(
        self,
        issuer: str,
        jwks_url: str = "",
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = issuer
        self._jwks_url = jwks_url
        self._client = httpx.AsyncClient(transport=transport, timeout=_TIMEOUT_SECONDS, follow_redirects=False)
        self._now = now
        self._keys: Mapping[str, PyJWK] = {}
        self._as_sent: Any = None
        self._tried: float | None = None
        self._fetched: float | None = None
        self._fetching: asyncio.Task[None] | None = None
        self.on_change: Callable[[], None] = lambda: None

    async def get(self, key_id: str | None) -> PyJWK | None:
        """The key with this id, or None where the issuer has none such; of an issuer with a single key None names it.

        Raises:
            Unavailable: no key was ever fetched, and the provider does not answer.
        """
        key = self._named(key_id)
        if key is None:
            await self._refreshed()
            key = self._named(key_id)
        elif self._fetched is None or self._now() - self._fetched > FRESH_SECONDS:
            self._begin()  # beside the request: what is known serves meanwhile
        if key is None and self._fetched is None:
            raise Unavailable("The identity provider does not answer.", code="identity_unavailable")
        return key

    async def check(self) -> None:
        """Whether tokens can be verified. Raises Unavailable."""
        if self._fetched is None:
            await self._refreshed()
        if self._fetched is None:
            raise Unavailable("no signing keys of the identity provider yet", code="identity_unavailable")

    async def close(self) -> None:
        """Stop fetching."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)
        await self._client.aclose()

    def _named(self, key_id: str | None) -> PyJWK | None:
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    async def _refreshed(self) -> None:
        self._begin()
        if self._fetching is not None:
            await asyncio.shield(self._fetching)

    def _begin(self) -> None:
        """Start a fetch, unless one is under way or the last was a moment ago."""
        if self._fetching is not None and not self._fetching.done():
            return
        if self._tried is not None and self._now() - self._tried < PAUSE_SECONDS:
            self._fetching = None
            return
        self._tried = self._now()
        self._fetching = asyncio.create_task(self._fetch(), name="fetch signing keys")

    async def _fetch(self) -> None:
        try:
            sent = await self._json(await self._address())
            keys = {key.key_id or "": key for key in PyJWKSet(sent["keys"]).keys if _verifies(key)}
        except (httpx.HTTPError, PyJWTError, ValueError, KeyError, TypeError, RecursionError) as error:
            _log.warning("signing_keys_not_fetched", issuer=self.issuer, error=str(error) or type(error).__name__)
            return
        self._fetched = self._now()
        if keys and sent != self._as_sent:
            self._keys, self._as_sent = keys, sent
            self.on_change()

    async def _address(self) -> str:
        if not self._jwks_url:
            document = await self._json(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if document["issuer"] != self.issuer:
                raise ValueError(f"the discovery document is of {document['issuer']!r}")
            self._jwks_url = str(document["jwks_uri"])
        return self._jwks_url

    async def _json(self, url: str) -> Any:
        answer = await self._client.get(url)
        answer.raise_for_status()
        if len(answer.content) > _MOST_BYTES:
            raise ValueError(f"{url} sends too much")
        return answer.json()


def _verifies(key: PyJWK) -> bool:
    """Whether it is a public key for signatures: a private one, which nobody should publish, is not taken at all."""
    return key.public_key_use in (None, "sig") and hasattr(key.key, "verify") and not hasattr(key.key, "sign")
