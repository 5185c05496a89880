"""A command over HTTP on streams of 10 to 10,000 events, none of them in the process's memory."""

import asyncio
from collections.abc import Sequence

import uvloop

from bench.connection import Connection
from bench.figures import at_most
from bench.growth.interleaved import Work, medians
from bench.long_log import write_streams
from bench.long_stream import NOTE, NOTHING_KEPT
from bench.measuring import filling, running, servers
from bench.over_http import follow_nothing
from bench.run import Run
from bench.sizes import Sizes
from twinpath.commands.snapshotting import EVERY
from twinpath.mongo_client import mongo_client

Streams = list[list[str]]
"""A size its streams: as many as there are commands where a stream would outgrow its size, else one."""


def _sizes(sizes: Sizes) -> list[int]:
    return [max(1, sizes.stream_events // by) for by in (1000, 100, 10, 1)]


def _streams_of(length: int, commands: int) -> int:
    """From EVERY events on, the commands themselves go through all distances from the last snapshot."""
    return commands if length < EVERY else 1


async def _make(mongodb: str, sizes: Sizes) -> list[Streams]:
    """The streams of each round: a short one as long as it shall be, of a long one the last event is a command's."""
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
    async def note(turn: int) -> None:
        connection.ask("POST", f"/api/v1/tickets/{streams[turn % len(streams)]}/notes", NOTE)

    return note


def measure(run: Run) -> None:
    """On private servers. A stream of 100 events and more grows by a command a turn, through two snapshots."""
    sizes = run.sizes
    figure = run.curve("events in the stream", "a command", _sizes(sizes), at_most(1.3), "ms")
    with servers() as started:
        asyncio.run(follow_nothing(started.rabbitmq))
        with filling(started.mongodb) as patient:
            rounds = uvloop.run(_make(patient, sizes))
        with running(started, "command", env=NOTHING_KEPT) as (service,), Connection(service.url) as connection:
            for number in run.rounds():
                works = [_noting(connection, streams) for streams in rounds[number - 1]]
                for streams, work in zip(rounds[number - 1], works, strict=True):
                    if len(streams) == 1:
                        uvloop.run(work(0))  # a hundred is full: the snapshot
                figure.add_costs(uvloop.run(medians(sizes.commands, works)))
