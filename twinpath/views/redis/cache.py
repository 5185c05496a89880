"""The copy of views in Redis: one string a document, ready to send, and how far each log is in it.

A value is a header of fixed width, the revision and the etag, followed by the body, so that a read parses no JSON.
All keys of a view share a hash tag, so that a script's keys are in one slot of a cluster.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from twinpath.domain.views import Cached
from twinpath.errors import Unavailable
from twinpath.views.interface import FILL_SECONDS
from twinpath.views.redis.reads import SharedReads

_REVISION_WIDTH = 16
_ETAG_WIDTH = 40
_KEYS_A_SCAN = 1_000
_HEADER_WIDTH = _REVISION_WIDTH + _ETAG_WIDTH

_WRITE = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '0') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
local documents = #ARGV - 3
local filled = redis.call('GET', KEYS[2]) or 'done'
for i = 4 + documents, #KEYS do
  redis.call('DEL', KEYS[i])
  if filled ~= 'done' then redis.call('SADD', KEYS[3], KEYS[i]) end
end
for i = 1, documents do
  local key, value = KEYS[3 + i], ARGV[3 + i]
  if redis.call('GETRANGE', key, 0, 15) < string.sub(value, 1, 16) then redis.call('SET', key, value) end
end
return 1
"""
_FILL = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for i = 3, #KEYS do
  local key, value = KEYS[i], ARGV[i]
  if redis.call('GETRANGE', key, 0, 15) < string.sub(value, 1, 16) and redis.call('SISMEMBER', KEYS[2], key) == 0 then
    redis.call('SET', key, value)
  end
end
if ARGV[2] == 'last' then
  redis.call('SET', KEYS[1], 'done')
  redis.call('DEL', KEYS[2])
else
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
return 1
"""


class RedisViewCache:
    """A ViewCache. Give it a client with time limits, as `redis_client` makes it, or a Redis that hangs hangs us."""

    def __init__(self, client: Redis, prefix: str, fill_seconds: int = FILL_SECONDS) -> None:
        self._client = client
        self._prefix = prefix
        self._fill_seconds = fill_seconds
        self._write_script = client.register_script(_WRITE)
        self._fill_script = client.register_script(_FILL)
        self._reads: dict[str, SharedReads] = {}

    async def write(
        self, view: str, log: str, expected: int, position: int, documents: Sequence[Cached], removed: Sequence[str]
    ) -> bool:
        """See ViewCache.write."""
        keys = [
            self._positions_key(view),
            *self._fill_keys(view),
            *(self._key(view, document.id) for document in documents),
        ]
        keys += [self._key(view, document_id) for document_id in removed]
        values = [_encode(document) for document in documents]
        with our_errors():
            taken = await self._write_script(keys=keys, args=[log, expected, position, *values])
        return bool(taken)

    async def positions(self, view: str) -> dict[str, int]:
        """See ViewCache.positions."""
        with our_errors():
            found: Any = await self._client.hgetall(self._positions_key(view))
        return {log.decode(): int(position) for log, position in found.items()}

    async def adopt(self, view: str, log: str, position: int) -> None:
        """See ViewCache.adopt."""
        with our_errors():
            async with self._client.pipeline(transaction=True) as both:
                both.hset(self._positions_key(view), log, str(position))
                both.delete(*self._fill_keys(view))
                await both.execute()

    async def fill_state(self, view: str) -> str | None:
        """See ViewCache.fill_state."""
        with our_errors():
            state: Any = await self._client.get(self._fill_keys(view)[0])
        return None if state is None else state.decode()

    async def begin_fill(self, view: str, token: str) -> None:
        """See ViewCache.begin_fill."""
        state, removed = self._fill_keys(view)
        with our_errors():
            async with self._client.pipeline(transaction=True) as both:
                both.set(state, token, ex=self._fill_seconds)
                both.delete(removed)
                await both.execute()

    async def fill(self, view: str, token: str, documents: Sequence[Cached], last: bool) -> bool:
        """See ViewCache.fill."""
        keys = [*self._fill_keys(view), *(self._key(view, document.id) for document in documents)]
        arguments = [token, "last" if last else self._fill_seconds, *map(_encode, documents)]
        with our_errors():
            return bool(await self._fill_script(keys=keys, args=arguments))

    async def get(self, view: str, document_id: str) -> Cached | None:
        """See ViewCache.get. Calls that come while a read of the view is under way share the next one."""
        reads = self._reads.get(view)
        if reads is None:
            reads = self._reads[view] = SharedReads(self._read_many)  # one a view: in a cluster a view is in one slot
        value = await reads.get(self._key(view, document_id))
        return None if value is None else _decode(document_id, value)

    async def get_many(self, view: str, ids: Sequence[str]) -> list[Cached | None]:
        """See ViewCache.get_many."""
        values = await self._read_many([self._key(view, document_id) for document_id in ids])
        return [
            None if value is None else _decode(document_id, value)
            for document_id, value in zip(ids, values, strict=True)
        ]

    async def forget(self, view: str) -> None:
        """See ViewCache.forget. Documents last, so that none counts as copied once it is gone."""
        with our_errors():
            await self._client.delete(self._positions_key(view), *self._fill_keys(view))
            some: list[bytes] = []
            async for key in self._client.scan_iter(match=self._key(view, "*"), count=_KEYS_A_SCAN):
                some.append(key)
                if len(some) == _KEYS_A_SCAN:
                    await self._client.unlink(*some)
                    some = []
            if some:
                await self._client.unlink(*some)

    async def _read_many(self, keys: Sequence[str]) -> list[bytes | None]:
        with our_errors():
            values: Any = await self._client.mget(keys) if keys else []
        return list(values)

    def _key(self, view: str, document_id: str) -> str:
        return f"{self._prefix}:{{{view}}}:{document_id}"

    def _positions_key(self, view: str) -> str:
        return f"{self._prefix}:{{{view}}}|positions"

    def _fill_keys(self, view: str) -> tuple[str, str]:
        """Of the fill state, and of the set of what was removed while a fill is under way."""
        return f"{self._prefix}:{{{view}}}|fill", f"{self._prefix}:{{{view}}}|removed"


def _encode(document: Cached) -> bytes:
    if len(document.etag) > _ETAG_WIDTH:
        raise ValueError(f"an etag may have {_ETAG_WIDTH} characters, this one has {len(document.etag)}")
    return f"{document.revision:0{_REVISION_WIDTH}d}{document.etag:<{_ETAG_WIDTH}}".encode("ascii") + document.body


def _decode(document_id: str, value: bytes) -> Cached:
    etag = value[_REVISION_WIDTH:_HEADER_WIDTH].decode("ascii").rstrip()
    return Cached(document_id, int(value[:_REVISION_WIDTH]), etag, value[_HEADER_WIDTH:])


@contextmanager
def our_errors() -> Iterator[None]:
    """Turn what redis-py raises into Unavailable."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise Unavailable(f"Redis does not answer: {error or type(error).__name__}") from error


def redis_client(url: str, seconds: float = 2.0) -> Redis:
    """A client that has no retries of its own and waits at most `seconds` for a connection or an answer."""
    client: Redis = Redis.from_url(url, socket_timeout=seconds, socket_connect_timeout=seconds)
    return client
