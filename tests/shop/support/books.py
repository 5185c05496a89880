"""The books of the shop, by the events of its log: what balances whatever was done, in whatever order."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from twinpath.domain.events import RecordedEvent
from twinpath.domain.views import Document

_CAME = {
    "product.created": "on_hand",
    "product.restocked": "quantity",
    "product.stock_adjusted": "change",
    "product.stock_returned": "restocked",
}
"""The events by which pieces of a product come, and the field that says how many."""


def expect_balance(events: Iterable[RecordedEvent], products: Iterable[Document]) -> None:
    """Stock on hand + reserved + taken = created + restocked + counted + returned, and no order is both confirmed and
    rejected."""
    came, taken = Counter[str](), Counter[str]()
    life: defaultdict[str, set[str]] = defaultdict(set)
    for event in events:
        life[event.stream].add(event.type)
        came[event.stream] += event.data[_CAME[event.type]] if event.type in _CAME else 0
        taken[event.stream] += event.data["quantity"] if event.type == "product.stock_taken" else 0
    assert not [stream for stream, types in life.items() if {"order.confirmed", "order.rejected"} <= types]
    for product in products:
        assert product["on_hand"] >= 0
        assert product["on_hand"] + product["reserved"] + taken[product["_id"]] == came[product["_id"]]


def expect_no_more_back_than_was_shipped(events: Iterable[RecordedEvent]) -> None:
    """By what the orders say and by what the products say."""
    shipped, returned, booked = Counter[tuple[str, str]](), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for event in events:
        if event.type == "order.shipped":
            shipped.update({(event.stream, line["product_id"]): line["quantity"] for line in event.data["products"]})
        elif event.type == "order.returned":
            returned.update({(event.stream, line["product_id"]): _pieces(line) for line in event.data["products"]})
        elif event.type == "product.stock_returned":
            booked[event.data["order_id"], event.stream] += _pieces(event.data)
    assert returned <= shipped
    assert booked == returned


def _pieces(back: Mapping[str, Any]) -> int:
    return int(back["restocked"] + back["written_off"])


def revenue_of(events: Iterable[RecordedEvent]) -> int:
    """What was confirmed, less what was cancelled or came back, in minor units."""
    brought = 0
    for event in events:
        if event.type == "order.confirmed":
            brought += event.data["total"]["minor"]
        elif event.type == "order.cancelled" and event.data["confirmed_at"]:
            brought -= event.data["total"]["minor"]
        elif event.type == "order.returned":
            brought -= event.data["refund"]["minor"]
    return brought


def most_held(events: Sequence[RecordedEvent], now: datetime, reservation: timedelta) -> int:
    """The most pieces of a customer in orders that are neither shipped nor over and whose reservation still holds."""
    held, placed = Counter[str](), dict[str, tuple[str, int]]()
    for event in _by_stream(events):
        if event.type == "order.placed" and datetime.fromisoformat(event.data["placed_at"]) + reservation > now:
            placed[event.stream] = event.data["customer_id"], sum(line["quantity"] for line in event.data["lines"])
        elif event.type in ("order.rejected", "order.cancelled", "order.shipped"):
            placed.pop(event.stream, None)
    for customer, units in placed.values():
        held[customer] += units
    return max(held.values(), default=0)


def expect_stock_to_be_kept_for(orders: Iterable[Document], events: Sequence[RecordedEvent]) -> None:
    """For these orders and for no others."""
    kept: set[str] = set()
    for event in _by_stream(events):
        if event.type == "product.stock_reserved":
            kept.add(event.stream + event.data["order_id"])
        elif event.type in ("product.stock_released", "product.stock_taken"):
            kept.discard(event.stream + event.data["order_id"])
    assert kept == {line["product_id"] + order["order_id"] for order in orders for line in order["lines"]}


def _by_stream(events: Sequence[RecordedEvent]) -> list[RecordedEvent]:
    return sorted(events, key=lambda event: (event.stream, event.version))
