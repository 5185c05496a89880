"""A customer is erased after a rich life: what was entered is left in no store, answer, message, log or span."""

import asyncio
import json
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import pytest
from pymongo import MongoClient
from redis.asyncio import Redis
from tantivy import Index

from tests.shop.support.shop import Shop
from tests.support.eventually import eventually
from tests.support.services.otlp import Receiver
from tests.support.services.system import System
from twinpath.projecting.outside_events import EXCHANGE
from twinpath.searching.entries import Field

ADMIN = {"Authorization": "Bearer of the erased"}
BULK = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().listening() as receiver:
        yield receiver


class Life:
    """What a customer does, and what is done for them; `entered` are all the words that were used for it."""

    def __init__(self, commands: httpx.AsyncClient, queries: httpx.AsyncClient) -> None:
        self.commands, self.queries, self.shop = commands, queries, Shop(commands)
        self.entered: list[str] = []
        self.paths: list[str] = []

    def words(self) -> str:
        """Words that nobody has used before."""
        self.entered.append(f"zq{len(self.entered)}erasable")
        return self.entered[-1]

    def address(self) -> dict[str, str]:
        fields = ("name", "street", "second_line", "district", "city", "region", "sorting_code")
        return {name: self.words() for name in fields} | {"postal_code": "SW1Y 4JH", "country": "GB"}

    async def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return await self.shop.send(method, path, body)

    async def begins(self) -> None:
        self.customer = await self.shop.customer(self.words(), f"{self.words()}@example.org")
        await self.send("PUT", f"/customers/{self.customer}/name", {"name": self.words()})
        await self.send("PUT", f"/customers/{self.customer}/email", {"email": f"{self.words()}@example.org"})
        self.product = await self.shop.product("LAMP", stock=50)
        self.paths += [f"/customers/{self.customer}", f"/products/{self.product}"]

    async def orders(self) -> None:
        cancelled, returned, waiting = [await self._order() for _ in range(3)]
        await self.send("POST", f"/orders/{cancelled}/cancel", {"reason": self.words()})
        shipment = {"carrier": "DHL", "tracking_number": self.words()}
        await self.send("POST", f"/orders/{returned}/ship", shipment)
        await self.send("POST", f"/orders/{returned}/return", {"reason": self.words()})
        lines = [{"command": "cancel_order", "id": waiting, "body": {"reason": self.words()}}]
        await self._bulk(lines)
        self.returned = returned

    async def _order(self) -> str:
        lines = [{"product_id": self.product, "quantity": 1}]
        body = {"customer_id": self.customer, "lines": lines, "shipping_address": self.address()}
        order = str((await self.send("POST", "/orders", body)).json()["order_id"])
        self.paths.append(f"/orders/{order}")

        async def confirmed() -> bool:
            answer = await self.queries.get(f"/api/v1/orders/{order}")
            return answer.status_code == 200 and answer.json()["status"] == "confirmed"

        await eventually(confirmed)
        return order

    async def tickets(self) -> None:
        self.ticket = await self._ticket(customer_id=self.customer)
        self.broken = await self._ticket(order_id=self.returned)
        await self.send("POST", f"/tickets/{self.ticket}/notes", {"note": self.words()})
        await self._bulk([{"command": "add_agent_note", "id": self.ticket, "body": {"note": self.words()}}])
        await self.send("POST", f"/tickets/{self.ticket}/close", {"resolution": self.words()})
        await self.send("POST", f"/tickets/{self.ticket}/notes", {"note": self.words()})

    async def _ticket(self, **about: str) -> str:
        self.guess = {"subject": self.words(), "message": self.words(), **about}
        opened = await self.commands.post(
            "/api/v1/tickets", json=self.guess, headers={"Idempotency-Key": f"open-{len(self.paths)}"}
        )
        assert opened.status_code == 201, opened.text
        self.key = f"open-{len(self.paths)}"
        self.first_answer = opened.text
        ticket = str(opened.json()["ticket_id"])
        self.paths.append(f"/tickets/{ticket}")
        return ticket

    async def _bulk(self, lines: list[dict[str, Any]]) -> None:
        keyed = [line | {"idempotency_key": f"bulk-{len(self.entered)}-{number}"} for number, line in enumerate(lines)]
        answer = await self.commands.post("/api/v1/commands", content="\n".join(map(json.dumps, keyed)), headers=BULK)
        assert all(json.loads(line)["status"] == 200 for line in answer.text.splitlines()), answer.text

    async def answers(self) -> str:
        """Everything that the query service shows."""
        token = {"Causal-Token": self.shop.token}
        lists = ["/customers", "/orders", "/tickets", f"/tickets?customer_id={self.customer}"]
        paths = [*lists, f"/customers/{self.customer}/orders", *self.paths, *(f"{path}/history" for path in self.paths)]
        shown = [await self.queries.get(f"/api/v1{path}", headers=token) for path in paths]
        assert {answer.status_code for answer in shown} == {200}, [answer.text for answer in shown]
        return "\n".join(answer.text for answer in shown)


async def test_nothing_that_was_entered_about_a_customer_is_left_anywhere(
    make_system: Callable[..., System],
    mongodb_url: str,
    rabbitmq_url: str,
    redis_url: str,
    unique: str,
    receiver: Receiver,
    tmp_path: Path,
) -> None:
    system = make_system(mongodb_url, rabbitmq_url, redis_url)
    system.settings |= {"TWINPATH_LOG_LEVEL": "debug", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
    system.start()
    clients = system.client("command"), system.client("query"), system.client("projector")
    with MongoClient[dict[str, Any]](mongodb_url) as mongodb:
        async with clients[0] as commands, clients[1] as queries, clients[2] as projector:
            async with await aio_pika.connect(rabbitmq_url) as connection:
                channel = await connection.channel()
                outside = await channel.declare_queue(exclusive=True)
                exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
                await outside.bind(exchange, "#")
                life = Life(commands, queries)
                await life.begins()
                await life.orders()
                await life.tickets()
                before = await life.answers()
                assert [words for words in life.entered if words not in before] == []
                await park(life, mongodb[f"{unique}_views"], projector)
                await eventually(lambda: is_indexed(life, tmp_path / "search"))

                await life.send("DELETE", f"/customers/{life.customer}")
                after = await life.answers()
                await unpark(life, mongodb[f"{unique}_views"], projector)

                assert left(life, after) == left(life, await life.answers()) == []
                await eventually(lambda: copies_are_wiped(life, redis_url, unique))
                assert await found(life, queries) == []
                await eventually(lambda: is_wiped(life, tmp_path / "search"), limit=60, pause=0.5)
                assert await found(life, queries) == []
                stored = "".join(everything(mongodb, unique))
                assert life.customer in stored
                assert left(life, stored) == []
                assert left(life, await messages_of(outside, life.customer)) == []
            await guesses_get_one_answer(life, mongodb[f"{unique}_log"])
    logs = "".join(system[name].log.read_text() for name in ("command", "projector", "query"))
    assert left(life, logs) == []

    async def spans_came() -> bool:
        return len(receiver.spans) > 50

    await eventually(spans_came)
    assert left(life, b"".join(receiver.bodies).decode("utf-8", "replace")) == []
    await system.verify()


def left(life: Life, text: str) -> list[str]:
    """The words that are in a text."""
    return [words for words in life.entered if words in text]


async def park(life: Life, views: Any, projector: httpx.AsyncClient) -> None:
    """A note that can't be applied, so that its stream waits."""
    views["ticket_details"].update_one({"_id": life.broken}, {"$set": {"notes": "no list"}})
    await life.send("POST", f"/tickets/{life.broken}/notes", {"note": life.words()})

    async def is_parked() -> bool:
        parked = (await projector.get("/admin/v1/parked", headers=ADMIN)).json()["items"]
        return [stream["stream"] for stream in parked] == [life.broken]

    await eventually(is_parked)


async def unpark(life: Life, views: Any, projector: httpx.AsyncClient) -> None:
    """It is applied once its customer is erased."""
    views["ticket_details"].update_one({"_id": life.broken}, {"$set": {"notes": []}})
    report = (await projector.post("/admin/v1/parked/retry", headers=ADMIN, json={})).json()
    assert (report["freed"], report["failed"]) == (1, 0), report


def everything(mongodb: MongoClient[dict[str, Any]], unique: str) -> Iterator[str]:
    """Every document of every collection of the system."""
    for name in ("log", "keys", "views"):
        database = mongodb[f"{unique}_{name}"]
        for collection in database.list_collection_names():
            yield from (str(document) for document in database[collection].find())


async def copies_are_wiped(life: Life, redis_url: str, unique: str) -> bool:
    read = {"string": "GET", "hash": "HGETALL", "set": "SMEMBERS", "list": "LRANGE", "zset": "ZRANGE"}
    found = []
    async with Redis.from_url(redis_url) as redis:
        async for key in redis.scan_iter(f"*{unique}*", count=1_000):
            kind = str(await redis.type(key)).strip("b'")
            ends = ("0", "-1") if kind in ("list", "zset") else ()
            found.append(str(key) + str(await redis.execute_command(read[kind], key, *ends)))  # type: ignore[no-untyped-call]
    assert found, "there are copies"
    return left(life, "".join(found)) == []


def indexed(folder: Path) -> str:
    """The words in the files of every search index, also of deleted documents; nothing while they change."""
    try:
        searchers = [Index.open(str(path)).searcher() for path in folder.iterdir()]
    except ValueError:
        return ""
    words = (words for searcher in searchers for field in Field for words in searcher.terms_with_prefix(field, "zq"))
    return "\n".join(["read", *(word for word, _ in words)])


async def is_indexed(life: Life, folder: Path) -> bool:
    return left(life, await asyncio.to_thread(indexed, folder)) != []


async def is_wiped(life: Life, folder: Path) -> bool:
    read = await asyncio.to_thread(indexed, folder)
    return read != "" and left(life, read) == []


async def found(life: Life, queries: httpx.AsyncClient) -> list[str]:
    """The words with which a search finds anything."""
    words = []
    for path, word in product(("customers", "orders", "tickets"), life.entered):
        answer = await queries.get(
            f"/api/v1/{path}/search", params={"q": f'"{word}"'}, headers={"Causal-Token": life.shop.token}
        )
        assert answer.status_code == 200, answer.text
        words += [word] if answer.json()["items"] else []
    return words


async def messages_of(outside: Any, customer: str) -> str:
    """What came out so far, until the erasure did."""
    bodies = []
    async with outside.iterator(timeout=30) as messages:
        async for message in messages:
            await message.ack()
            bodies.append(message.body.decode())
            if message.type == "customer.erased" and customer in bodies[-1]:
                break
    return "".join(bodies)


async def guesses_get_one_answer(life: Life, log: Any) -> None:
    """Whoever has the idempotency key of a command, or the log, can't find out what was in it."""
    headers = {"Idempotency-Key": life.key}
    wrong = life.guess | {"message": "something else"}
    answers = [await life.commands.post("/api/v1/tickets", json=body, headers=headers) for body in (life.guess, wrong)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, life.first_answer)}
    [fingerprint] = log["commits"].distinct("fingerprint", {"_id": f"anonymous/{life.key}"})
    assert fingerprint.startswith(f"keyed:{life.customer}:")
