"""Machine keys: for scripts and partners, shown once, stored hashed, with permissions, an end and a last use.

A key reads `tpk_<id>_<secret>`, so that scanners of leaked secrets know it. The secret has 256 random bits: a plain
SHA-256 of it is enough (a slow hash protects only what people choose).
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from twinpath.clock import Clock, utc_now
from twinpath.errors import NotAuthenticated, TwinpathError, Unavailable
from twinpath.identity.caller import OWN, Caller

ISSUER = "keys"
PREFIX = "tpk_"
MOST_AT_ONCE = 2
"""Valid keys of one name: the old and the new one during a change."""
_KEY = re.compile(r"tpk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
_USE_NOTED_EVERY = timedelta(minutes=1)
_BELIEVED_SECONDS = 10.0
_log = structlog.get_logger(__name__)


class KeyRefused(TwinpathError):
    """A machine key can't be made like that."""

    code = "key_refused"


@dataclass(frozen=True)
class MachineKey:
    """A key as it is stored: `name` is who uses it, `digest` the SHA-256 of the secret; times are in UTC."""

    id: str
    name: str
    digest: str
    permissions: tuple[str, ...]
    created: datetime
    expires: datetime
    revoked: datetime | None = None
    last_use: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether it opens anything at this time."""
        return self.revoked is None and now < self.expires


class MachineKeyStore(Protocol):
    """Where keys are kept. Every method raises Unavailable."""

    async def add(self, key: MachineKey) -> None:
        """Keep a new key."""
        ...

    async def get(self, key_id: str) -> MachineKey | None:
        """The key with this id."""
        ...

    async def every(self) -> Sequence[MachineKey]:
        """All keys, revoked and expired ones too, oldest first."""
        ...

    async def revoke(self, key_id: str, at: datetime) -> bool:
        """Revoke a key that is not yet; whether there is such a key."""
        ...

    async def note_use(self, key_id: str, at: datetime) -> None:
        """Remember a last use."""
        ...


async def create_key(
    store: MachineKeyStore, name: str, permissions: Sequence[str], valid_for: timedelta, clock: Clock = utc_now
) -> str:
    """Make a key and give its text, which nobody can read again.

    Raises:
        KeyRefused: the name or the permissions are not well-formed, or two keys of this name are valid already.
        Unavailable: the store does not answer.
    """
    if _NAME.fullmatch(name) is None:
        raise KeyRefused("A key's name takes up to 63 of a-z, 0-9, dot and dash.")
    if not permissions:
        raise KeyRefused("A key needs at least one permission.")
    now = clock()
    valid = [key for key in await store.every() if key.name == name and key.is_valid(now)]
    if len(valid) >= MOST_AT_ONCE:
        raise KeyRefused(f"{name} has {MOST_AT_ONCE} valid keys: revoke one of {', '.join(key.id for key in valid)}.")
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    await store.add(MachineKey(key_id, name, _digest(secret), tuple(permissions), now, now + valid_for))
    return f"{PREFIX}{key_id}_{secret}"


class MachineKeys:
    """Says who presents a key. A key is believed for ten seconds without a look at the store, so revoking takes that
    long; its last use is noted once a minute."""

    def __init__(self, store: MachineKeyStore, clock: Clock = utc_now) -> None:
        self._store = store
        self._clock = clock
        self._seen: dict[str, tuple[datetime, MachineKey]] = {}

    async def caller(self, text: str) -> Caller:
        """Who presents this key. Raises NotAuthenticated, Unavailable."""
        parts = _KEY.fullmatch(text)
        if parts is None:
            raise _unknown()
        key, now = await self._key(parts[1]), self._clock()
        if key is None or not hmac.compare_digest(key.digest, _digest(parts[2])):
            raise _unknown()
        if not key.is_valid(now):
            raise NotAuthenticated("The machine key is revoked or over.", code="key_expired")
        await self._note_use(key, now)
        owner = "" if OWN in key.permissions else None
        return Caller(ISSUER, key.name, frozenset(key.permissions), owner, key.expires.timestamp())

    async def _key(self, key_id: str) -> MachineKey | None:
        now = self._clock()
        seen = self._seen.get(key_id)
        if seen is not None and (now - seen[0]).total_seconds() < _BELIEVED_SECONDS:
            return seen[1]
        key = await self._store.get(key_id)
        if key is None:
            self._seen.pop(key_id, None)
        else:
            self._seen[key_id] = now, key
        return key

    async def _note_use(self, key: MachineKey, now: datetime) -> None:
        if key.last_use is not None and now - key.last_use < _USE_NOTED_EVERY:
            return
        self._seen[key.id] = self._seen[key.id][0], replace(key, last_use=now)
        try:
            await self._store.note_use(key.id, now)
        except Unavailable as error:  # the key was verified: a last use that is not noted is no reason to refuse it
            _log.warning("key_use_not_noted", key=key.id, error=str(error))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _unknown() -> NotAuthenticated:
    return NotAuthenticated("The machine key is not known.", code="invalid_key")
