"""One trace through three real services: sent as OTLP to a receiver that the test runs."""

import asyncio
import secrets
import signal
from collections.abc import Callable, Iterator

import pytest

from tests.shop.support.shop import ADDRESS, Shop
from tests.support.eventually import eventually
from tests.support.provided.servers import RabbitMQServer
from tests.support.services.otlp import Received, Receiver
from tests.support.services.system import System

SERVICES = {"twinpath-command", "twinpath-projector", "twinpath-query"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().listening() as receiver:
        yield receiver


def traced(system: System, receiver: Receiver) -> System:
    """The services, which will send their spans there, and soon."""
    system.settings |= {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    return system


def new_trace() -> tuple[str, dict[str, str]]:
    """A caller's trace: its id, and the header that carries it."""
    trace_id = secrets.token_hex(16)
    return trace_id, {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}


async def shown(receiver: Receiver, trace_id: str, names: set[str]) -> list[Received]:
    """The spans of a trace as soon as there is one of each of these names."""

    async def ask() -> list[Received]:
        spans = receiver.of(trace_id)
        missing = names - {span.name for span in spans}
        assert not missing, f"missing {missing} among {sorted(span.name for span in spans)}"
        return spans

    return await eventually(ask)


async def test_an_order_is_one_trace_from_its_request_to_what_a_query_waited_for(
    make_system: Callable[..., System], receiver: Receiver, mongodb_url: str, rabbitmq_url: str, redis_url: str
) -> None:
    system = traced(make_system(mongodb_url, rabbitmq_url, redis_url), receiver).start()
    async with system.client("command") as commands, system.client("query") as queries:
        shop = Shop(commands)
        product, customer = await shop.product("LAMP", stock=2), await shop.customer()
        (await queries.get(f"/api/v1/products/{product}", headers={"Causal-Token": shop.token})).raise_for_status()
        trace_id, headers = new_trace()
        order = {"customer_id": customer, "lines": [{"product_id": product, "quantity": 1}]}
        placed = await commands.post("/api/v1/orders", json=order | {"shipping_address": ADDRESS}, headers=headers)
        token = {"Causal-Token": placed.headers["Causal-Token"]}
        (await queries.get(placed.headers["Location"], headers={**headers, **token})).raise_for_status()
        spans = await shown(
            receiver,
            trace_id,
            {
                "POST /api/v1/orders",
                "place_order",
                "publish twinpath.log",
                "EVALSHA order_summaries",
                "publish twinpath.events",
                "process order.placed",
                "reserve_stock",
                "confirm_order",
                "GET /api/v1/orders/{order_id}",
            },
        )
        (await queries.get(placed.headers["Location"])).raise_for_status()
        again, headers = new_trace()
        (await queries.get(placed.headers["Location"], headers=headers)).raise_for_status()
        query = await shown(receiver, again, {"GET /api/v1/orders/{order_id}", "MGET order_summaries"})

    (waited,) = [span for span in spans if span.name == "GET /api/v1/orders/{order_id}"]
    (not_waited,) = [span for span in query if span.name == "GET /api/v1/orders/{order_id}"]
    assert (waited.attributes["twinpath.source"], not_waited.attributes["twinpath.source"]) == ("mongodb", "redis")
    by_id = {span.span_id: span for span in spans}
    services = {span.name: span.service for span in spans}
    assert {span.service for span in spans} == SERVICES
    assert services["publish twinpath.log"] == services["confirm_order"] == "twinpath-command"
    assert services["EVALSHA order_summaries"] == services["publish twinpath.events"] == "twinpath-projector"

    def way_up(span: Received) -> list[str]:
        above = by_id.get(span.parent)
        return [span.name, *(way_up(above) if above else [])]

    copies = [way_up(span) for span in spans if span.name == "EVALSHA order_summaries"]
    log = placed.headers["Causal-Token"].partition(":")[0]
    up_to_the_request = ["insert commits", "place_order", "POST /api/v1/orders"]
    assert ["EVALSHA order_summaries", f"process twinpath.views.{log}", *up_to_the_request] in copies
    confirmed = next(way_up(span) for span in spans if span.name == "confirm_order")
    assert confirmed == ["confirm_order", "process order.placed", *up_to_the_request]
    statements = {way_up(span)[1] for span in spans if span.name == "commitTransaction"}
    assert statements == {"publish twinpath.events", f"transaction {system.settings['TWINPATH_VIEWS_DATABASE']}"}


async def test_a_trace_outlasts_the_broker_and_a_restart_of_every_service(
    make_system: Callable[..., System],
    private_rabbitmq: Callable[[], RabbitMQServer],
    receiver: Receiver,
    mongodb_url: str,
    redis_url: str,
) -> None:
    rabbitmq = private_rabbitmq()
    system = traced(make_system(mongodb_url, rabbitmq.url, redis_url), receiver).start()
    trace_id, headers = new_trace()
    await asyncio.to_thread(rabbitmq.stop)
    await asyncio.to_thread(system["projector"].kill)  # which else would find the event in the log by itself
    async with system.client("command") as commands:
        ticket = {"subject": "s", "message": "m"}
        (await commands.post("/api/v1/tickets", json=ticket, headers=headers)).raise_for_status()
    await shown(receiver, trace_id, {"POST /api/v1/tickets"})
    await asyncio.to_thread(system["command"].kill)
    await asyncio.to_thread(rabbitmq.start)
    for name in ("command", "projector"):
        system[name].start()

    await shown(receiver, trace_id, {"publish twinpath.log", "EVALSHA ticket_details"})


async def test_a_receiver_that_is_away_holds_up_nothing(
    make_system: Callable[..., System], mongodb_url: str, rabbitmq_url: str, redis_url: str
) -> None:
    system = make_system(mongodb_url, rabbitmq_url, redis_url)
    system.settings |= {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_BSP_SCHEDULE_DELAY": "50"}
    system.start()
    async with system.client("command") as commands, system.client("query") as queries:
        created = await commands.post("/api/v1/tickets", json={"subject": "s", "message": "m"})
        token = {"Causal-Token": created.headers["Causal-Token"]}
        assert (await queries.get(created.headers["Location"], headers=token)).status_code == 200

    for name in ("command", "projector", "query"):
        service = system[name]
        await asyncio.to_thread(service.stop, 10)
        assert service.exit_code == -signal.SIGTERM, "it was killed, because its end took longer"
