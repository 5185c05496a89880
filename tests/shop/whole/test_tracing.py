"""Traces: one from a command to the last write that follows from it, and what no span may tell."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode

from tests.shop.support.shop import Shop
from tests.shop.support.traced_shop import LOGS, TracedShop
from tests.support.spans import Spans
from twinpath.observability.recorded_events import MOST_POSITIONS, RecordedEvents
from twinpath.observability.trace_export import BadTracingSetting, tracing_of
from twinpath.observability.tracing import recorded_context

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNRECORDED = CALLER[:-1] + "0"
TICKET = {"subject": "marked-subject", "message": "marked-message"}


@pytest.fixture
async def shop() -> AsyncIterator[TracedShop]:
    async with TracedShop(Spans()).running() as shop:
        yield shop


def trace_id(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.trace_id)


def is_child(span: ReadableSpan, of: ReadableSpan) -> bool:
    return span.parent is not None and of.context is not None and span.parent.span_id == of.context.span_id


async def test_a_command_is_one_trace_from_its_request_to_redis(shop: TracedShop) -> None:
    await shop.commands.post("/api/v1/tickets", json=TICKET, headers={"traceparent": CALLER})
    await shop.relay()

    request, command = shop.spans.one("POST /api/v1/tickets"), shop.spans.one("open_ticket")
    append, publish = shop.spans.one("insert commits"), shop.spans.one("publish twinpath.log")
    process, commit = shop.spans.one("process twinpath.views."), shop.spans.one("transaction v")
    copies = shop.spans.named("EVALSHA")
    assert {f"{trace_id(span):032x}" for span in shop.spans.all} == {CALLER.split("-")[1]}
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == CALLER.split("-")[2]
    assert is_child(command, request)
    assert is_child(append, command)
    assert is_child(publish, append)
    assert is_child(process, append)
    assert is_child(commit, process)
    assert {span.name for span in copies} == {"EVALSHA ticket_details", "EVALSHA ticket_dashboard"}
    assert all(is_child(copy, process) for copy in copies)


async def test_spans_have_the_names_and_attributes_of_the_semantic_conventions(shop: TracedShop) -> None:
    created = await shop.commands.post("/api/v1/tickets", json=TICKET)
    await shop.relay()
    path = created.headers["Location"]
    await shop.commands.post(f"{path}/notes", json={"note": "n"})

    request = shop.spans.one("POST /api/v1/tickets/{ticket_id}/notes")
    assert request.kind is SpanKind.SERVER
    assert request.attributes == {
        "http.request.method": "POST",
        "url.scheme": "http",
        "http.route": "/api/v1/tickets/{ticket_id}/notes",
        "url.path": path + "/notes",
        "http.response.status_code": 200,
    }
    publish = shop.spans.one("publish twinpath.log")
    log = created.headers["Causal-Token"].split(":")[0]
    assert publish.kind is SpanKind.PRODUCER
    assert publish.attributes == {
        "messaging.system": "rabbitmq",
        "messaging.operation.name": "publish",
        "messaging.operation.type": "send",
        "messaging.destination.name": f"twinpath.log:{log}",
        "messaging.rabbitmq.destination.routing_key": log,
        "twinpath.log": log,
        "twinpath.events": 1,
        "twinpath.position": 1,
    }
    append = shop.spans.named("insert commits")[0]
    assert append.kind is SpanKind.CLIENT
    assert append.attributes is not None
    assert (append.attributes["db.system.name"], append.attributes["db.collection.name"]) == ("mongodb", "commits")


async def test_a_batch_that_merges_traces_has_a_span_in_each_and_links_between_them(shop: TracedShop) -> None:
    ticket = (await shop.commands.post("/api/v1/tickets", json=TICKET)).headers["Location"]
    for note in ("a", "b"):
        await shop.commands.post(f"{ticket}/notes", json={"note": note})
    await shop.relay()

    appends = shop.spans.named("insert commits")
    for step in ("publish twinpath.log", "process twinpath.views.", "transaction v", "EVALSHA ticket_details"):
        spans = shop.spans.named(step)
        assert {trace_id(span) for span in spans} == {trace_id(append) for append in appends}
        carrier = next(span for span in spans if len(span.links) == 2)
        others = [span for span in spans if span is not carrier]
        assert all([link.context.trace_id for link in other.links] == [trace_id(carrier)] for other in others)
        assert {link.context.trace_id for link in carrier.links} == {trace_id(other) for other in others}


async def test_what_fulfilment_does_belongs_to_the_trace_of_the_order(shop: TracedShop) -> None:
    things = Shop(shop.commands)
    lamp, customer = await things.product("LAMP", stock=3), await things.customer()
    await shop.relay()
    shop.spans.clear()
    await things.order(customer, **{lamp.replace("-", "_"): 2})
    await shop.relay()

    placed = shop.spans.one("POST /api/v1/orders")
    handled, reserve = shop.spans.one("process order.placed"), shop.spans.one("reserve_stock")
    assert {trace_id(span) for span in shop.spans.all} == {trace_id(placed)}
    assert is_child(reserve, handled)
    assert is_child(shop.spans.one("confirm_order"), handled)
    assert len(shop.spans.named("process twinpath.views.product.")) == 1


async def test_a_query_tells_how_long_it_waited_and_who_answered(shop: TracedShop) -> None:
    created = await shop.commands.post("/api/v1/tickets", json=TICKET)
    path, token = created.headers["Location"], {"Causal-Token": created.headers["Causal-Token"]}
    shop.query_app.state.queries.waits.seconds = 0.001
    await shop.queries.get(path, headers={**token, "traceparent": CALLER})
    await shop.relay()
    await shop.queries.get(path)
    await shop.queries.get(path, headers=token)

    waited, cached, fresh = shop.spans.named("GET /api/v1/tickets/{ticket_id}")
    assert is_child(shop.spans.one("wait for ticket_details"), waited)
    assert f"{trace_id(waited):032x}" == CALLER.split("-")[1]
    assert is_child(shop.spans.one("MGET ticket_details"), cached)
    assert cached.attributes is not None
    assert cached.attributes["twinpath.source"] == "redis"
    assert fresh.attributes is not None


async def test_nothing_is_recorded_of_a_trace_whose_caller_does_not_record_it(shop: TracedShop) -> None:
    created = await shop.commands.post("/api/v1/tickets", json=TICKET, headers={"traceparent": UNRECORDED})
    await shop.relay()
    await shop.queries.get(created.headers["Location"], headers={"traceparent": UNRECORDED})

    assert shop.spans.all == ()
    assert await kept_traceparents(shop) == [UNRECORDED]


async def test_the_callers_trace_is_kept_when_we_record_nothing() -> None:
    async with TracedShop(Spans(ALWAYS_OFF)).running() as shop:
        lines = b'{"command":"open_ticket","idempotency_key":"1","body":{"subject":"s","message":"m"}}\n'
        headers = {"Content-Type": "application/x-ndjson", "traceparent": CALLER}
        await shop.commands.post("/api/v1/commands", content=lines, headers=headers)
        await shop.commands.post("/api/v1/tickets", json=TICKET, headers={"traceparent": CALLER})
        for bad in ("ff" + CALLER[2:], "00-" + "0" * 32 + CALLER[35:], "nonsense", ""):
            await shop.commands.post("/api/v1/tickets", json=TICKET, headers={"traceparent": bad})

        assert shop.spans.all == ()
        assert sorted(filter(None, await kept_traceparents(shop))) == [CALLER, CALLER]


async def kept_traceparents(shop: TracedShop) -> list[str | None]:
    return [event.traceparent for log in LOGS for event in await shop.store.read_log(log, 0, 100)]


async def test_no_span_tells_what_somebody_wrote(shop: TracedShop) -> None:
    things = Shop(shop.commands)
    registered = {"name": "marked-name", "email": "marked@example.com"}
    customer = (await shop.commands.post("/api/v1/customers", json=registered)).headers["Location"]
    lamp = await things.product("LAMP", stock=3)
    await shop.relay()
    await things.order(customer.rpartition("/")[2], **{lamp.replace("-", "_"): 2})
    actor = {"X-Actor": "marked-actor", "Idempotency-Key": "marked-key", "User-Agent": "marked-agent"}
    await shop.commands.post("/api/v1/tickets", json=TICKET, headers=actor)
    await shop.commands.post("/api/v1/tickets/marked-path/notes", json={"note": "marked-note"})
    await shop.commands.post("/api/v1/tickets?q=marked-query", json={"subject": 7, "message": "marked-message"})
    await shop.relay()
    await shop.queries.get("/api/v1/customers/marked@example.com?name=marked-query")
    await shop.queries.get(customer)

    assert len(shop.spans.all) > 20
    assert [span.to_json() for span in shop.spans.all if "marked" in span.to_json()] == []


async def test_a_failed_step_says_its_kind_and_a_refusal_is_no_error(shop: TracedShop) -> None:
    path = (await shop.commands.post("/api/v1/tickets", json=TICKET)).headers["Location"]
    for _ in range(2):
        await shop.commands.post(f"{path}/close", json={"resolution": "r"})

    refused = shop.spans.named("close_ticket")[1]
    assert refused.status.status_code is StatusCode.UNSET
    assert refused.attributes is not None
    assert refused.attributes["twinpath.refusal"] == "ticket_closed"
    with pytest.raises(KeyError), shop.spans.tracing.continued([], "nothing", SpanKind.INTERNAL):
        raise KeyError("marked")
    parents = [parent for parent in [recorded_context(CALLER)] if parent]
    with pytest.raises(KeyError), shop.spans.tracing.continued(parents, "failing", SpanKind.INTERNAL):
        raise KeyError("marked")
    failed = shop.spans.one("failing")
    assert (failed.status.status_code, failed.attributes, failed.events) == (
        StatusCode.ERROR,
        {"error.type": "KeyError"},
        (),
    )


async def test_what_is_in_hand_stays_bounded(shop: TracedShop) -> None:
    await shop.commands.post("/api/v1/tickets", json=TICKET)
    (event,) = [event for log in LOGS for event in await shop.store.read_log(log, 0, 1)]
    recorded = RecordedEvents()
    for position in range(1, MOST_POSITIONS + 100):
        recorded.note([replace(event, position=position)])

    assert len(recorded.between(event.log, 0, 10 * MOST_POSITIONS)) == MOST_POSITIONS
    assert recorded.between(event.log, 0, 50) == []


async def test_filling_a_view_anew_adds_nothing_to_old_traces(shop: TracedShop) -> None:
    await shop.commands.post("/api/v1/tickets", json=TICKET)
    (event,) = [event for log in LOGS for event in await shop.store.read_log(log, 0, 1)]

    assert len(RecordedEvents().note([event])) == 1
    assert RecordedEvents(clock=lambda: event.at + timedelta(days=2)).note([event]) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "grpc://collector"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ],
)
def test_a_setting_that_can_not_be_used_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv(name, value)
    with pytest.raises(BadTracingSetting, match=name):
        tracing_of("query")


def test_without_an_address_there_is_no_tracing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tracing_of("query") is None
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    assert tracing_of("query") is None


async def test_of_many_requests_about_as_many_as_the_sampler_says_are_recorded() -> None:
    async with TracedShop(Spans(ParentBased(TraceIdRatioBased(0.25)))).running() as shop:
        for _ in range(400):
            await shop.queries.get("/api/v1/tickets")

        requests = shop.spans.named("GET /api/v1/tickets")
        assert 50 < len(requests) < 150
        assert len({trace_id(request) for request in requests}) == len(requests)
