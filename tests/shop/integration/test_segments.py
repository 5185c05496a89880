"""A customer's segment in the view and in the report: by what was confirmed before, also at one moment or late."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from query_service.analytics.orders import REVENUE
from tests.shop.support.order_rows import NOON, Orders, order

SEGMENTS = ["new", "returning", "returning", "loyal", "loyal"]


@pytest.fixture(params=[False, True], ids=["of rows", "of digests"])
async def orders(request: pytest.FixtureRequest, clickhouse_url: str) -> AsyncIterator[Orders]:
    orders = Orders(clickhouse_url, request.param)
    yield orders
    await orders.close()


@pytest.mark.parametrize("apart", [timedelta(0), timedelta(hours=1)], ids=["at one moment", "hours apart"])
async def test_segments_count_what_was_confirmed_before(orders: Orders, apart: timedelta) -> None:
    await orders.insert([row for number in range(5) for row in order(number, apart)])

    assert await orders.segments() == SEGMENTS
    assert await orders.by_report() == {"new": 1, "returning": 2, "loyal": 2}
    assert await orders.cohorts() == [(0, 1, 5)]


async def test_rows_that_come_late_or_twice_change_no_segment(orders: Orders) -> None:
    for number in (4, 2, 3, 1, 0, 2, 2, 4):
        await orders.insert(order(number, timedelta(hours=1)))

    assert await orders.segments() == SEGMENTS
    assert await orders.by_report() == {"new": 1, "returning": 2, "loyal": 2}
    assert await orders.cohorts() == [(0, 1, 5)]


async def test_an_order_that_was_confirmed_in_the_moment_of_the_next_is_before_it(orders: Orders) -> None:
    placed, confirmed = order(0, timedelta(0))
    later = (NOON + timedelta(minutes=5), *confirmed[6:])
    await orders.insert([placed, (*confirmed[:5], *later)])
    await orders.insert(order(1, timedelta(minutes=5)))

    assert await orders.segments() == ["new", "returning"]
    assert await orders.by_report() == {"new": 1, "returning": 1}


async def test_a_customer_without_a_confirmed_order_is_new(orders: Orders) -> None:
    _, confirmed = order(0, timedelta(0))
    taken_back = [part if part != "confirmed" else "cancelled" for part in confirmed]
    await orders.insert([tuple(taken_back)])

    assert [row[1] for row in await orders.report(REVENUE, by="segment", interval="month")] == ["new"]
