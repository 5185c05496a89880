"""Commands and queries by id over HTTP, 64 connections, one worker each, against bare FastAPI in the same run."""

import asyncio
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import aio_pika
import httpx
import orjson

from bench.measuring import CALLERS, ROUNDS, Servers, report, servers
from deploy.local.ports import hold_port, is_listening
from deploy.local.process import Process
from deploy.local.services import Service
from shared.event_feed.interface import EXCHANGE

SECONDS = 4.0
BODY = orjson.dumps({"subject": "Parcel has not arrived", "message": "x" * 100})


def load(url: str, method: str, path: str, body: bytes = b"") -> float:
    """Answers a second."""
    address = urlsplit(url)
    head = f"{method} {path} HTTP/1.1\r\nHost: {address.netloc}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    command = [sys.executable, "-m", "bench.http_load", str(address.port), str(SECONDS), str(CALLERS)]
    return float(subprocess.run(command, input=head.encode() + b"\r\n" + body, capture_output=True, check=True).stdout)


@contextmanager
def bare(of: Servers) -> Iterator[str]:
    """The bare app, on a port of its own."""
    port = hold_port().release()
    process = Process("bare", [sys.executable, "-m", "bench.bare_app", str(port)], of.folder / "bare.log")
    process.start()
    try:
        process.wait_until(lambda: is_listening(port), 30)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.close()


async def follow_nothing(url: str) -> None:
    """A queue that takes every batch and keeps few, so that the relay works as it does when somebody follows."""
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue("bench", durable=True, arguments={"x-max-length": 100})
        await queue.bind(exchange, "#")


def command() -> None:
    """POST a ticket, durable in the log, relayed to the broker."""
    with servers() as started, ExitStack() as stack:
        asyncio.run(follow_nothing(started.rabbitmq))
        service = Service("command", started.folder / "command.log", started.environment)
        stack.callback(service.close)
        service.start()
        service.wait_ready()
        limit = stack.enter_context(bare(started))
        ratios = []
        for round_ in range(1, ROUNDS + 1):
            ours = load(service.url, "POST", "/api/v1/tickets", BODY)
            theirs = load(limit, "POST", "/api/v1/tickets", BODY)
            ratios.append(ours / theirs)
            print(f"round {round_}: {ours:,.0f} commands/s, bare FastAPI {theirs:,.0f}/s")
        report("POST a ticket / bare FastAPI POST", ratios, ">= 0.65", statistics.median(ratios) >= 0.65)


def query() -> None:
    """GET a ticket by id, from Redis."""
    with servers() as started, ExitStack() as stack:
        services = {
            name: Service(name, started.folder / f"{name}.log", started.environment)
            for name in ("command", "projector", "query")
        }
        for service in services.values():
            stack.callback(service.close)
            service.start()
        for service in services.values():
            service.wait_ready()
        created = httpx.post(
            f"{services['command'].url}/api/v1/tickets", content=BODY, headers={"Content-Type": "application/json"}
        ).raise_for_status()
        path = f"/api/v1/tickets/{created.json()['ticket_id']}"
        headers = {"Causal-Token": created.headers["Causal-Token"]}
        httpx.get(f"{services['query'].url}{path}", headers=headers, timeout=10).raise_for_status()
        limit = stack.enter_context(bare(started))
        ratios = []
        for round_ in range(1, ROUNDS + 1):
            ours, theirs = load(services["query"].url, "GET", path), load(limit, "GET", path)
            ratios.append(ours / theirs)
            print(f"round {round_}: {ours:,.0f} queries/s, bare FastAPI {theirs:,.0f}/s")
        report("GET a ticket by id / bare FastAPI GET", ratios, ">= 0.6", statistics.median(ratios) >= 0.6)
