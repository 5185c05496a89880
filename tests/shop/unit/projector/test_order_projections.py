"""What each projection of orders and of the shop's figures makes of each event, to the last field."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projector_service.order_summaries import OrderSummariesProjection
from projector_service.shop_dashboard import ShopDashboardProjection
from shared.events.customer import CustomerErased
from shared.events.money import Money
from shared.events.order import (
    RAN_OUT,
    CategoryRevenue,
    OrderCancelled,
    OrderConfirmed,
    OrderLine,
    OrderPlaced,
    OrderRejected,
    OrderReturned,
    OrderShipped,
    ProductQuantity,
    ReturnedPieces,
    ShippingAddress,
)
from shared.read_models.shop_dashboard import category_key, category_of_key
from tests.support.recording import NOON, changes_of
from twinpath.domain.views import Change, ChangeWhere, Put

PRODUCT, ORDER, CUSTOMER = "product-5", "order-4", "customer-3"
EARLIER = datetime(2026, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))
"""In UTC it is still February."""
NOW = {"updated_at": NOON, "version": 2}

LAMP = OrderLine(
    product_id=PRODUCT,
    sku="L-1",
    name="Lamp",
    category="light",
    quantity=2,
    unit_price=Money(minor=1999, currency="EUR"),
)
CABLE = LAMP.model_copy(update={"product_id": "product-6", "sku": "C-1", "name": "Cable", "quantity": 3})
TOTAL = Money(minor=9995, currency="EUR")
SHARES = (CategoryRevenue(category="light", minor=9000), CategoryRevenue(category="a.b/c", minor=995))
ADDRESS = ShippingAddress(name="Ada", street="12 Square", city="London", postal_code="SW1Y 4JH", country="GB")
PIECES = (ProductQuantity(product_id=PRODUCT, quantity=2),)
PLACED = OrderPlaced(
    customer_id=CUSTOMER, lines=(LAMP, CABLE), total=TOTAL, shipping_address=ADDRESS, placed_at=EARLIER
)
CONFIRMED = OrderConfirmed(total=TOTAL, revenue=SHARES, confirmed_at=EARLIER)
REJECTED = OrderRejected(product_id=PRODUCT, quantity=2, on_hand=1, reason="insufficient_stock")
SHIPPED = OrderShipped(carrier="Post", tracking_number="T-1", products=PIECES)
CANCELLED = OrderCancelled(
    reason="Too late.",
    previous_status="confirmed",
    total=TOTAL,
    revenue=SHARES,
    confirmed_at=EARLIER,
    products=PIECES,
)
RETURNED = OrderReturned(
    number=2,
    products=(ReturnedPieces(product_id=PRODUCT, restocked=1, written_off=1),),
    reason="Too small.",
    refund=TOTAL,
    refunded=Money(minor=10000, currency="EUR"),
    revenue=SHARES,
    complete=False,
    returned_at=EARLIER,
)
CANCELLED_EARLY = CANCELLED.model_copy(update={"previous_status": "placed", "confirmed_at": None})


def order(status: str, **fields: object) -> Change:
    return Change("order_summaries", ORDER, set={"status": status, **fields, **NOW})


def shown_line(line: OrderLine, line_total: str) -> dict[str, object]:
    prices = {"unit_price": {"amount": "19.99", "currency": "EUR"}}
    return line.model_dump() | prices | {"line_total": {"amount": line_total, "currency": "EUR"}}


def test_order_summaries_has_a_document_for_an_order_that_was_placed() -> None:
    not_yet = ("confirmed_at", "shipped_at", "cancelled_at", "carrier", "tracking_number", "reason", "rejection")
    address = {"name": "Ada", "street": "12 Square", "city": "London", "postal_code": "SW1Y 4JH", "country": "GB"}
    document = {
        "order_id": ORDER,
        "customer_id": CUSTOMER,
        "status": "placed",
        "total": {"amount": "99.95", "currency": "EUR"},
        "item_count": 5,
        "lines": [shown_line(LAMP, "39.98"), shown_line(CABLE, "59.97")],
        "shipping_address": address,
        "placed_at": EARLIER,
        "updated_at": NOON,
        "version": 1,
        **dict.fromkeys(not_yet),
    }
    assert changes_of(OrderSummariesProjection(), PLACED, ORDER, 1) == [Put("order_summaries", ORDER, document)]
    erased = PLACED.model_copy(update={"shipping_address": None})
    without = Put("order_summaries", ORDER, {**document, "shipping_address": None, "erased": True})
    assert changes_of(OrderSummariesProjection(), erased, ORDER, 1) == [without]


def test_order_summaries_says_when_an_order_was_confirmed() -> None:
    assert changes_of(OrderSummariesProjection(), CONFIRMED, ORDER) == [order("confirmed", confirmed_at=EARLIER)]


def test_order_summaries_says_what_was_short() -> None:
    rejection = {"product_id": PRODUCT, "quantity": 2, "on_hand": 1, "reason": "insufficient_stock"}
    assert changes_of(OrderSummariesProjection(), REJECTED, ORDER) == [order("rejected", rejection=rejection)]


def test_order_summaries_says_with_whom_an_order_was_shipped() -> None:
    change = order("shipped", carrier="Post", tracking_number="T-1", shipped_at=NOON)
    assert changes_of(OrderSummariesProjection(), SHIPPED, ORDER) == [change]


def test_order_summaries_says_why_an_order_was_cancelled() -> None:
    change = order("cancelled", cancelled_at=NOON, reason="Too late.")
    assert changes_of(OrderSummariesProjection(), CANCELLED, ORDER) == [change]


@pytest.mark.parametrize(("complete", "status"), [(False, {}), (True, {"status": "returned"})])
def test_order_summaries_has_every_return_and_is_returned_with_the_last(complete: bool, status: dict[str, str]) -> None:
    entry = {
        "number": 2,
        "products": [{"product_id": PRODUCT, "restocked": 1, "written_off": 1}],
        "reason": "Too small.",
        "refund": {"amount": "99.95", "currency": "EUR"},
        "at": EARLIER,
    }
    fields = {**status, "returned_at": EARLIER, "refunded": {"amount": "100.00", "currency": "EUR"}, **NOW}
    change = Change("order_summaries", ORDER, set=fields, append={"returns": entry}, keep=100)
    event = RETURNED.model_copy(update={"complete": complete})
    assert changes_of(OrderSummariesProjection(), event, ORDER) == [change]


def test_order_summaries_keeps_why_the_shop_itself_cancelled_an_order() -> None:
    change = order("cancelled", cancelled_at=NOON, reason=RAN_OUT, reason_of_shop=True)
    ran_out = CANCELLED.model_copy(update={"reason": RAN_OUT})
    assert changes_of(OrderSummariesProjection(), ran_out, ORDER) == [change]


def test_order_summaries_forgets_where_the_orders_of_an_erased_customer_went_and_why_they_came_back() -> None:
    gone = {"shipping_address": None, "tracking_number": None, "erased": True}
    assert changes_of(OrderSummariesProjection(), CustomerErased(), CUSTOMER) == [
        ChangeWhere("order_summaries", {"customer_id": CUSTOMER}, gone),
        ChangeWhere("order_summaries", {"customer_id": CUSTOMER}, {"returns.$[].reason": "erased"}),
        ChangeWhere("order_summaries", {"customer_id": CUSTOMER, "reason_of_shop": None}, {"reason": None}),
    ]


def counts(document_id: str, increment: dict[str, int]) -> Change:
    return Change("shop_dashboard", document_id, increment=increment, create=True)


def moved(previous: str, now: str) -> Change:
    return counts("total/order.1", {f"by_status.{previous}": -1, f"by_status.{now}": 1})


def revenue(sign: int) -> list[Change]:
    """What the order brings, in all, by category and on the day in UTC of its confirmation."""
    by_category = {"light": sign * 9000, "a%2Eb%2Fc": sign * 995}
    amounts = {f"revenue.EUR/2.by_category.{key}": amount for key, amount in by_category.items()}
    total = counts("total/order.1", {"revenue.EUR/2.total": sign * 9995, **amounts})
    return [total, counts("2026-02/order.1", {"revenue.EUR/2.28.2230": sign * 9995})]


def test_shop_dashboard_counts_an_order_that_was_placed_as_no_revenue_yet() -> None:
    assert changes_of(ShopDashboardProjection(), PLACED, ORDER) == [counts("total/order.1", {"by_status.placed": 1})]


def test_shop_dashboard_counts_a_confirmed_order_as_revenue_of_that_day() -> None:
    assert changes_of(ShopDashboardProjection(), CONFIRMED, ORDER) == [moved("placed", "confirmed"), *revenue(1)]


def test_shop_dashboard_counts_a_rejected_order_as_no_revenue() -> None:
    assert changes_of(ShopDashboardProjection(), REJECTED, ORDER) == [moved("placed", "rejected")]


def test_shop_dashboard_counts_a_shipped_order() -> None:
    assert changes_of(ShopDashboardProjection(), SHIPPED, ORDER) == [moved("confirmed", "shipped")]


def test_shop_dashboard_takes_the_revenue_of_a_cancelled_order_back_from_its_day() -> None:
    assert changes_of(ShopDashboardProjection(), CANCELLED, ORDER) == [moved("confirmed", "cancelled"), *revenue(-1)]
    assert changes_of(ShopDashboardProjection(), CANCELLED_EARLY, ORDER) == [moved("placed", "cancelled")]


def test_shop_dashboard_takes_the_revenue_of_a_return_from_the_day_of_the_return() -> None:
    whole = RETURNED.model_copy(update={"complete": True})
    assert changes_of(ShopDashboardProjection(), RETURNED, ORDER) == revenue(-1)
    assert changes_of(ShopDashboardProjection(), whole, ORDER) == [moved("shipped", "returned"), *revenue(-1)]


@given(st.lists(st.text(), max_size=3).map(tuple))
def test_each_category_has_a_key_of_its_own_which_is_one_name_of_a_path(categories: tuple[str, ...]) -> None:
    keys = [category_key(category) for category in categories]
    assert [category_of_key(key) for key in keys] == list(categories)
    assert all(key and not set(key) & set(".$\0") for key in keys)
