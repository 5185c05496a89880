"""The shop's facts and reports over the sample shop, on ClickHouse's own engine."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from deploy.checkout import CHECKOUT
from deploy.sample import SampleClock, play_sample
from deploy.shop import SHOP
from tests.shop.support.analytics import Analytics
from twinpath.testing import InMemorySystem

YEARS = {"from": "2020-01-01", "to": "2029-12-30"}


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(clickhouse_url: str) -> AsyncIterator[Analytics]:
    clock = SampleClock()
    system = InMemorySystem(SHOP, clock)
    async with system.app.router.lifespan_context(system.app):
        await play_sample(system, clock)
        shop = Analytics(clickhouse_url, system)
        await shop.fill()
        yield shop
        await shop.close()


def added(rows: Iterable[dict[str, Any]], field: str) -> dict[str, Decimal]:
    """By currency."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["currency"]] += Decimal(row[field])
    return dict(sums)


async def test_every_report_tells_what_the_dashboards_tell(shop: Analytics) -> None:
    dashboard = (await shop.client.get("/shop/dashboard")).json()
    totals = {revenue["currency"]: Decimal(revenue["total"]) for revenue in dashboard["revenue"]}
    assert totals
    for by in ({}, {"by": "category"}, {"by": "country"}, {"by": "segment"}):
        for interval in ("day", "week", "month"):
            rows = await shop.report("revenue", interval=interval, **by, **YEARS)
            assert added(rows, "revenue") == totals
    assert added(await shop.report("products", **YEARS), "revenue") == totals
    categories = {
        share["category"] or "": share["amount"] for revenue in dashboard["revenue"] for share in revenue["categories"]
    }
    by_category = await shop.report("revenue", interval="month", by="category", **YEARS)
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in by_category:
        sums[row["group"]] += Decimal(row["revenue"])
    assert {name: amount for name, amount in sums.items() if amount} == {
        name: Decimal(amount) for name, amount in categories.items()
    }

    orders = dashboard["orders_by_status"]
    funnel = {row["step"]: row for row in await shop.report("funnel", **YEARS)}
    assert funnel["placed"]["orders"] == sum(orders.values())
    assert funnel["confirmed"]["orders"] == sum(row["orders"] for row in await shop.report("cohorts", **YEARS))
    assert funnel["cancelled"]["orders"] == orders["cancelled"]
    assert funnel["shipped"]["orders"] == orders["shipped"] + orders["returned"]
    assert (funnel["placed"]["share"], funnel["placed"]["median_seconds"]) == (1, None)
    assert funnel["shipped"]["median_seconds"] > 0

    desk = (await shop.client.get("/tickets/dashboard")).json()
    opened = sum(row["opened"] for row in await shop.report("tickets", interval="week", **YEARS))
    assert opened == sum(desk["by_status"].values())


async def test_stock_movements_add_up_to_what_is_on_hand(shop: Analytics) -> None:
    moved = dict(await shop.rows("SELECT product_id, sum(change) FROM {facts}.stock_movements GROUP BY product_id"))
    pages = (await shop.client.get("/products", params={"limit": 100})).json()["items"]

    assert len(pages) == 16
    for product in pages:
        assert moved.get(product["product_id"], 0) == product["on_hand"]


async def test_segments_follow_the_orders_confirmed_before(shop: Analytics) -> None:
    rows = await shop.rows(
        "SELECT customer_id, order_id, min(order_placed_at), any(customer_segment), countIf(step = 'confirmed')"
        " FROM {facts}.order_lines GROUP BY customer_id, order_id ORDER BY 1, 3"
    )
    confirmed = {
        (customer, order): at
        for customer, order, at in await shop.rows(
            "SELECT customer_id, order_id, min(at) FROM {facts}.order_lines WHERE step = 'confirmed' GROUP BY 1, 2"
        )
    }
    assert {row[3] for row in rows} == {"new", "returning", "loyal"}
    for customer, _, placed_at, segment, _ in rows:
        before = sum(own == customer and at < placed_at for (own, _), at in confirmed.items())
        assert segment == ("new" if before == 0 else "returning" if before < 3 else "loyal")


async def test_no_table_holds_anything_personal(shop: Analytics) -> None:
    personal = set(_personal_texts([event async for event in _everything(shop)]))
    assert len(personal) > 50
    for name in ("order_lines", "ticket_steps", "stock_movements"):
        texts = {text for row in await shop.rows(f"SELECT * FROM {{facts}}.{name}_rows") for text in map(str, row)}
        assert texts.isdisjoint(personal)


async def _everything(shop: Analytics) -> AsyncIterator[Any]:
    for log in await shop.system.store.heads():
        for event in await shop.system.seals.open(await shop.system.store.read_log(log, 0, 10_000)):
            yield event


def _personal_texts(events: Iterable[Any]) -> Iterator[str]:
    for event in events:
        for field in SHOP.events.personal(event.type, event.schema):
            value = event.data.get(field)
            if isinstance(value, dict):  # of an address, its country and region may be kept
                yield from (str(text) for part, text in value.items() if text and part not in ("country", "region"))
            elif value:
                yield str(value)


async def test_the_dashboard_for_bi_tools_asks_for_what_the_tables_have(shop: Analytics) -> None:
    dashboard = json.loads((CHECKOUT / "deploy/analytics/grafana.json").read_text())
    statements = [target["rawSql"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(statements) == len(dashboard["panels"]) > 3
    for statement in statements:
        sql = statement.replace("$__timeFilter(at)", "at >= toDateTime(0) AND at <= now() + 86400")
        assert await shop.rows(sql.replace("FROM ", "FROM {facts}.")), statement


async def test_answers_come_as_json_csv_or_parquet(shop: Analytics) -> None:
    path, asked = "/analytics/products", {**YEARS, "limit": "3"}
    answer = await shop.client.get(path, params=asked, headers={"Accept": "text/csv;q=0.9, text/html"})
    assert answer.headers["content-type"].startswith("text/csv")
    names, *rows = answer.text.splitlines()
    assert names.startswith('"product_id","sku","category","currency","revenue"')
    assert len(rows) == 3

    answer = await shop.client.get(path, params=asked, headers={"Accept": "application/vnd.apache.parquet"})
    assert (answer.content[:4], answer.content[-4:]) == (b"PAR1", b"PAR1")

    answer = await shop.client.get(path, params=asked)
    again = await shop.client.get(path, params=asked, headers={"If-None-Match": answer.headers["etag"]})
    assert (answer.status_code, again.status_code) == (200, 304)

    answer = await shop.client.get(path, params=asked, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
