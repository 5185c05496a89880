"""Whether ClickHouse answers."""

from twinpath.facts.clickhouse.connection import Connection


async def answers(url: str) -> str:
    """Raises Unavailable."""
    connection = Connection(url)
    try:
        return f"answers, version {(await connection.rows('SELECT version()'))[0][0]}"
    finally:
        await connection.close()
