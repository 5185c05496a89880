"""The command line and the query app on a log and its views in MongoDB, under a today that knows no currency.

Run as a program; the environment says where the databases are. All views are rebuilt, the log is verified, and the
pages are read; what came of it is printed as JSON.
"""

import asyncio
import json
from contextlib import suppress
from typing import Any

import httpx
import structlog
from typer.testing import CliRunner

from tests.shop.support.hostile_today import empty_lists
from twinpath.cli.app import app
from twinpath.cli.settings import Settings
from twinpath.mongo_client import mongo_client
from twinpath.queries.app import create_app
from twinpath.running.settings import read_settings
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.mongodb.stores import MongoViewReader

CATEGORIES = ("customer", "order", "product", "ticket")
DASHBOARDS = ("/shop/dashboard", "/tickets/dashboard")


def ran(*arguments: str) -> dict[str, Any]:
    """How `twinpath` ended, and what it said."""
    result = CliRunner().invoke(app, arguments)
    return {"code": result.exit_code, "output": result.output}


async def shown() -> dict[str, Any]:
    """Path -> status and body, of every list, the documents on it, and the dashboards."""
    from query_service.application import QUERIES

    settings = read_settings(Settings)
    async with mongo_client(settings.mongodb_url, "test") as client:
        reader = MongoViewReader(client, settings.views_database)
        queries = create_app(reader, InMemoryViewCache(), QUERIES)
        async with (
            queries.router.lifespan_context(queries),
            httpx.AsyncClient(transport=httpx.ASGITransport(queries), base_url="http://shop/api/v1") as pages,
        ):
            lists = [f"/{category}s" for category in CATEGORIES]
            answers = {path: await pages.get(path) for path in (*lists, *DASHBOARDS)}
            for category in CATEGORIES:
                for item in answers[f"/{category}s"].json()["items"]:
                    document = f"/{category}s/{item[f'{category}_id']}"
                    answers[document] = await pages.get(document)
            return {path: [answer.status_code, answer.json()] for path, answer in answers.items()}


def report() -> dict[str, Any]:
    """What becomes of the past."""
    from command_service.product.price import digits_of

    with suppress(ValueError):
        return {"today knows it": digits_of("EUR")}
    rebuilt, verified = ran("rebuild", "--all"), ran("verify")
    return {"rebuilt": rebuilt, "verified": verified, "shown": asyncio.run(shown())}


if __name__ == "__main__":
    empty_lists()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    print(json.dumps(report(), default=str))
