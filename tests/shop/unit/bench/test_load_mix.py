"""The load's mix: what a shop's people do, in the shares that are promised."""

import random
from collections import Counter

from bench.load.mix import READS_PER_WRITE, Request, Shop

PRODUCTS = [f"product-{number}" for number in range(50)]
CUSTOMERS = [f"customer-{number}" for number in range(20)]


def shop() -> Shop:
    return Shop(PRODUCTS, CUSTOMERS, random.Random(5))


def test_there_is_one_write_to_twenty_reads() -> None:
    at = shop()
    kinds = Counter(at.next().kind for _ in range(42_000))

    assert abs(kinds["query"] / kinds["command"] - READS_PER_WRITE) < 2


def test_a_few_products_are_wanted_by_everybody() -> None:
    at = shop()
    looked_at = Counter(request.path for request in (at.next() for _ in range(20_000)) if "/products/" in request.path)

    hottest = sum(count for _, count in looked_at.most_common(5))
    assert hottest > 0.5 * sum(looked_at.values())
    assert len(looked_at) > 20


def test_what_was_made_is_looked_at_again() -> None:
    at = shop()
    paths = {at.next().path for _ in range(2_000)}
    assert not any("/orders/" in path or "/tickets/" in path for path in paths)

    at.made(Request("command", "/api/v1/orders", {}, "order"), {"order_id": "order-1"})
    at.made(Request("command", "/api/v1/tickets", {}, "ticket"), {"ticket_id": "ticket-1"})

    paths = {at.next().path for _ in range(2_000)}
    assert {"/api/v1/orders/order-1", "/api/v1/tickets/ticket-1", "/api/v1/tickets/ticket-1/notes"} <= paths
