"""Reports refuse what they can't answer before ClickHouse is asked, and say why they don't answer where it is off."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from deploy.shop import SHOP
from twinpath.errors import Unavailable
from twinpath.facts.interface import FactsReader, Form
from twinpath.queries.app import create_app
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore

REPORTS = ("revenue", "funnel", "products", "cohorts", "tickets")


class Away(FactsReader):
    """Does not answer, and has heard of what it was asked."""

    async def query(self, sql: str, parameters: Mapping[str, Any], form: Form) -> bytes:
        raise Unavailable("ClickHouse at 10.0.0.7: no route to host")

    async def ping(self) -> None:
        raise Unavailable("no route to host")


@pytest.fixture(params=[None, Away()], ids=["off", "away"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(InMemoryViewStore(), InMemoryViewCache(), SHOP, facts=request.param)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop/api/v1") as client:
        client.headers["x-expected"] = "analytics_unavailable" if request.param else "analytics_off"
        yield client


@pytest.mark.parametrize("report", REPORTS)
async def test_without_clickhouse_a_report_is_503_and_says_why(client: httpx.AsyncClient, report: str) -> None:
    answer = await client.get(f"/analytics/{report}", params={"from": "2026-01-01", "time_zone": "Europe/Berlin"})

    assert (answer.status_code, answer.json()["code"]) == (503, client.headers["x-expected"])
    assert "10.0.0.7" not in answer.text
    if answer.json()["code"] == "analytics_off":
        assert "TWINPATH_CLICKHOUSE_URL" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("report", "parameters"),
    [
        ("revenue", {"from": "2026-02-01", "to": "2026-01-01"}),
        ("revenue", {"from": "1900-01-01", "to": "2026-01-01"}),
        ("revenue", {"from": "2001-01-01", "to": "2029-01-01"}),
        ("revenue", {"from": "2001-01-01"}),
        ("revenue", {"from": "2000-01-01", "to": "2010-01-08"}),
        ("revenue", {"first": "2026-01-01"}),
        ("revenue", {"from": "yesterday"}),
        ("revenue", {"time_zone": "localtime"}),
        ("revenue", {"time_zone": "Mars/Olympus"}),
        ("revenue", {"time_zone": "../../etc/passwd"}),
        ("revenue", {"by": "customer"}),
        ("revenue", {"by": "category; DROP TABLE order_lines_rows"}),
        ("revenue", {"interval": "hour"}),
        ("products", {"limit": "0"}),
        ("funnel", {"by": "category"}),
        ("tickets", {"interval": "year"}),
    ],
)
async def test_bad_parameters_are_refused(client: httpx.AsyncClient, report: str, parameters: dict[str, str]) -> None:
    answer = await client.get(f"/analytics/{report}", params=parameters)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields")
