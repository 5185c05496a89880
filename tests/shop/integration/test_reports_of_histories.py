"""Every report about orders over random histories, in every interval and group: what a plain fold of them gives."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from deploy.shop import SHOP
from query_service.analytics.orders import COHORTS, FUNNEL, PRODUCTS, REVENUE
from tests.shop.support.analytics import Analytics
from tests.shop.support.order_histories import DAYS, FIRST, Order, histories
from twinpath.domain.events import Metadata
from twinpath.domain.report import Report
from twinpath.ids import uuid7
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.log.interface import NewCommit
from twinpath.testing import InMemorySystem

ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia", "Africa/Cairo", "America/Havana")
ORDERS, SPANS = 100, 4
Rows = list[tuple[Any, ...]]
Inside = Callable[[datetime], bool]


@pytest.fixture(params=[1, 2])
async def shop(
    request: pytest.FixtureRequest, clickhouse_url: str
) -> AsyncIterator[tuple[Analytics, list[Order], Random]]:
    random = Random(request.param)
    orders = histories(random, ORDERS)
    shop = Analytics(clickhouse_url, InMemorySystem(SHOP))
    happened = [(at, n, order.id, event) for order in orders for n, (at, event) in enumerate(order.events)]
    for at, version, stream, event in sorted(happened, key=lambda entry: entry[:3]):
        sealed = await shop.system.seals.seal(stream, [SHOP.events.encode(event)])
        commit = NewCommit(stream, sealed, version, uuid7(), Metadata(at, "tester", "c-1"), "f")
        await InMemoryEventStore.append(shop.system.store, commit)  # no view shall follow
    await shop.fill()
    if request.param == 2:
        await shop.keeper.digest()
    yield shop, orders, random
    await shop.close()


async def test_reports_tell_what_a_fold_of_the_histories_tells(
    shop: tuple[Analytics, list[Order], Random],
) -> None:
    analytics, orders, random = shop

    async def told(report: Report[Any], asked: Mapping[str, str]) -> Rows:
        items = await analytics.report(report.name, **asked)
        return sorted(tuple(item[name] for name in _ROWS[report.name]) for item in items)

    for _ in range(SPANS):
        first = (FIRST + timedelta(days=random.randrange(-5, DAYS))).date()
        last, zone = first + timedelta(days=random.choice([0, 6, 30, 300])), ZoneInfo(random.choice(ZONES))
        span = {"from": f"{first}", "to": f"{last}", "time_zone": zone.key}

        def inside(at: datetime, first: date = first, last: date = last, zone: ZoneInfo = zone) -> bool:
            return first <= at.astimezone(zone).date() <= last

        for interval, begin in _BEGINS.items():
            for by, group in _groups(orders).items():
                asked = {**span, "interval": interval, **({"by": by} if by else {})}
                assert await told(REVENUE, asked) == _revenue(orders, inside, zone, begin, group), asked
        assert await told(PRODUCTS, span) == _products(orders, inside)
        assert await told(FUNNEL, span) == _funnel(orders, inside)
        assert await told(COHORTS, span) == _cohorts(orders, inside, zone)


_ROWS = {
    "revenue": ("begins", "group", "currency", "revenue", "confirmed", "taken_back", "orders", "pieces"),
    "products": ("product_id", "currency", "revenue", "confirmed", "cancelled", "returned"),
    "funnel": ("step", "orders", "share"),
    "cohorts": ("cohort", "months", "customers", "orders"),
}
_BEGINS: Mapping[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
}


def _groups(orders: Iterable[Order]) -> Mapping[str, Callable[[Order, str], str]]:
    """By `by`: the group of an order's line, by its category."""
    confirmed = [(order.customer, at) for order in orders for at in order.at("confirmed")]

    def segment(order: Order, category: str) -> str:
        before = sum(customer == order.customer and at < order.placed_at for customer, at in confirmed)
        return "new" if before == 0 else "returning" if before < 3 else "loyal"

    return {
        "": lambda order, category: "",
        "category": lambda order, category: category,
        "country": lambda order, category: order.country,
        "segment": segment,
    }


def _revenue(
    orders: Iterable[Order],
    inside: Inside,
    zone: ZoneInfo,
    begin: Callable[[date], date],
    group: Callable[[Order, str], str],
) -> Rows:
    rows: defaultdict[tuple[str, str, str, int], list[Any]] = defaultdict(lambda: [Decimal(0), Decimal(0), set(), 0])
    for order in orders:
        for step, line, pieces, amount in order.sold():
            if inside(step.at):
                price, begins = line.unit_price, begin(step.at.astimezone(zone).date())
                row = rows[f"{begins}", group(order, line.category), price.currency, price.digits]
                row[amount < 0] += amount
                row[2] |= {order.id} if step.sign > 0 else set()
                row[3] += pieces
    return sorted(
        (*key[:3], _text(up + down, key[3]), _text(up, key[3]), _text(-down, key[3]), len(confirmed), pieces)
        for key, (up, down, confirmed, pieces) in rows.items()
    )


def _products(orders: Iterable[Order], inside: Inside) -> Rows:
    rows: defaultdict[tuple[str, str, int], list[Any]] = defaultdict(lambda: [Decimal(0), 0, 0, 0])
    for order in orders:
        for step, line, pieces, amount in order.sold():
            if inside(step.at):
                row = rows[line.product_id, line.unit_price.currency, line.unit_price.digits]
                row[0] += amount
                row[1 + ("confirmed", "cancelled", "returned").index(step.name)] += abs(pieces)
    return sorted((*key[:2], _text(row[0], key[2]), *row[1:]) for key, row in rows.items())


def _funnel(orders: Iterable[Order], inside: Inside) -> Rows:
    placed = [order for order in orders if inside(order.placed_at)]
    names = ("confirmed", "shipped", "returned", "cancelled")
    came = {"placed": len(placed), **{name: sum(bool(order.at(name)) for order in placed) for name in names}}
    return sorted((name, count, pytest.approx(count / len(placed))) for name, count in came.items() if count)


def _cohorts(orders: Iterable[Order], inside: Inside, zone: ZoneInfo) -> Rows:
    confirmed = sorted((at, order.customer) for order in orders for at in order.at("confirmed"))
    first = {customer: at for at, customer in reversed(confirmed)}
    came: defaultdict[tuple[date, date], list[str]] = defaultdict(list)
    for at, customer in confirmed:
        if inside(first[customer]):
            cohort, month = (moment.astimezone(zone).date().replace(day=1) for moment in (first[customer], at))
            came[cohort, month].append(customer)
    return sorted(
        (f"{cohort}", (month.year - cohort.year) * 12 + month.month - cohort.month, len({*some}), len(some))
        for (cohort, month), some in came.items()
    )


def _text(amount: Decimal, digits: int) -> str:
    return f"{amount:.{digits}f}"
