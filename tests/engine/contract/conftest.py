"""The stores of views that one contract suite runs on."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from tests.support.in_memory_generations import InMemoryGenerations
from tests.support.things import LOGS, THINGS, Store
from twinpath.views.mongodb.generations import MongoGenerations


@pytest.fixture(params=["in_memory", "mongo"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "in_memory":
        store: Store = InMemoryGenerations()
        await store.prepare([THINGS], [("p", log) for log in LOGS])
        yield store
        return
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(request.getfixturevalue("mongodb_url")) as client:
        store = MongoGenerations(client, request.getfixturevalue("unique"))
        await store.prepare([THINGS], [("p", log) for log in LOGS])
        yield store
