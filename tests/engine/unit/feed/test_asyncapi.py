"""The projector's AsyncAPI page: every event for the outside world, with its schema and nothing personal in it."""

from faststream.rabbit import RabbitBroker
from faststream.specification import AsyncAPI

from tests.engine.workshop.application import EVENTS
from twinpath.projecting.outside_events import describe


def test_every_outside_event_is_described_without_what_is_personal() -> None:
    broker = RabbitBroker("amqp://rabbitmq/")
    describe(broker, EVENTS.types)
    document = AsyncAPI(broker, title="t", version="1").to_specification().to_jsonable()

    assert set(document["channels"]) >= {event.type for event in EVENTS.types}
    schemas = document["components"]["schemas"]
    for event in EVENTS.types:
        described = schemas[f"{event.__name__}Data"].get("properties", {})
        assert set(described) == set(event.model_fields) - set(event.personal)
        assert {"id", "subject", "time", "data"} <= set(schemas[f"{event.__name__}Event"]["properties"])
