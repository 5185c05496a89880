"""The copy of views in Redis: one string a document, ready to send, and how far each log is in it.

A value is a header of fixed width, the revision and the etag, followed by the body, so that a read parses no JSON.
All keys of a view share a hash tag, so that a script's keys are in one slot of a cluster.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared.errors import Unavailable
from shared.view_store.interface import Cached

_REVISION_WIDTH = 16
_ETAG_WIDTH = 40
_HEADER_WIDTH = _REVISION_WIDTH + _ETAG_WIDTH
_MOST_KEYS = 1_000

_WRITE = """
local current = redis.call('HGET', KEYS[1], ARGV[1])
if (current or '0') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
local documents = tonumber(ARGV[4])
for i = 1, documents do
  local key, value = KEYS[1 + i], ARGV[4 + i]
  local old = redis.call('GETRANGE', key, 0, 15)
  if old == '' or tonumber(old) < tonumber(string.sub(value, 1, 16)) then redis.call('SET', key, value) end
end
for i = 2 + documents, #KEYS do redis.call('DEL', KEYS[i]) end
return 1
"""
_FILL = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for i = 2, #KEYS do redis.call('SET', KEYS[i], ARGV[i], 'NX') end
return 1
"""


class RedisViewCache:
    """A ViewCache. Give it a client with time limits, as `redis_client` makes it, or a Redis that hangs hangs us."""

    def __init__(self, client: Redis, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self._write_script = client.register_script(_WRITE)
        self._fill_script = client.register_script(_FILL)
        self._wanted: dict[str, asyncio.Future[bytes | None]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def write(
        self, view: str, log: str, expected: int, position: int, documents: Sequence[Cached], removed: Sequence[str]
    ) -> bool:
        """See ViewCache.write."""
        keys = [self._positions_key(view), *(self._key(view, document.id) for document in documents)]
        keys += [self._key(view, document_id) for document_id in removed]
        values = [_encode(document) for document in documents]
        async with _ours():
            taken = await self._write_script(keys=keys, args=[log, expected, position, len(values), *values])
        return bool(taken)

    async def positions(self, view: str) -> dict[str, int]:
        """See ViewCache.positions."""
        async with _ours():
            found: Any = await self._client.hgetall(self._positions_key(view))
        return {log.decode(): int(position) for log, position in found.items()}

    async def adopt(self, view: str, log: str, position: int) -> None:
        """See ViewCache.adopt."""
        async with _ours():
            await self._client.hset(self._positions_key(view), log, str(position))

    async def fill_state(self, view: str) -> str | None:
        """See ViewCache.fill_state."""
        async with _ours():
            state: Any = await self._client.get(self._fill_key(view))
        return None if state is None else state.decode()

    async def set_fill_state(self, view: str, state: str, seconds: int | None = None) -> None:
        """See ViewCache.set_fill_state."""
        async with _ours():
            await self._client.set(self._fill_key(view), state, ex=seconds)

    async def fill(self, view: str, token: str, documents: Sequence[Cached]) -> bool:
        """See ViewCache.fill."""
        keys = [self._fill_key(view), *(self._key(view, document.id) for document in documents)]
        async with _ours():
            return bool(await self._fill_script(keys=keys, args=[token, *map(_encode, documents)]))

    async def get(self, view: str, document_id: str) -> Cached | None:
        """See ViewCache.get. Calls that come while a read is under way share the next one; no timer is involved."""
        key = self._key(view, document_id)
        future = self._wanted.get(key)
        if future is None:
            future = self._wanted[key] = asyncio.get_running_loop().create_future()
            if self._reading is None:
                self._reading = asyncio.create_task(self._read_wanted(), name="redis reads")
        value = await asyncio.shield(future)  # a caller that gives up leaves the others their answer
        return None if value is None else _decode(document_id, value)

    async def get_many(self, view: str, ids: Sequence[str]) -> list[Cached | None]:
        """See ViewCache.get_many."""
        async with _ours():
            keys = [self._key(view, document_id) for document_id in ids]
            values: list[Any] = await self._client.mget(keys) if keys else []
        return [
            None if value is None else _decode(document_id, value)
            for document_id, value in zip(ids, values, strict=True)
        ]

    async def _read_wanted(self) -> None:
        try:
            while self._wanted:
                keys = list(self._wanted)[:_MOST_KEYS]
                futures = [self._wanted.pop(key) for key in keys]
                try:
                    async with _ours():
                        values: list[Any] = await self._client.mget(keys)
                except Unavailable as error:
                    for future in futures:
                        future.set_exception(error)
                        future.exception()  # its callers may all have gone
                else:
                    for future, value in zip(futures, values, strict=True):
                        future.set_result(value)
        finally:
            self._reading = None

    def _key(self, view: str, document_id: str) -> str:
        return f"{self._prefix}:{{{view}}}:{document_id}"

    def _positions_key(self, view: str) -> str:
        return f"{self._prefix}:{{{view}}}|positions"

    def _fill_key(self, view: str) -> str:
        return f"{self._prefix}:{{{view}}}|fill"


def _encode(document: Cached) -> bytes:
    return f"{document.revision:0{_REVISION_WIDTH}d}{document.etag:<{_ETAG_WIDTH}}".encode("ascii") + document.body


def _decode(document_id: str, value: bytes) -> Cached:
    etag = value[_REVISION_WIDTH:_HEADER_WIDTH].decode("ascii").rstrip()
    return Cached(document_id, int(value[:_REVISION_WIDTH]), etag, value[_HEADER_WIDTH:])


@asynccontextmanager
async def _ours() -> AsyncIterator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise Unavailable(f"Redis does not answer: {error or type(error).__name__}") from error


def redis_client(url: str) -> Any:
    """The client as every service opens it: answers within two seconds or not at all, and no retries of its own."""
    return Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=1.0)
