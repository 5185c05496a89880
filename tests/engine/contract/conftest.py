"""The stores of events and of views that one contract suite runs on."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from tests.support.appending import CATEGORIES
from tests.support.in_memory_generations import InMemoryGenerations
from tests.support.things import LOGS, THINGS, Store
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.log.interface import EventStore
from twinpath.log.mongodb import MongoEventStore
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


@pytest.fixture(params=["in_memory", "mongo"])
async def event_store(request: pytest.FixtureRequest) -> AsyncIterator[EventStore]:
    if request.param == "in_memory":
        yield InMemoryEventStore(CATEGORIES)
        return
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(request.getfixturevalue("mongodb_url"), tz_aware=True) as client:
        mongo = MongoEventStore(client, request.getfixturevalue("unique"), CATEGORIES, 4)
        await mongo.prepare()
        yield mongo
