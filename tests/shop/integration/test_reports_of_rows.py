"""Reports over rows as they come in: again, changed by an erasure, of other months, and with any number of decimals."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest

from query_service.analytics.orders import FUNNEL, PRODUCTS, REVENUE
from tests.shop.support.order_rows import NOON, TABLE, Orders, order
from twinpath.facts.tables import Row

HOUR = timedelta(hours=1)
EVERY: tuple[dict[str, str], ...] = ({}, {"by": "category"}, {"by": "country"}, {"by": "segment"})


@pytest.fixture
async def orders(clickhouse_url: str) -> AsyncIterator[Orders]:
    orders = Orders(clickhouse_url, digests=True)
    yield orders
    await orders.close()


def changed(row: Row, **values: object) -> Row:
    """The row with other values in some columns."""
    return tuple(values.get(name, value) for name, value in zip(TABLE.all_columns, row, strict=True))


@pytest.mark.parametrize(
    ("digits", "price", "text"),
    [
        (0, Decimal(1200), "1200"),
        (1, Decimal("0.5"), "0.5"),
        (2, Decimal("5.10"), "5.10"),
        (3, Decimal("0.125"), "0.125"),
        (4, Decimal("7.0001"), "7.0001"),
    ],
)
async def test_an_amount_has_the_decimals_of_its_currency(
    orders: Orders, digits: int, price: Decimal, text: str
) -> None:
    placed, confirmed = order(0, HOUR)
    columns = {"digits": digits, "currency": "XTS", "unit_price": price, "amount": price}
    cancelled = changed(confirmed, **columns, position=3, step="cancelled", revenue=-2 * price, sold=-1)
    await orders.insert([changed(placed, **columns), changed(confirmed, **columns, revenue=price), cancelled])

    twice = str(2 * price)
    for by in EVERY:
        (row,) = await orders.report(REVENUE, **by)
        assert row[2:6] == ("XTS", f"-{text}", text, twice)
    (product,) = await orders.report(PRODUCTS)
    assert product[4] == f"-{text}"


async def test_the_most_exact_row_decides(orders: Orders) -> None:
    (_, first), (_, second) = order(0, HOUR), order(1, HOUR)
    await orders.insert([first, changed(second, digits=3, revenue=Decimal("0.125"))])

    assert [row[3] for row in await orders.report(REVENUE)] == ["5.125"]


async def test_a_row_that_comes_again_without_its_country_replaces_itself(orders: Orders) -> None:
    rows = order(0, HOUR)
    await orders.insert(rows)
    await orders.insert([changed(row, country="", region="") for row in rows])

    assert [(row[1], row[3], row[6]) for row in await orders.report(REVENUE, by="country")] == [("", "5.00", 1)]
    assert [row[:2] for row in await orders.report(FUNNEL)] == [("placed", 1), ("confirmed", 1)]


async def test_an_order_counts_once_in_each_of_its_categories(orders: Orders) -> None:
    for number in range(3):
        (_, first) = order(number, HOUR)
        await orders.insert([first, changed(first, line=2), changed(first, line=3, category="tools")])

    by_category = await orders.report(REVENUE, by="category", interval="month")
    assert [(row[1], row[6], row[7]) for row in by_category] == [("lighting", 3, 6), ("tools", 3, 3)]
    assert [(row[6], row[7]) for row in await orders.report(REVENUE, interval="month")] == [(3, 9)]


async def test_a_time_that_nobody_knows_is_null(orders: Orders) -> None:
    await orders.insert(order(0, HOUR))

    assert [row[2:] for row in await orders.report(FUNNEL)] == [(1, None, None), (1, None, None)]


async def test_a_product_is_of_the_category_of_its_latest_order(orders: Orders) -> None:
    for number, category in enumerate(("lamps", "tools", "garden")):
        await orders.insert([changed(row, category=category) for row in order(number, HOUR)])
    came_back = {"step": "returned", "revenue": Decimal(-5), "sold": -1, "at": NOON + 9 * HOUR, "position": 9}
    await orders.insert([changed(order(0, HOUR)[1], category="lamps", **came_back)])

    assert [row[:4] for row in await orders.report(PRODUCTS)] == [("product-1", "LAMP-1", "garden", "EUR")]


async def test_only_the_span_counts_but_every_earlier_order_makes_loyal(orders: Orders) -> None:
    for number in range(6):  # the fifth of them in March
        at = NOON + (number - 4) * timedelta(days=30)
        await orders.insert([changed(row, at=at, order_placed_at=at) for row in order(number, HOUR)])

    for by in EVERY:
        assert [row[3] for row in await orders.report(REVENUE, **by)] == ["5.00"]
    assert await orders.by_report() == {"loyal": 1}
