"""Three processes append to the same four logs, against one process alone; no gap, and every caller gets an answer."""

import asyncio
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from threading import Barrier

import uvloop

from bench.figures import at_least
from bench.log.append import EVENTS
from bench.measuring import mongodb_alone, rate
from bench.run import Run
from twinpath.clock import utc_now
from twinpath.domain.events import Metadata
from twinpath.ids import logs_of, new_id, uuid7
from twinpath.log.commits import Document
from twinpath.log.interface import NewCommit
from twinpath.log.mongodb import MongoEventStore
from twinpath.log.verification import Finding, PositionRule, VersionRule
from twinpath.mongo_client import mongo_client

PROCESSES, PARTITIONS = 3, 4
_START_SECONDS = 60.0


class LostAppend(RuntimeError):
    """The log differs from the answers that the callers got."""


def _together(url: str, database: str, processes: int, count: int, callers: int) -> float:
    """Appends a second of all processes, from the start signal until the last process ends; then the log is checked."""
    uvloop.run(_prepare(url, database))
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(processes, context) as pool:
        start = manager.Barrier(processes + 1)
        writers = [pool.submit(_writer, url, database, count, callers, start) for _ in range(processes)]
        start.wait(_START_SECONDS)
        began = time.perf_counter()
        answered = sum(writer.result() for writer in writers)
        took = time.perf_counter() - began
    if answered != processes * (count + callers):
        raise LostAppend(f"{answered} of {processes * (count + callers)} callers got an answer")
    uvloop.run(_check(url, database, answered))
    return processes * count / took


async def _prepare(url: str, database: str) -> None:
    async with mongo_client(url, "bench") as client:
        await MongoEventStore(client, database, ("ticket",), PARTITIONS).prepare()


def _writer(url: str, database: str, count: int, callers: int, start: Barrier) -> int:
    """A process that appends to fresh streams after the start signal; returns how many callers got an answer."""
    return uvloop.run(_write(url, database, count, callers, start))


async def _write(url: str, database: str, count: int, callers: int, start: Barrier) -> int:
    answered = 0
    async with mongo_client(url, "bench") as client:
        store = MongoEventStore(client, database, ("ticket",), PARTITIONS)

        async def append(_: int) -> None:
            nonlocal answered
            await store.append(NewCommit(new_id("ticket"), EVENTS, 0, uuid7(), Metadata(utc_now(), "a", "c")))
            answered += 1

        await rate(callers, callers, append)  # connections and heads are there before the measurement
        await asyncio.to_thread(start.wait, _START_SECONDS)
        await rate(count, callers, append)
    return answered


async def _check(url: str, database: str, answered: int) -> None:
    """Every log is gapless, and the logs together hold every append that was answered."""
    findings: list[Finding] = []
    total = 0
    async with mongo_client(url, "bench") as client:
        commits = client[database]["commits"]
        for log in logs_of(("ticket",), PARTITIONS):
            positions, versions = PositionRule(log, PARTITIONS), VersionRule()
            last: Document = {}
            async for commit in commits.find({"log": log}).sort("position", 1):
                findings += positions.look(commit)
                positions.events.clear()
                last = commit
                total += 1
            findings += positions.end(last.get("position", 0))
            async for commit in commits.find({"log": log}).sort([("stream", 1), ("version", 1)]):
                findings += versions.look(commit)
        await client.drop_database(database)
    if findings or total != answered:
        raise LostAppend(f"{answered} answered, {total} in the log; {findings[:3]}")


def measure(run: Run) -> None:
    """On a private MongoDB."""
    figure = run.figure(f"append, {PROCESSES} processes together / one alone, same logs", at_least(1), "/s")
    sizes = run.sizes
    with mongodb_alone() as url:
        for number in run.rounds():
            alone = _together(url, f"alone{number}", 1, sizes.appends, sizes.callers)
            figure.add(_together(url, f"together{number}", PROCESSES, sizes.appends, sizes.callers), alone)
