"""Writes shop_dashboard: orders by status and revenue, in parts a log, by increments alone."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from shared.events.money import Money
from shared.events.order import (
    CategoryRevenue,
    OrderCancelled,
    OrderConfirmed,
    OrderPlaced,
    OrderRejected,
    OrderReturned,
    OrderShipped,
)
from shared.read_models.quarters import quarter_of
from shared.read_models.shop_dashboard import SHOP_DASHBOARD, category_key, currency_key
from shared.read_models.ticket_dashboard import month_id, total_id
from twinpath.domain import Change, Projection, RecordedEvent, ViewChange


class ShopDashboardProjection(Projection):
    """Every event carries what it moves from and what it is worth, so nothing has to be remembered or looked up."""

    name = "shop_dashboard"
    version = 2
    views = (SHOP_DASHBOARD,)

    def placed(self, event: OrderPlaced, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """One order more."""
        yield _total(recorded, {"by_status.placed": 1})

    def confirmed(self, event: OrderConfirmed, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """It counts as revenue from now on."""
        yield _total(recorded, _moved("placed", "confirmed"))
        yield from _revenue(recorded, event.total, event.revenue, event.confirmed_at, 1)

    def rejected(self, event: OrderRejected, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """It never was revenue."""
        yield _total(recorded, _moved("placed", "rejected"))

    def shipped(self, event: OrderShipped, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Only a confirmed order ships."""
        yield _total(recorded, _moved("confirmed", "shipped"))

    def cancelled(self, event: OrderCancelled, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """What was counted when it was confirmed is taken back from that day."""
        yield _total(recorded, _moved(event.previous_status, "cancelled"))
        if event.confirmed_at is not None:
            yield from _revenue(recorded, event.total, event.revenue, event.confirmed_at, -1)

    def returned(self, event: OrderReturned, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """The day of the return brings less; the day on which the order was confirmed stays as it was."""
        if event.complete:
            yield _total(recorded, _moved("shipped", "returned"))
        yield from _revenue(recorded, event.refund, event.revenue, event.returned_at, -1)


def _moved(previous: str, now: str) -> dict[str, int]:
    return {f"by_status.{previous}": -1, f"by_status.{now}": 1}


def _revenue(
    recorded: RecordedEvent, total: Money, shares: Iterable[CategoryRevenue], at: datetime, sign: int
) -> Iterable[ViewChange]:
    revenue = f"revenue.{currency_key(total)}"
    amounts = {f"{revenue}.by_category.{category_key(share.category)}": sign * share.minor for share in shares}
    yield _total(recorded, {f"{revenue}.total": sign * total.minor, **amounts})
    month, quarter = quarter_of(at)
    amount = {f"{revenue}.{quarter}": sign * total.minor}
    yield Change(SHOP_DASHBOARD.name, month_id(month, recorded.log), increment=amount, create=True)


def _total(recorded: RecordedEvent, increment: Mapping[str, int]) -> Change:
    return Change(SHOP_DASHBOARD.name, total_id(recorded.log), increment=increment, create=True)
