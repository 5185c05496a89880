"""Events for the outside world: each one as a CloudEvent 1.0 on the exchange `twinpath.events`, at least once.

It follows the log as every projection does, so that nothing is lost and each aggregate's events go out in order; only
its commit publishes before it moves the checkpoint. Personal data stay inside.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import orjson
from aio_pika import DeliveryMode, Message

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
        **({"causationid": recorded.causation_id} if _is_event(recorded.causation_id) else {}),
        **({"traceparent": recorded.traceparent} if recorded.traceparent else {}),
        "data": {name: value for name, value in data.items() if name not in event.personal},
    }


def _is_event(cause: str | None) -> bool:
    """Whether an event was the cause: the id of a caller's command, with its key, is nobody else's business."""
    return cause is not None and "@" in cause and "/" not in cause


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
