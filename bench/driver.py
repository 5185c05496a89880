"""PyMongo's asyncio API against Motor: the same inserts and reads, 64 callers in flight, in one run (decision 0003)."""

import statistics
from typing import Any

import uvloop
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient, WriteConcern

from bench.measuring import CALLERS, ROUNDS, mongodb_alone, rate, report
from shared.ids import uuid7

DOCUMENT = {"subject": "Parcel has not arrived", "message": "x" * 100, "customer_id": None, "order_id": None}
COUNT = 4_000


async def measure(url: str) -> None:
    """Print a line a round and the medians. Motor's calls are the same, so one set of functions does for both."""

    def collection(client: Any) -> Any:
        return client["bench"].get_collection("plain", write_concern=WriteConcern("majority", j=True))

    async with AsyncMongoClient[dict[str, Any]](url) as ours:
        motor: Any = AsyncIOMotorClient(url)
        ids: list[str] = []

        async def insert(target: Any) -> float:
            async def one(_: int) -> None:
                ids.append(uuid7())
                await target.insert_one({"_id": ids[-1], **DOCUMENT})

            return await rate(COUNT, CALLERS, one)

        async def read(target: Any) -> float:
            async def one(number: int) -> None:
                await target.find_one({"_id": ids[number]})

            return await rate(COUNT, CALLERS, one)

        inserts, reads = [], []
        for round_ in range(1, ROUNDS + 1):
            ours_in, motor_in = await insert(collection(ours)), await insert(collection(motor))
            ours_out, motor_out = await read(collection(ours)), await read(collection(motor))
            inserts.append(ours_in / motor_in)
            reads.append(ours_out / motor_out)
            print(
                f"round {round_}: inserts {ours_in:,.0f}/s and {motor_in:,.0f}/s,"
                f" reads {ours_out:,.0f}/s and {motor_out:,.0f}/s"
            )
        motor.close()
    report("inserts, PyMongo's asyncio API / Motor", inserts, "> 1", statistics.median(inserts) > 1)
    report("reads by id, PyMongo's asyncio API / Motor", reads, "> 1", statistics.median(reads) > 1)


def main() -> None:
    """Start a private MongoDB, measure, stop it."""
    with mongodb_alone() as url:
        uvloop.run(measure(url))
