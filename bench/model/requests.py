"""HTTP requests of the shop's mix (bench/load/mix.py), by kind, ready to be sent."""

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Mapping

import orjson

from bench.load.mix import Request, Shop
from bench.services.open_load import as_bytes

KINDS = ("a command of the shop's mix", "one document by id", "a page of a list", "a dashboard")
_SAMPLE = 50_000


def kind_of(request: Request) -> str:
    """The kind of a request, from KINDS."""
    if request.kind == "command":
        return KINDS[0]
    if request.path.endswith("/dashboard"):
        return KINDS[3]
    return KINDS[2] if "?" in request.path else KINDS[1]


def requests_of(shop: Shop) -> Iterator[Request]:
    """The requests of the shop's customers, without end."""
    while True:
        yield shop.next()


def sample(shop: Shop, kind: str, count: int) -> list[Request]:
    """`count` requests of a kind, in the order of the mix."""
    return list(itertools.islice((request for request in requests_of(shop) if kind_of(request) == kind), count))


def shares() -> Mapping[str, float]:
    """Kind of query -> its share of all queries, in a shop that has orders and tickets."""
    shop = Shop([f"product-{number}" for number in range(50)], ["customer"], random.Random(1))
    shop.orders.append("order")
    shop.tickets.append("ticket")
    counted = Counter(kind_of(request) for request in itertools.islice(requests_of(shop), _SAMPLE))
    queries = counted.total() - counted[KINDS[0]]
    return {kind: counted[kind] / queries for kind in KINDS[1:]}


def on_the_favourite() -> float:
    """The share of the shop's commands on the favourite product, in an order or directly."""
    favourite = "product-0"
    shop = Shop([favourite, *(f"product-{number}" for number in range(1, 50))], ["customer"], random.Random(1))
    commands = sample(shop, KINDS[0], _SAMPLE // 10)
    ordered = [line["product_id"] for command in commands for line in (command.body or {}).get("lines", ())]
    direct = sum(f"/{favourite}/" in command.path for command in commands)
    return (ordered.count(favourite) + direct) / len(commands)


def wired(request: Request) -> bytes:
    """The bytes of a request on the wire."""
    body = b"" if request.body is None else orjson.dumps(request.body)
    return as_bytes("GET" if request.kind == "query" else "POST", request.path, body)
