"""Metrics as such: what a scraper reads is what happened, and nothing that happens can make their number grow."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client import Histogram as TheirHistogram
from starlette.applications import Starlette

from tests.engine.support.whole import whole_workshop
from tests.support.appending import append
from tests.support.eventually import eventually
from tests.support.services.scraped import Scraped, scraped
from twinpath.errors import Unavailable
from twinpath.identity.authentication import OPEN, Authenticated
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.observability.lags import LagGauges
from twinpath.observability.metrics import SECONDS, Metrics
from twinpath.observability.serving_metrics import install_metrics


async def told(metrics: Metrics) -> Scraped:
    text, _ = await metrics.exposition("")
    return Scraped(text.decode())


async def test_a_histogram_reads_as_prometheus_own_would() -> None:
    metrics, registry = Metrics(), CollectorRegistry()
    ours = metrics.histogram("waited_seconds", "Waits", "who")
    theirs = TheirHistogram("waited_seconds", "Waits", ["who"], buckets=SECONDS, registry=registry)
    for seconds in (0.0, 0.001, 0.00101, 0.3, 10.0, 11.0):
        ours.observe(("ann",), seconds)
        theirs.labels("ann").observe(seconds)

    expected = Scraped(generate_latest(registry).decode())

    wanted = {(s.name, float(s.labels.get("le", 0)), s.value) for s in expected.samples if "_created" not in s.name}
    found = {
        (s.name, float(s.labels.get("le", 0)), s.value)
        for s in (await told(metrics)).samples
        if s.name.startswith("waited")
    }
    assert found == wanted


async def test_a_counter_adds_up_and_a_gauge_is_read_at_the_scrape() -> None:
    metrics = Metrics()
    sent, open_ = metrics.counter("sent_total", "Sent", "to"), metrics.gauge("open", "Open")
    state = [1.0]
    open_.read = lambda: {(): state[0]}

    sent.count(("ann",))
    sent.count(("ann",), 2)
    state[0] = 7

    scrape = await told(metrics)
    assert (scrape.value("sent_total", to="ann"), scrape.value("open")) == (3, 7)


async def test_what_cannot_be_looked_up_is_left_out_and_the_rest_is_told() -> None:
    metrics = Metrics()
    lag = metrics.gauge("lag", "Lag")
    metrics.gauge("other", "Other").values = {(): 1}
    store_is_up = [True]

    async def look() -> None:
        if not store_is_up[0]:
            raise Unavailable("the store is away")
        lag.values = {(): 5}

    metrics.before_scrape(look, lag)
    assert (await told(metrics)).value("lag") == 5

    store_is_up[0] = False

    scrape = await told(metrics)
    assert (scrape.value("lag"), scrape.value("other")) == (None, 1)


async def test_scrapes_at_the_same_time_share_one_look() -> None:
    metrics = Metrics()
    lag = metrics.gauge("lag", "Lag")
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0)
        lag.values = {(): looks}

    metrics.before_scrape(look, lag)
    scrapes = await asyncio.gather(*(told(metrics) for _ in range(20)))
    later = await told(metrics)

    assert {scrape.value("lag") for scrape in scrapes} == {1}
    assert later.value("lag") == 2


async def test_a_lag_is_in_events_and_in_the_age_of_the_oldest_event_that_is_missing() -> None:
    metrics, store = Metrics(), InMemoryEventStore(("repair",))
    first = await append(store)
    await append(store, first.stream, 1)
    log = first.log
    at = [event.at for event in await store.read_log(log, 0, 2)]
    gauges = metrics.gauge("lag_events", "e", "who", "log"), metrics.gauge("lag_seconds", "s", "who", "log")
    lags = LagGauges(*gauges, clock=lambda: at[0] + timedelta(seconds=90))

    await lags.look(store, {("behind", log): 0, ("near", log): 1, ("there", log): 2, ("ahead", log): 3})

    events = {who: lag for (who, _), lag in lags.events.values.items()}
    assert events == {"behind": 2, "near": 1, "there": 0, "ahead": 0}
    seconds = {who: lag for (who, _), lag in lags.seconds.values.items()}
    assert seconds == {"behind": 90, "near": 90 - (at[1] - at[0]).total_seconds(), "there": 0, "ahead": 0}


async def test_two_apps_in_one_process_have_metrics_of_their_own() -> None:
    apps = [Starlette(), Starlette()]
    counters = []
    for app in apps:
        metrics = Metrics()
        counters.append(metrics.counter("sent_total", "Sent"))
        install_metrics(app, metrics)
        app.add_middleware(Authenticated, OPEN)
    counters[0].count((), 4)

    seen = []
    for app in apps:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://s") as client:
            seen.append((await scraped(client)).value("sent_total"))

    assert seen == [4, None]


async def test_requests_are_told_by_route_method_and_status_and_never_by_what_a_caller_can_make_up() -> None:
    async with whole_workshop() as client:
        opened = await client.post("/api/v1/repairs", json={"subject": "s", "message": "m"})
        repair = opened.json()["repair_id"]
        for path in (
            f"repairs/{repair}",
            f"repairs/{repair}/history",
            "repairs/nonsense",
            "repairs?limit=0",
            "no/such",
        ):
            await client.get(f"/api/v1/{path}")
        await client.request("INVENTED", "/api/v1/repairs")
        await client.get("/health/ready")
        scrape = await scraped(client)

    requests = "twinpath_http_request_duration_seconds_count"
    assert scrape.value(requests, method="POST", route="/repairs", status="201") == 1
    assert scrape.value(requests, method="GET", route="/repairs/{repair_id}", status="200") == 1
    assert scrape.value(requests, method="GET", route="/repairs/{repair_id}/history", status="200") == 1
    assert scrape.value(requests, method="GET", route="/repairs/{repair_id}", status="422") == 1
    assert scrape.value(requests, method="GET", route="/repairs", status="422") == 1
    assert scrape.value(requests, method="GET", route="unmatched", status="404") == 1
    assert scrape.value(requests, method="other", status="405") == 1
    assert scrape.value(requests) == 7
    assert not [value for value in scrape.labels() if repair in value or "nonsense" in value or "such" in value]


async def test_the_event_loop_says_how_late_it_is() -> None:
    app = Starlette()
    metrics = Metrics()
    install_metrics(app, metrics)

    async with app.router.lifespan_context(app):

        async def has_told() -> bool:
            return bool((await told(metrics)).value("twinpath_event_loop_lag_seconds_count"))

        await eventually(has_told)


@pytest.mark.parametrize("accept", ["", "text/plain", "application/openmetrics-text; version=1.0.0"])
async def test_every_form_that_prometheus_asks_for_can_be_given(accept: str) -> None:
    metrics = Metrics()
    metrics.counter("sent_total", "Sent").count(())

    text, content_type = await metrics.exposition(accept)

    assert b"sent_total 1.0" in text
    assert content_type.startswith("application/openmetrics-text" if "openmetrics" in accept else "text/plain")
