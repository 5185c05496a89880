"""Whether Redis answers, and whether this account may read the copy of the views, or write it."""

from redis.asyncio import Redis


async def may_read(client: Redis, prefix: str) -> str:
    """Raises RedisError."""
    await client.get(f"{prefix}:{{check}}:nothing")
    return "answers, and may be read"


async def may_write(client: Redis, prefix: str) -> str:
    """Raises RedisError."""
    await client.delete(f"{prefix}:{{check}}:nothing")
    return "answers, and may be written"
