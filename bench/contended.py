"""Three processes append to the same four logs, against one process alone; no gap, and every caller gets an answer."""

import asyncio
import sys
import time

import uvloop

from bench.figures import at_least
from bench.measuring import mongodb_alone
from bench.run import Run
from twinpath.ids import logs_of
from twinpath.log.commits import Document
from twinpath.log.mongodb import MongoEventStore
from twinpath.log.verification import Finding, PositionRule, VersionRule
from twinpath.mongo_client import mongo_client

PROCESSES, PARTITIONS = 3, 4


class LostAppend(RuntimeError):
    """The log differs from the answers that the callers got."""


async def _together(url: str, database: str, processes: int, count: int, callers: int) -> float:
    """Appends a second of all processes, from the start signal until the last process ends; then the log is checked."""
    async with mongo_client(url, "bench") as client:
        await MongoEventStore(client, database, ("ticket",), PARTITIONS).prepare()
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-m", "bench.writer", url, database, str(count), str(callers)]
    writers = [await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe) for _ in range(processes)]
    try:
        for writer in writers:
            assert writer.stdout is not None
            await writer.stdout.readline()
        began = time.perf_counter()
        answers = await asyncio.gather(*(writer.communicate(b"go\n") for writer in writers))
        took = time.perf_counter() - began
    finally:
        for writer in writers:
            if writer.returncode is None:
                writer.kill()
                await writer.wait()
    answered = sum(int(output) for output, _ in answers)
    if answered != processes * (count + callers):
        raise LostAppend(f"{answered} of {processes * (count + callers)} callers got an answer")
    await _check(url, database, answered)
    return processes * count / took


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


async def _measure(url: str, run: Run) -> None:
    figure = run.figure(f"append, {PROCESSES} processes together / one alone, same logs", at_least(1), "/s")
    sizes = run.sizes
    for number in run.rounds():
        alone = await _together(url, f"alone{number}", 1, sizes.appends, sizes.callers)
        figure.add(await _together(url, f"together{number}", PROCESSES, sizes.appends, sizes.callers), alone)


def measure(run: Run) -> None:
    """On a private MongoDB."""
    with mongodb_alone() as url:
        uvloop.run(_measure(url, run))
