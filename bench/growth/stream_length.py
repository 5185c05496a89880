"""A command over HTTP on streams of 10 to 10,000 events that are not in the memory of the process."""

import asyncio
from collections.abc import Sequence

import uvloop

from bench.figures import at_most
from bench.growth.interleaved import Work, medians
from bench.log.long_log import write_streams
from bench.measuring import filling, running, servers
from bench.run import Run
from bench.services.connection import Connection
from bench.services.over_http import declare_short_queue
from bench.sizes import Sizes
from twinpath.commands.snapshotting import EVERY
from twinpath.mongo_client import mongo_client

NOTE = b'{"note": "called the carrier, they look for it"}'
NOTHING_KEPT = {"TWINPATH_CACHED_AGGREGATES": "0"}
Streams = list[list[str]]
"""The streams of every size: a stream a command where a stream would outgrow its size, else a single stream."""


def _sizes(sizes: Sizes) -> list[int]:
    return [max(1, sizes.stream_events // by) for by in (1000, 100, 10, 1)]


def _streams_of(length: int, commands: int) -> int:
    """From EVERY events on, the commands of one stream meet every distance from the last snapshot."""
    return commands if length < EVERY else 1


async def _make(mongodb: str, sizes: Sizes) -> list[Streams]:
    """The streams of every round: short streams at full length, long streams one event short, which a command adds."""
    async with mongo_client(mongodb, "bench") as client:
        return [
            [
                await write_streams(
                    client, "twinpath_log", [length - (length >= EVERY)] * _streams_of(length, sizes.commands)
                )
                for length in _sizes(sizes)
            ]
            for _ in range(sizes.rounds)
        ]


def _noting(connection: Connection, streams: Sequence[str]) -> Work:
    return lambda turn: connection.ask("POST", f"/api/v1/tickets/{streams[turn % len(streams)]}/notes", NOTE)


def measure(run: Run) -> None:
    """On private servers. A stream of EVERY events and more grows by an event a turn, through several snapshots."""
    sizes = run.sizes
    lengths = _sizes(sizes)
    figure = run.curve("events in the stream", "a command", lengths, at_most(1.3), "ms")
    ends = run.figure(f"a command on a stream of {lengths[-1]:,} events / of {lengths[0]}", at_most(1.3), "ms")
    with servers() as started:
        asyncio.run(declare_short_queue(started.rabbitmq))
        with filling(started.mongodb) as patient:
            rounds = uvloop.run(_make(patient, sizes))
        with running(started, "command", env=NOTHING_KEPT) as (service,), Connection(service.url) as connection:
            for number in run.rounds():
                works = [_noting(connection, streams) for streams in rounds[number - 1]]
                for streams, work in zip(rounds[number - 1], works, strict=True):
                    if len(streams) == 1:
                        work(0)  # the length is a multiple of EVERY: the snapshot is written
                costs = uvloop.run(medians(sizes.commands, works))
                figure.add_costs(costs)
                ends.add(costs[-1], costs[0])
