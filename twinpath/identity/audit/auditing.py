"""Decides what of a service's requests goes on record: every refusal, and what staff do by certain permissions."""

import asyncio
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress

from starlette.types import Scope

from twinpath.clock import Clock, utc_now
from twinpath.errors import TwinpathError, Unavailable
from twinpath.http.headers import joined_header
from twinpath.identity.audit.interface import Entry, Outcome
from twinpath.identity.audit.recorder import Recorder
from twinpath.identity.caller import Caller
from twinpath.ids import UUID_PATTERN

UNKNOWN = "unknown"
"""The actor of a request whose caller is not known."""

_ID = re.compile(rf"[a-z_]+-{UUID_PATTERN}")
_PLAIN = re.compile(r"/[a-z0-9_-]{0,40}")


class Auditing:
    """Puts requests on record for one service.

    `read_key` gives the key that pseudonyms are made with, `permissions` are those whose use is recorded.
    """

    def __init__(
        self,
        service: str,
        recorder: Recorder,
        read_key: Callable[[], Awaitable[bytes]],
        permissions: Collection[str],
        clock: Clock = utc_now,
    ) -> None:
        self._service = service
        self._recorder = recorder
        self._read_key = read_key
        self._key: bytes | None = None
        self._reading: asyncio.Task[None] | None = None
        self._permissions = permissions
        self._clock = clock

    def prepare(self) -> None:
        """Begin to read the key unless it is there; no request waits for it. Until then a caller that is refused goes
        on record as unknown."""
        if self._key is None and (self._reading is None or self._reading.done()):
            self._reading = asyncio.create_task(self._read(), name="audit key")

    async def _read(self) -> None:
        with suppress(Unavailable):
            self._key = await self._read_key()

    async def allowed(
        self, caller: Caller, permissions: Collection[str], scope: Scope, command: str | None = None
    ) -> None:
        """Record what is about to be done, but not what owners do with what is theirs.

        Raises Unavailable: then it must not be done.
        """
        if caller.owner is None and any(permission in self._permissions for permission in permissions):
            self._key = self._key or await self._read_key()
            await self._recorder.done(self._entry(caller, scope, command, "allowed"))

    def refused(self, caller: Caller, scope: Scope, error: TwinpathError, command: str | None = None) -> None:
        """Record that a request was refused."""
        self._recorder.refused(self._entry(caller, scope, command, "refused", error.code))

    async def close(self) -> None:
        """Write what still waits."""
        if self._reading is not None:
            self._reading.cancel()
        await self._recorder.close()

    def _entry(
        self, caller: Caller, scope: Scope, command: str | None, outcome: Outcome, reason: str | None = None
    ) -> Entry:
        path = scope["path"]
        named = _ID.search(path)
        behalf = None if scope["method"] == "GET" else joined_header(scope, b"x-on-behalf-of")  # queries don't take it
        return Entry(
            self._clock(),
            self._service,
            pseudonym_of(self._key, caller.key) if self._key and caller.is_known else UNKNOWN,
            command or f"{scope['method']} {_without_ids(path)}",
            outcome,
            named[0] if named else None,
            reason,
            behalf if behalf and _ID.fullmatch(behalf) else None,
            correlation_id=scope.get("state", {}).get("correlation_id"),
        )


def _without_ids(path: str) -> str:
    """A path as the API's documents have it; what a client made up is left out."""
    parts = ["/{id}" if _ID.fullmatch(part) else f"/{part}" for part in path.split("/")[1:]]
    return "".join(part if part == "/{id}" or _PLAIN.fullmatch(part) else "/…" for part in parts[:8])


def pseudonym_of(key: bytes, caller: str) -> str:
    """A caller, by its `Caller.key`, as the record names it: a keyed hash, which nobody can try out without the key."""
    return f"caller-{hmac.new(key, caller.encode(), hashlib.sha256).hexdigest()[:16]}"
