"""Events for the outside world: each one as a CloudEvent 1.0 on the exchange `twinpath.events`, at least once.

It follows the log as every projection does, so that nothing is lost and each aggregate's events go out in order; only
its commit publishes before it moves the checkpoint. What is personal stays inside.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from aio_pika import DeliveryMode, Message
from faststream.rabbit import ExchangeType, RabbitBroker, RabbitExchange
from pydantic import BaseModel, Field, create_model

from twinpath.domain.events import SEALED, DomainEvent, RecordedEvent
from twinpath.domain.projection import Handler, Projection
from twinpath.domain.views import Put, ViewChange
from twinpath.feed.rabbit_publisher import RabbitPublisher
from twinpath.views.around import AroundBatchWriter
from twinpath.views.interface import BatchWriter, CheckpointMove
from twinpath.views.parking import ParkingChange

EXCHANGE = "twinpath.events"
"""A topic exchange; the routing key is the event's type, as in `order.placed`."""

CONTENT_TYPE = "application/cloudevents+json"


class OutsideEventsProjection(Projection):
    """What is said of each event; `OutsideWriter` says it."""

    name = "outside_events"
    views = ()

    def handlers(self) -> Mapping[type[DomainEvent], Handler]:
        """See Projection.handlers."""
        return {DomainEvent: self.happened}

    def happened(self, event: DomainEvent, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """The event as a CloudEvent."""
        yield Put(self.name, recorded.id, cloud_event(type(event), recorded))


def cloud_event(event_type: type[DomainEvent], recorded: RecordedEvent) -> dict[str, Any]:
    """The event as the CloudEvents 1.0 specification has it; `id` is unique for ever, to dedupe by."""
    inside = {SEALED, *event_type.personal}
    return {
        "specversion": "1.0",
        "id": recorded.id,
        "source": f"/twinpath/{recorded.log.partition('.')[0]}",
        "type": recorded.type,
        "subject": recorded.stream,
        "time": recorded.at,
        "datacontenttype": "application/json",
        "dataschema": f"urn:twinpath:event:{recorded.type}:{recorded.schema}",
        "sequence": str(recorded.version),
        "correlationid": recorded.correlation_id,
        **({"causationid": recorded.causation_id} if recorded.causation_id else {}),
        **({"traceparent": recorded.traceparent} if recorded.traceparent else {}),
        "data": {name: value for name, value in recorded.data.items() if name not in inside},
    }


class OutsideWriter(AroundBatchWriter):
    """A BatchWriter whose commit publishes and then moves the checkpoints, which `inner` keeps."""

    def __init__(self, inner: BatchWriter, publisher: RabbitPublisher) -> None:
        super().__init__(inner)
        self._publisher = publisher

    async def commit(
        self, changes: Sequence[ViewChange], moves: Sequence[CheckpointMove], parking: Sequence[ParkingChange] = ()
    ) -> None:
        """See BatchWriter.commit; a crash in between publishes the same events again."""
        messages = [
            (change.document["type"], _message(change.document)) for change in changes if isinstance(change, Put)
        ]
        await self._publisher.publish_each(messages)
        await self._inner.commit([], moves, parking)


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
