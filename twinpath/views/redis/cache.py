"""The copy of views in Redis: one string a document, ready to send, and how far each log is in it.

A value is a header of fixed width, the revision and the etag, followed by the body, so that a read parses no JSON. The
positions of all logs are one value beside them, so that the same MGET that reads a document says how far the copy is.
All keys of a view share a hash tag, so that a script's keys are in one slot of a cluster.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from twinpath.domain.views import NOTHING, Cached
from twinpath.errors import Unavailable
from twinpath.views.interface import FILL_SECONDS, Moves, ViewCache, expect_reached
from twinpath.views.redis.reads import SharedReads
from twinpath.views.redis.scripts import ADOPT, FILL, WRITE

_REVISION_WIDTH = 16
_ETAG_WIDTH = 40
_KEYS_A_SCAN = 1_000
_HEADER_WIDTH = _REVISION_WIDTH + _ETAG_WIDTH

_Read = tuple[Mapping[str, int], bytes | None]
"""How far the copy was at the moment of a read, and the value of a key."""


class RedisViewCache(ViewCache):
    """A ViewCache. Give it a client with time limits, as `redis_client` makes it, or a Redis that hangs hangs us."""

    def __init__(self, client: Redis, prefix: str, fill_seconds: int = FILL_SECONDS) -> None:
        self._client = client
        self._prefix = prefix
        self._fill_seconds = fill_seconds
        self._write_script = client.register_script(WRITE)
        self._adopt_script = client.register_script(ADOPT)
        self._fill_script = client.register_script(FILL)
        self._reads: dict[str, SharedReads[_Read]] = {}
        self._parsed: dict[str, tuple[bytes | None, Mapping[str, int]]] = {}
        """View -> its positions as they were last read, and what they mean: most reads find them unchanged."""

    async def write(self, view: str, moves: Moves, documents: Sequence[Cached], removed: Sequence[str]) -> bool:
        keys = [
            *self._positions_keys(view),
            *self._fill_keys(view),
            *(self._key(view, document.id) for document in documents),
        ]
        keys += [self._key(view, document_id) for document_id in removed]
        steps = [part for log, move in moves.items() for part in (log, *move)]
        values = [_encode(document) for document in documents]
        with our_errors():
            taken = await self._write_script(keys=keys, args=[len(moves), *steps, *values])
        return bool(taken)

    async def positions(self, view: str) -> dict[str, int]:
        reached, before = self._positions_keys(view)
        with our_errors():
            text: Any = await self._client.get(reached)
            if text is not None:
                return _positions(text)
            positions: Any = await self._client.hgetall(before)
        return {log.decode(): int(position) for log, position in positions.items()}

    async def adopt(self, view: str, positions: Mapping[str, int]) -> None:
        keys = [*self._positions_keys(view), *self._fill_keys(view)]
        with our_errors():
            await self._adopt_script(keys=keys, args=[part for pair in positions.items() for part in pair])

    async def fill_state(self, view: str) -> str | None:
        with our_errors():
            state: Any = await self._client.get(self._fill_keys(view)[0])
        return None if state is None else state.decode()

    async def begin_fill(self, view: str, token: str) -> None:
        state, removed = self._fill_keys(view)
        with our_errors():
            async with self._client.pipeline(transaction=True) as both:
                both.set(state, token, ex=self._fill_seconds)
                both.delete(removed)
                await both.execute()

    async def fill(self, view: str, token: str, documents: Sequence[Cached], last: bool) -> bool:
        keys = [*self._fill_keys(view), *(self._key(view, document.id) for document in documents)]
        arguments = [token, "last" if last else self._fill_seconds, *map(_encode, documents)]
        with our_errors():
            return bool(await self._fill_script(keys=keys, args=arguments))

    async def get(self, view: str, document_id: str, at_least: Mapping[str, int] = NOTHING) -> Cached | None:
        """See ViewCache.get. Calls that come while a read of the view is under way share the next one."""
        reads = self._reads.get(view)
        if reads is None:  # one a view: in a cluster a view is in one slot
            reads = self._reads[view] = SharedReads(partial(self._read, view))
        reached, value = await reads.get(self._key(view, document_id))
        expect_reached(view, reached, at_least)
        return None if value is None else _decode(document_id, value, reached)

    async def get_many(
        self, view: str, ids: Sequence[str], at_least: Mapping[str, int] = NOTHING
    ) -> list[Cached | None]:
        if not ids and not at_least:
            return []
        reached, values = await self._read_at_once(view, [self._key(view, document_id) for document_id in ids])
        expect_reached(view, reached, at_least)
        return [
            None if value is None else _decode(document_id, value, reached)
            for document_id, value in zip(ids, values, strict=True)
        ]

    async def forget(self, view: str) -> None:
        """See ViewCache.forget. Documents last, so that none counts as copied once it is gone."""
        with our_errors():
            await self._client.delete(*self._positions_keys(view), *self._fill_keys(view))
            some: list[bytes] = []
            async for key in self._client.scan_iter(match=self._key(view, "*"), count=_KEYS_A_SCAN):
                some.append(key)
                if len(some) == _KEYS_A_SCAN:
                    await self._client.unlink(*some)
                    some = []
            if some:
                await self._client.unlink(*some)

    async def _read(self, view: str, keys: Sequence[str]) -> list[_Read]:
        reached, values = await self._read_at_once(view, keys)
        return [(reached, value) for value in values]

    async def _read_at_once(self, view: str, keys: Sequence[str]) -> tuple[Mapping[str, int], list[bytes | None]]:
        """How far the copy is, and these values, of one moment."""
        with our_errors():
            replies: Any = await self._client.mget([self._positions_keys(view)[0], *keys])
        [text, *values] = replies
        before, reached = self._parsed.get(view, (None, NOTHING))
        if text != before:
            reached = NOTHING if text is None else _positions(text)
            self._parsed[view] = text, reached
        return reached, values

    def _key(self, view: str, document_id: str) -> str:
        return f"{self._prefix}:{{{view}}}:{document_id}"

    def _positions_keys(self, view: str) -> tuple[str, str]:
        """Of the positions, and of those that versions before 0.2 wrote, taken over where there are no others."""
        return f"{self._prefix}:{{{view}}}|reached", f"{self._prefix}:{{{view}}}|positions"

    def _fill_keys(self, view: str) -> tuple[str, str]:
        """Of the fill state, and of the set of what was removed while a fill is under way."""
        return f"{self._prefix}:{{{view}}}|fill", f"{self._prefix}:{{{view}}}|removed"


def _positions(text: bytes) -> dict[str, int]:
    return {log: int(position) for log, position in orjson.loads(text).items()}


def _encode(document: Cached) -> bytes:
    if len(document.etag) > _ETAG_WIDTH:
        raise ValueError(f"an etag may have {_ETAG_WIDTH} characters, this one has {len(document.etag)}")
    return f"{document.revision:0{_REVISION_WIDTH}d}{document.etag:<{_ETAG_WIDTH}}".encode("ascii") + document.body


def _decode(document_id: str, value: bytes, reached: Mapping[str, int]) -> Cached:
    etag = value[_REVISION_WIDTH:_HEADER_WIDTH].decode("ascii").rstrip()
    return Cached(document_id, int(value[:_REVISION_WIDTH]), etag, value[_HEADER_WIDTH:], reached)


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
