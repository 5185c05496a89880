"""How much a caller may ask for: a window that slides, counted in Redis for all replicas, by each alone without it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from time import time

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError

from twinpath.errors import TooMany

RATES = "rates"
"""What the keys of limits begin with, after the prefix of every key."""

_SHARES = 50
"""A process takes this part of a limit at once, so that Redis is asked once for so many requests, not for each."""

_CALLERS = 100_000
"""So many callers are remembered; then all are forgotten, and asked for again."""

_REFUSED_SECONDS, _REDIS_AGAIN_SECONDS = 0.2, 2.0
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Share:
    """What a process holds of a caller's limit: `held` requests may still pass without asking; times are Unix seconds.

    `left` is what the store has beyond them, and more comes at `resets_at`. Until `refused_until` nothing passes.
    """

    held: int = 0
    until: float = 0.0
    left: int = 0
    resets_at: float = 0.0
    refused_until: float = 0.0
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class CallerRates:
    """Limits as the library limits reads them (`600/minute`): for each known caller, and for each address of others.

    None is no limit. A window is limits' sliding counter: the part of the window before that still counts is added to
    the present one. Replicas that share a Redis share the count; a replica that has no answer of it after
    `redis_timeout` seconds counts alone.
    """

    def __init__(
        self,
        caller_rate: str | None = None,
        address_rate: str | None = None,
        redis_url: str | None = None,
        prefix: str = "twinpath",
        clock: Callable[[], float] = time,
        redis_timeout: float = 0.2,
    ) -> None:
        self._items = {True: _item(caller_rate, "CALLER"), False: _item(address_rate, "ADDRESS")}
        self._alone = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._redis = None if redis_url is None else _redis(redis_url, prefix, redis_timeout)
        self._together = None if self._redis is None else SlidingWindowCounterRateLimiter(self._redis)
        self._redis_again_at = 0.0
        self._shares: dict[tuple[bool, str], _Share] = {}
        self._clock = clock

    def limits(self, is_known: bool) -> bool:
        """Whether there is a limit for known callers, or for addresses."""
        return self._items[is_known] is not None

    async def take(self, caller: str, is_known: bool) -> None:
        """Count one request of a caller. Raises TooMany, with `retry_after` in seconds."""
        item = self._items[is_known]
        if item is None:
            return
        share = self._share_of(caller, is_known)
        now = self._clock()
        if share.held <= 0 or share.until <= now:
            async with share.asking:
                await self._refill(share, item, caller)
        if share.held <= 0:
            seconds = min(item.get_expiry(), max(1, ceil(share.resets_at - now)))
            raise TooMany(f"One caller may ask for {item} here.", code="rate_limited", retry_after=seconds)
        share.held -= 1

    def headers(self, caller: str, is_known: bool) -> Mapping[str, str]:
        """What the answer to a request that was counted or refused says of the caller's limit (IETF
        draft-ietf-httpapi-ratelimit-headers-10)."""
        item = self._items[is_known]
        return {} if item is None else _headers(item, self._share_of(caller, is_known), self._clock())

    async def close(self) -> None:
        """Give up the connections to Redis."""
        if self._redis is not None:
            await self._redis.bridge.get_connection().aclose()  # type: ignore[attr-defined]

    def _share_of(self, caller: str, is_known: bool) -> _Share:
        key = (is_known, caller)
        share = self._shares.get(key)
        if share is None:
            if len(self._shares) >= _CALLERS:
                self._shares.clear()
            share = self._shares[key] = _Share()
        return share

    async def _refill(self, share: _Share, item: RateLimitItem, caller: str) -> None:
        now = self._clock()
        if (share.held > 0 and share.until > now) or share.refused_until > now:  # another request asked meanwhile
            return
        if self._together is not None and now >= self._redis_again_at:
            try:
                await _ask(self._together, share, item, caller, now)
                return
            except StorageError as error:
                self._redis_again_at = now + _REDIS_AGAIN_SECONDS
                _log.warning("rates_counted_alone", error=str(error))
        await _ask(self._alone, share, item, caller, now)


async def _ask(
    limiter: SlidingWindowCounterRateLimiter, share: _Share, item: RateLimitItem, caller: str, now: float
) -> None:
    """Take a part of the limit, else what little there is; where there is nothing, don't ask again for a moment."""
    share.held = 0
    for part in dict.fromkeys((max(1, item.amount // _SHARES), 1)):
        if await limiter.hit(item, caller, cost=part):
            share.held, share.until = part, now + item.get_expiry()
            break
    else:
        share.refused_until = now + _REFUSED_SECONDS
    share.resets_at, share.left = await limiter.get_window_stats(item, caller)


def _headers(item: RateLimitItem, share: _Share, now: float) -> dict[str, str]:
    seconds = max(0, ceil(share.resets_at - now))
    return {
        "RateLimit-Policy": f'"caller";q={item.amount};w={item.get_expiry()}',
        "RateLimit": f'"caller";r={share.left + share.held};t={seconds}',
    }


def _item(text: str | None, kind: str) -> RateLimitItem | None:
    """A limit; what is counted under it begins with its kind, so that no caller is called like an address."""
    item = parse(text) if text else None
    if item is not None:
        item.namespace = kind
    return item


def _redis(url: str, prefix: str, timeout: float) -> RedisStorage:
    return RedisStorage(
        f"async+{url.replace('unix://', 'redis+unix://', 1)}",
        wrap_exceptions=True,
        implementation="redispy",
        key_prefix=f"{prefix}:{RATES}",
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
    )
