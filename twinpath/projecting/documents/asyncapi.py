"""Every public event as AsyncAPI, made once by FastStream from the declared events."""

from collections.abc import Iterable
from typing import Any

from faststream.rabbit import ExchangeType, RabbitBroker, RabbitExchange
from faststream.specification import AsyncAPI
from pydantic import BaseModel, Field, create_model

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import DomainEvent, happens_to
from twinpath.projecting.outside_events import CONTENT_TYPE, EXCHANGE

_DESCRIPTION = f"""Every public event as one CloudEvents 1.0 message on the topic exchange `{EXCHANGE}`, whose routing
key is the event's type: at least once, in order for each aggregate. Dedupe by `id`; personal data stay inside."""


class CloudEvent(BaseModel):
    """The envelope of every public event."""

    specversion: str = Field("1.0", examples=["1.0"])
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


def asyncapi_of(catalogue: Catalogue) -> dict[str, Any]:
    """The document: an operation, a channel and a schema for each event that leaves the application."""
    broker = RabbitBroker("amqp://rabbitmq/", description="RabbitMQ; the address is the deployment's")
    _describe(broker, catalogue.types)
    about = catalogue.about
    document: dict[str, Any] = (
        AsyncAPI(
            broker,
            title=f"{about.title} events",
            version="1",
            description=_DESCRIPTION,
            contact=about.contact_entry,
            license={"name": about.licence, "url": about.licence_url} if about.licence else None,
            tags=[{"name": name, "description": f"Events of a {name}."} for name in catalogue.categories],
            schema_version="3.1.0",
        )
        .to_specification()
        .to_jsonable()
    )
    document["servers"] = {"broker": document["servers"].pop("development")}
    for event in catalogue.types:
        _complete(document, event)
    return document


def _describe(broker: RabbitBroker, events: Iterable[type[DomainEvent]]) -> None:
    exchange = RabbitExchange(EXCHANGE, type=ExchangeType.TOPIC, durable=True)
    for event in events:
        shown = {
            name: (info.annotation, info) for name, info in event.model_fields.items() if name not in event.personal
        }
        data: Any = create_model(f"{event.__name__}Data", __doc__=event.__doc__, **shown)  # type: ignore[call-overload]
        described = create_model(f"{event.__name__}Event", __base__=CloudEvent, __doc__=event.__doc__, data=(data, ...))
        broker.publisher(
            routing_key=event.type,
            exchange=exchange,
            persist=True,
            title=event.type,
            description=event.__doc__,
            schema=described,
        )


def _complete(document: dict[str, Any], event: type[DomainEvent]) -> None:
    """Add what FastStream leaves out of an event: descriptions, the content type, the tag, its server's name."""
    operation, channel = document["operations"][event.type], document["channels"][event.type]
    message = document["components"]["messages"][f"{event.type}:Message"]
    texts = {"summary": f"{event.type} happened", "description": event.__doc__}
    operation |= {**texts, "tags": [{"name": happens_to(event)}]}
    message |= {**texts, "name": event.type, "title": event.type, "contentType": CONTENT_TYPE}
    message.pop("correlationId", None)  # a CloudEvent has it in its body
    channel["servers"] = [{"$ref": "#/servers/broker"}]
