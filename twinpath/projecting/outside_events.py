"""Events for the outside world: each one as a CloudEvent 1.0 on the exchange `twinpath.events`, at least once.

It follows the log as every projection does, so that nothing is lost and each aggregate's events go out in order; only
its commit publishes before it moves the checkpoint. Personal data stay inside.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import orjson
from aio_pika import DeliveryMode, Message
from faststream.rabbit import ExchangeType, RabbitBroker, RabbitExchange
from pydantic import BaseModel, Field, create_model

from twinpath.around import around
from twinpath.domain.events import DomainEvent, RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.domain.views import Put, ViewChange
from twinpath.feed.rabbit_publisher import RabbitPublisher
from twinpath.views.interface import Batch, BatchWriter

EXCHANGE = "twinpath.events"
"""A topic exchange; the routing key is the event's type, as in `order.placed`."""

CONTENT_TYPE = "application/cloudevents+json"


class OutsideEventsProjection(Projection):
    """Each event as a CloudEvent; the writer that `publishing` makes sends it."""

    name = "outside_events"
    views = ()

    def happened(self, event: DomainEvent, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """The event as a CloudEvent."""
        yield Put(self.name, recorded.id, cloud_event(event, recorded))


def cloud_event(event: DomainEvent, recorded: RecordedEvent) -> dict[str, Any]:
    """The event, in the newest schema, as the CloudEvents 1.0 specification has it; `id` is unique for ever."""
    data = recorded.data if recorded.schema == event.schema_version else event.model_dump(mode="json")
    return {
        "specversion": "1.0",
        "id": recorded.id,
        "source": f"/twinpath/{recorded.log.partition('.')[0]}",
        "type": recorded.type,
        "subject": recorded.stream,
        "time": recorded.at,
        "datacontenttype": "application/json",
        "dataschema": f"urn:twinpath:event:{recorded.type}:{event.schema_version}",
        "sequence": str(recorded.version),
        "correlationid": recorded.correlation_id,
        **({"causationid": recorded.causation_id} if recorded.causation_id else {}),
        **({"traceparent": recorded.traceparent} if recorded.traceparent else {}),
        "data": {name: value for name, value in data.items() if name not in event.personal},
    }


def publishing(writer: BatchWriter, publisher: RabbitPublisher) -> BatchWriter:
    """A writer that publishes the batch and then has `writer` move the checkpoints.

    A crash in between publishes the same events again.
    """

    async def commit(batch: Batch) -> None:
        events = [change.document for change in batch.changes if isinstance(change, Put)]
        await publisher.publish_each([(event["type"], _message(event)) for event in events])
        await writer.commit(replace(batch, changes=()))

    return around(writer, commit=commit)


def _message(event: Mapping[str, Any]) -> Message:
    body = orjson.dumps(event, option=orjson.OPT_UTC_Z)
    return Message(
        body,
        content_type=CONTENT_TYPE,
        message_id=event["id"],
        type=event["type"],
        delivery_mode=DeliveryMode.PERSISTENT,
    )


class CloudEvent(BaseModel):
    """The envelope of every outside event."""

    specversion: str = "1.0"
    id: str = Field(
        description="unique for ever: dedupe by it", examples=["order-0198c0de-0000-7000-8000-000000000003@1"]
    )
    source: str = Field(examples=["/twinpath/order"])
    type: str
    subject: str = Field(description="the aggregate's id")
    time: str = Field(description="UTC, RFC 3339")
    datacontenttype: str = "application/json"
    dataschema: str = Field(
        description="ends with the schema's number, which grows with every change of `data`",
        examples=["urn:twinpath:event:order.placed:1"],
    )
    sequence: str = Field(description="the aggregate's version")
    correlationid: str
    causationid: str | None = None
    traceparent: str | None = None


def describe(broker: RabbitBroker, events: Iterable[type[DomainEvent]]) -> None:
    """Add every outside event with its schema to what AsyncAPI describes."""
    exchange = RabbitExchange(EXCHANGE, type=ExchangeType.TOPIC, durable=True)
    for event in events:
        shown = {
            name: (info.annotation, info) for name, info in event.model_fields.items() if name not in event.personal
        }
        data: Any = create_model(f"{event.__name__}Data", __doc__=event.__doc__, **shown)  # type: ignore[call-overload]
        described = create_model(f"{event.__name__}Event", __base__=CloudEvent, __doc__=event.__doc__, data=(data, ...))
        broker.publisher(
            routing_key=event.type, exchange=exchange, title=event.type, description=event.__doc__, schema=described
        )
