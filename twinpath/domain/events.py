"""Events around their storage: a domain event's class, an event about to be appended, an event as recorded."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import orjson
from pydantic import BaseModel, ConfigDict, TypeAdapter

SEALED = "sealed"
"""The field of a stored event that holds what is personal: `{"of": customer id, "box": base64}`."""


class DomainEvent(BaseModel):
    """What happened, as the domain says it. `type` and `schema_version` are its stored name, never a class path.

    `personal` names the fields that only the customer's key opens (twinpath/personal_data/); they are None when it is
    destroyed. Whose key it is, says the field `personal_of`, or, where that is None, the stream itself. An event that
    `erases` has its stream's key destroyed before it is appended.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: ClassVar[str]
    schema_version: ClassVar[int] = 1
    personal: ClassVar[tuple[str, ...]] = ()
    personal_of: ClassVar[str | None] = None
    erases: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event on its way into the log: its stored name, its schema and its JSON data."""

    type: str
    schema: int
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a commit keeps beside its events: when, who, and what led to it (traceparent: W3C Trace Context)."""

    at: datetime
    actor: str
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One event as the log holds it and the broker carries it.

    `version` counts within the stream, `position` within the log, both from 1 and without gaps.
    """

    type: str
    schema: int
    data: dict[str, Any]
    stream: str
    version: int
    log: str
    position: int
    at: datetime
    actor: str
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None

    @property
    def id(self) -> str:
        """Unique for ever, since (stream, version) is: `ticket-0198…@3`."""
        return f"{self.stream}@{self.version}"


def record(event: NewEvent, stream: str, version: int, log: str, position: int, metadata: Metadata) -> RecordedEvent:
    """The event as it stands in the log."""
    return RecordedEvent(
        event.type,
        event.schema,
        event.data,
        stream,
        version,
        log,
        position,
        metadata.at,
        metadata.actor,
        metadata.correlation_id,
        metadata.causation_id,
        metadata.traceparent,
    )


_events = TypeAdapter(list[RecordedEvent])


def to_json(events: list[RecordedEvent]) -> bytes:
    """The body of a message: a JSON list, times in RFC 3339 with Z."""
    return orjson.dumps(events, option=orjson.OPT_UTC_Z)


def from_json(body: bytes) -> list[RecordedEvent]:
    """The events of a message body.

    Raises:
        pydantic.ValidationError: the body is not a list of recorded events.
    """
    return _events.validate_json(body)
