"""Commands and queries by id over HTTP, 64 connections and one worker, against bare FastAPI in the same run."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import aio_pika
import httpx

from bench.figures import at_least
from bench.measuring import Servers, running, servers
from bench.run import Run
from bench.services.connection import JSON
from bench.services.open_load import BODY, POST_A_TICKET, as_bytes, closed_load
from deploy.local.ports import hold_port, is_listening
from deploy.local.process import Process
from deploy.local.services import NAMES
from twinpath.feed.interface import EXCHANGE


@contextmanager
def bare(started: Servers) -> Iterator[str]:
    """The bare app, on a port of its own."""
    port = hold_port().release()
    process = Process("bare", [sys.executable, "-m", "bench.services.bare_app", str(port)], started.folder / "bare.log")
    process.start()
    try:
        process.wait_until(lambda: is_listening(port), 30)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.close()


async def declare_short_queue(url: str) -> None:
    """Declare a queue that takes every batch and keeps few, so that the relay works as it does with a consumer."""
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue("bench", durable=True, arguments={"x-max-length": 100})
        await queue.bind(exchange, "#")


def command(run: Run) -> None:
    """POST a ticket, durable in the log, relayed to the broker."""
    figure = run.figure("POST a ticket / bare FastAPI POST, 64 connections", at_least(0.65), "/s")
    with servers() as started:
        asyncio.run(declare_short_queue(started.rabbitmq))
        with running(started, "command") as (service,), bare(started) as limit:
            for _ in run.rounds():
                figure.add(*(closed_load(url, POST_A_TICKET, run.sizes) for url in (service.url, limit)))


def query(run: Run) -> None:
    """GET a ticket by id, from Redis."""
    figure = run.figure("GET a ticket by id / bare FastAPI GET, 64 connections", at_least(0.6), "/s")
    with servers() as started, running(started, *NAMES) as (to_command, _, to_query):
        created = httpx.post(f"{to_command.url}/api/v1/tickets", content=BODY, headers=JSON).raise_for_status()
        path = f"/api/v1/tickets/{created.json()['ticket_id']}"
        token = {"Causal-Token": created.headers["Causal-Token"]}
        httpx.get(f"{to_query.url}{path}", headers=token, timeout=10).raise_for_status()
        with bare(started) as limit:
            for _ in run.rounds():
                figure.add(*(closed_load(url, as_bytes("GET", path), run.sizes) for url in (to_query.url, limit)))
