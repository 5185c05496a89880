"""Whether OpenSearch answers."""

from twinpath.searching.opensearch.server import Server


async def answers(url: str, ca: str) -> str:
    """Raises Unavailable."""
    server = Server(url, ca)
    try:
        return f"answers, version {await server.version()}"
    finally:
        await server.close()
