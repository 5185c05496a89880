"""What customers wrote gets into no log and no span: marked values on good ways and bad ones, at the debug level."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import aio_pika
import httpx
import pytest
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from deploy.local.mongodb import MongoDB
from tests.shop.support.shop import Shop
from tests.support.eventually import eventually
from tests.support.provided.servers import Server
from tests.support.services.otlp import Receiver
from tests.support.services.system import System
from twinpath.feed.interface import EXCHANGE
from twinpath.ids import log_of, new_id

MARK = "zq7mark"
PARTITIONS = 4
ADDRESS = {"name": MARK, "street": f"12 {MARK}", "city": MARK, "postal_code": "SW1Y 4JH", "country": "GB"}
SAID_ON_BAD_WAYS = {
    "command": {"request", "event_log_away"},
    "projector": {"message_undecodable", "stream_parked", "cache_away"},
    "query": {"request", "internal_error", "cache_left_alone", "checkpoints_not_followed"},
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().listening() as receiver:
        yield receiver


async def test_no_log_and_no_span_tells_what_somebody_wrote(
    make_system: Callable[..., System],
    private_mongodb: Callable[[], MongoDB],
    private_redis: Callable[[], Server],
    rabbitmq_url: str,
    receiver: Receiver,
) -> None:
    mongodb, redis = private_mongodb(), private_redis()
    system = make_system(mongodb.url, rabbitmq_url, redis.url)
    system.settings |= {"TWINPATH_LOG_LEVEL": "debug", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
    system.settings |= {"OTEL_BSP_SCHEDULE_DELAY": "100", "TWINPATH_APPEND_PATIENCE_SECONDS": "0.5"}
    system.start()
    async with system.client("command") as commands, system.client("query") as queries:
        commands.headers.update({"X-Actor": MARK, "User-Agent": MARK})
        queries.headers.update({"User-Agent": MARK})
        customer, ticket = await live(commands, queries)
        await send_nonsense(commands, queries)
        await publish_nonsense(rabbitmq_url)
        await append_poison(mongodb.url, system)
        await break_document(mongodb.url, redis.url, system, customer)
        assert (await queries.get(f"/api/v1/customers/{customer}")).status_code == 500
        await eventually(lambda: said(system, "projector", {"stream_parked", "message_undecodable"}))

        await asyncio.to_thread(redis.kill)
        assert (await queries.get(ticket)).status_code == 200
        await commands.post(f"{ticket}/notes", json={"note": MARK})
        await eventually(lambda: said(system, "projector", {"cache_away"}))
        await asyncio.to_thread(mongodb.kill)
        assert (await commands.post(f"{ticket}/notes", json={"note": MARK})).status_code == 503
        moved = await commands.put(f"{ticket}/status", json={"status": "triaged"})  # which seals nothing
        assert moved.status_code == 503
        assert (await queries.get(ticket)).status_code == 503
        for service, events in SAID_ON_BAD_WAYS.items():
            await eventually(lambda service=service, events=events: said(system, service, events))  # type: ignore[misc]

    for name in SAID_ON_BAD_WAYS:
        await asyncio.to_thread(system[name].stop)
        assert [line for line in written(system, name).splitlines() if MARK in line] == []
    away = [line for line in written(system, "command").splitlines() if "event_log_away" in line]
    assert [line for line in away if "correlation_id" in line] == [], "the writer serves all, not the one that woke it"
    query = [json.loads(line) for line in written(system, "query").splitlines()]
    (failed,) = [line for line in query if line["event"] == "internal_error"]
    assert (failed["level"], failed["exception"][0]["error"]) == ("error", "TypeError")
    assert {"correlation_id", "trace_id", "span_id"} <= set(failed)
    assert [line for line in query if line.get("logger") == "uvicorn.error"] == [], "it would be the same thing twice"
    assert len(receiver.spans) > 50
    assert [body for body in receiver.bodies if MARK.encode() in body] == []


def written(system: System, name: str) -> str:
    """A service's log: lines of JSON, nothing else."""
    text = system[name].log.read_text()
    for line in text.splitlines():
        assert {"timestamp", "level", "service", "event"} <= set(json.loads(line)), line
    return text


async def said(system: System, name: str, events: set[str]) -> bool:
    """Whether a service has logged each of these."""
    found = {json.loads(line)["event"] for line in system[name].log.read_text().splitlines() if line.endswith("}")}
    assert events <= found, f"{name} did not say {events - found}"
    return True


async def live(commands: httpx.AsyncClient, queries: httpx.AsyncClient) -> tuple[str, str]:
    """A customer, who renames, orders, and asks for help; all of it is seen. The customer's id, the ticket's path."""
    shop = Shop(commands)
    customer = await shop.customer(MARK, f"{MARK}@example.org")
    await shop.send("PUT", f"/customers/{customer}/name", {"name": f"{MARK} the second"})
    await shop.send("PUT", f"/customers/{customer}/email", {"email": f"{MARK}2@example.org"})
    product = await shop.product("LAMP", stock=1)
    seen = await queries.get(f"/api/v1/products/{product}", headers={"Causal-Token": shop.token})
    assert seen.status_code == 200
    for _ in range(2):  # the second is rejected
        lines = [{"product_id": product, "quantity": 1}]
        order = {"customer_id": customer, "lines": lines, "shipping_address": ADDRESS}
        await shop.send("POST", "/orders", order, refusals=(409,))
    opened = await shop.send("POST", "/tickets", {"subject": MARK, "message": MARK, "customer_id": customer})
    ticket = opened.headers["Location"]
    await commands.post(f"{ticket}/notes", json={"note": MARK}, headers={"Idempotency-Key": MARK})
    gone = await shop.send("POST", "/customers", {"name": MARK, "email": f"{MARK}@example.org"})
    await shop.send("DELETE", gone.headers["Location"].removeprefix("/api/v1"))
    assert (await queries.get(ticket, headers={"Causal-Token": shop.token})).json()["subject"] == MARK
    return customer, ticket


async def send_nonsense(commands: httpx.AsyncClient, queries: httpx.AsyncClient) -> None:
    """Everything that is refused."""
    for body in (b'{"subject": "%s' % MARK.encode(), b'{"subject": 7, "message": "%s", "zq7mark": 1}' % MARK.encode()):
        answer = await commands.post("/api/v1/tickets", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422)
    line = json.dumps({"command": MARK, "idempotency_key": MARK, "id": MARK, "body": {"name": MARK}})
    bulk = {"Content-Type": "application/x-ndjson"}
    await commands.post("/api/v1/commands", content=f"{line}\n{MARK}\n", headers=bulk)
    await commands.post(f"/api/v1/tickets/{MARK}/notes", json={"note": MARK})
    await commands.post(f"/{MARK}", json={MARK: MARK})
    await commands.post(f"/api/v1/tickets/{new_id('ticket')}/close", json={"resolution": MARK})
    for path in (f"/api/v1/customers/{MARK}@example.org", f"/api/v1/tickets?status={MARK}", f"/api/v1/{MARK}?q={MARK}"):
        assert (await queries.get(path)).status_code in (404, 422)


async def publish_nonsense(rabbitmq_url: str) -> None:
    """A message that is no batch of events."""
    async with await aio_pika.connect(rabbitmq_url) as connection:
        exchange = await (await connection.channel()).get_exchange(EXCHANGE)
        for body in (b'[{"type": "%s", "data": "%s"}]' % (MARK.encode(), MARK.encode()), MARK.encode()):
            await exchange.publish(aio_pika.Message(body), routing_key="ticket.0")


async def append_poison(mongodb_url: str, system: System) -> None:
    """An event that no projection can read, behind the last one of its log."""
    stream = new_id("ticket")
    log = log_of(stream, PARTITIONS)
    async with AsyncMongoClient[dict[str, Any]](mongodb_url) as client:
        commits = client[system.settings["TWINPATH_LOG_DATABASE"]]["commits"]
        last = await commits.find_one({"log": log}, sort=[("position", -1)])
        event = {"type": "ticket.opened", "schema": 1, "data": {"subject": {MARK: 1}, "opened_at": MARK}}
        commit = {"_id": "poison", "stream": stream, "version": 1, "log": log, "count": 1, "events": [event]}
        commit |= {"position": last["position"] + last["count"] if last else 1, "at": datetime.now(UTC), "actor": MARK}
        await commits.insert_one({**commit, "correlation_id": "c", "causation_id": None, "traceparent": None})


async def break_document(mongodb_url: str, redis_url: str, system: System, customer: str) -> None:
    """A customer's document that can't be shown any more."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_url) as client:
        views = client[system.settings["TWINPATH_VIEWS_DATABASE"]]
        for name in [name for name in await views.list_collection_names() if name.startswith("customers")]:
            await views[name].update_one({"_id": customer}, {"$set": {"name": MARK.encode()}})
    async with Redis.from_url(redis_url) as redis:
        async for key in redis.scan_iter(f"*{customer}*"):
            await redis.delete(key)
