"""PyMongo's asyncio API against Motor: the same inserts and reads, 64 callers in flight, in one run (decision 0003)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient

from bench.figures import at_least
from bench.measuring import JOURNALED, on_mongodb, rate
from bench.run import Run
from twinpath.ids import uuid7

DOCUMENT = {"subject": "Parcel has not arrived", "message": "x" * 100, "customer_id": None, "order_id": None}


@asynccontextmanager
async def motor_client(url: str) -> AsyncIterator[Any]:
    """Motor's client; its calls are those of PyMongo's asyncio API."""
    client: Any = AsyncIOMotorClient(url)
    try:
        yield client
    finally:
        client.close()


@on_mongodb
async def measure(url: str, run: Run) -> None:
    """On a private MongoDB."""
    inserts = run.figure("inserts, PyMongo's asyncio API / Motor", at_least(1), "/s")
    reads = run.figure("reads by id, PyMongo's asyncio API / Motor", at_least(1), "/s")
    ids: list[str] = []

    async def insert(client: Any) -> float:
        target = client["bench"].get_collection("plain", write_concern=JOURNALED)

        async def insert_document(_: int) -> None:
            ids.append(uuid7())
            await target.insert_one({"_id": ids[-1], **DOCUMENT})

        return await rate(run.sizes.inserts, run.sizes.callers, insert_document)

    async def read(client: Any) -> float:
        target = client["bench"]["plain"]

        async def read_document(number: int) -> None:
            await target.find_one({"_id": ids[number]})

        return await rate(run.sizes.inserts, run.sizes.callers, read_document)

    async with AsyncMongoClient[dict[str, Any]](url) as ours, motor_client(url) as motor:
        for _ in run.rounds():
            inserts.add(await insert(ours), await insert(motor))
            reads.add(await read(ours), await read(motor))
