"""Events around their storage: a domain event's class, an event about to be appended, an event as recorded."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import orjson
from pydantic import BaseModel, ConfigDict, TypeAdapter

SEALED = "sealed"
"""The field of a stored event that holds personal data: `{"of": id of their owner, "box": base64}`."""


@dataclass(frozen=True, slots=True)
class Upcaster:
    """Turns the data of one schema of an event type into that of the next; docs/guides/change-an-event.md.

    `personal` names the personal fields of the older schema; None means: those of the newer one. An erased owner's
    fields are None in the data, so `upcast` must take that.

    `downcast` gives the data as the older schema had them, or None where it can't hold them: an event is stored in the
    oldest schema that holds it, so that replicas of the version before can read it while they are exchanged.
    """

    upcast: Callable[[dict[str, Any]], dict[str, Any]]
    personal: tuple[str, ...] | None = None
    downcast: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None


class DomainEvent(BaseModel):
    """What happened, in the words of the domain. `type` is its stored name, never a class path.

    `upcasters` lead from schema 1 to the form of the class, the first from 1 to 2; so their number decides the
    `schema_version`. `personal` names the fields that only their owner's key opens (twinpath/personal_data/); they are
    None once it is destroyed. The field `personal_of` holds the owner's id; where that is None, the owner is the stream
    itself. Where the field itself is None nothing is sealed; or, in an event that is `sealed_alone`, all is with a key
    of the stream's own. An event about an erased owner is refused, unless it `outlives` them: then its personal fields
    are left out. An event that `erases` has its stream's key destroyed before it is appended; its fields have defaults.
    An `internal` event stays out of the history that an owner is shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: ClassVar[str]
    schema_version: ClassVar[int] = 1
    upcasters: ClassVar[tuple[Upcaster, ...]] = ()
    personal: ClassVar[tuple[str, ...]] = ()
    personal_of: ClassVar[str | None] = None
    sealed_alone: ClassVar[bool] = False
    outlives: ClassVar[bool] = False
    erases: ClassVar[bool] = False
    internal: ClassVar[bool] = False

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        if "schema_version" in cls.__dict__:
            raise TypeError(f"{cls.__name__}.schema_version follows from its upcasters")
        cls.schema_version = 1 + len(cls.upcasters)

    @classmethod
    def personal_in(cls, schema: int) -> tuple[str, ...]:
        """The fields that were personal in this schema."""
        later = (upcaster.personal for upcaster in cls.upcasters[max(0, schema - 1) :])
        return next((names for names in later if names is not None), cls.personal)


def happens_to(event_type: type[DomainEvent]) -> str:
    """The category of the aggregates that such an event happens to: what stands before the dot of its stored name."""
    return event_type.type.partition(".")[0]


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


@dataclass(slots=True)
class RecordedEvent:
    """One event as the log holds it and the broker carries it; nobody changes it.

    `version` counts within the stream, `position` within the log, both from 1 and without gaps.
    """

    # a frozen dataclass sets each field through object.__setattr__: nine times as long, for every event of a log

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
