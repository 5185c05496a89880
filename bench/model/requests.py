"""HTTP requests of the shop's mix (bench/load/mix.py), by what they ask for, ready to be sent."""

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Mapping

import orjson

from bench.load.mix import Request, Shop

KINDS = ("a command of the shop's mix", "one document by id", "a page of a list", "a dashboard")
_SAMPLE = 50_000


def kind_of(request: Request) -> str:
    """Which of KINDS."""
    if request.kind == "command":
        return KINDS[0]
    if request.path.endswith("/dashboard"):
        return KINDS[3]
    return KINDS[2] if "?" in request.path else KINDS[1]


def asked_for(shop: Shop) -> Iterator[Request]:
    """What people do in the shop, for ever."""
    while True:
        yield shop.next()


def some(shop: Shop, kind: str, count: int) -> list[Request]:
    """So many requests of a kind, as they come in the mix."""
    return list(itertools.islice((request for request in asked_for(shop) if kind_of(request) == kind), count))


def shares() -> Mapping[str, float]:
    """Of all queries of a shop that has orders and tickets, which share is of each kind."""
    shop = Shop([f"product-{number}" for number in range(50)], ["customer"], random.Random(1))
    shop.orders.append("order")
    shop.tickets.append("ticket")
    counted = Counter(kind_of(request) for request in itertools.islice(asked_for(shop), _SAMPLE))
    queries = counted.total() - counted[KINDS[0]]
    return {kind: counted[kind] / queries for kind in KINDS[1:]}


def on_the_favourite() -> float:
    """Of all commands of the shop, how many are for the product that is wanted most, be it in an order or by itself."""
    favourite = "product-0"
    shop = Shop([favourite, *(f"product-{number}" for number in range(1, 50))], ["customer"], random.Random(1))
    commands = some(shop, KINDS[0], _SAMPLE // 10)
    of_orders = [line["product_id"] for one in commands for line in (one.body or {}).get("lines", ())]
    by_itself = sum(f"/{favourite}/" in one.path for one in commands)
    return (of_orders.count(favourite) + by_itself) / len(commands)


def as_bytes(request: Request) -> bytes:
    """As it goes over the wire."""
    if request.kind == "query":
        return f"GET {request.path} HTTP/1.1\r\nHost: twinpath\r\n\r\n".encode()
    body = b"" if request.body is None else orjson.dumps(request.body)
    head = f"POST {request.path} HTTP/1.1\r\nHost: twinpath\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
