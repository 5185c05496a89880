"""Owner events as an older version of this shop wrote them, and the catalogues of then and of now.

The personal data changed their name: `full_name` of schema 1 is `name` of schema 2; `channel` came with schema 3.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from tests.engine.workshop.events import OwnerErased
from tests.engine.workshop.owners import RegisterOwner
from twinpath.domain.aggregate import Aggregate, Command
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import DomainEvent, Upcaster
from twinpath.errors import RuleViolation


class Noted(DomainEvent):
    """Something to fill a stream with."""

    type: ClassVar[str] = "owner.noted"


class RegisteredThen(DomainEvent):
    """Schema 1."""

    type: ClassVar[str] = "owner.registered"
    personal: ClassVar[tuple[str, ...]] = ("full_name", "email")

    full_name: str | None
    email: str | None


def _renamed(data: dict[str, Any]) -> dict[str, Any]:
    data["name"] = data.pop("full_name")
    return data


class RegisteredNow(DomainEvent):
    """Schema 3."""

    type: ClassVar[str] = "owner.registered"
    personal: ClassVar[tuple[str, ...]] = ("name", "email")
    upcasters: ClassVar[tuple[Upcaster, ...]] = (
        Upcaster(_renamed, personal=("full_name", "email")),
        Upcaster(lambda data: {**data, "channel": "unknown"}),
    )

    name: str | None
    email: str | None
    channel: Literal["unknown", "shop"]


THEN = Catalogue([RegisteredThen, Noted, OwnerErased])
NOW = Catalogue([RegisteredNow, Noted, OwnerErased])


@dataclass(frozen=True)
class Known:
    """What a decider of now folds to."""

    name: str | None
    channel: str
    notes: int = 0


class Note(Command):
    """Note something; only of whom the name is known."""

    target: ClassVar[str] = "owner_id"

    owner_id: str


def _decide_then(command: RegisterOwner | Note, state: Any) -> list[RegisteredThen | Noted]:
    if isinstance(command, RegisterOwner):
        return [RegisteredThen(full_name=command.name, email=command.email)]
    return [Noted()]


def _decide_now(command: Note, known: Known | None) -> list[Noted]:
    if known is None or known.name is None:
        raise RuleViolation("Nobody knows them.", code="nobody", known=known)
    return [Noted()]


def _evolve_now(known: Known | None, event: RegisteredNow | Noted | OwnerErased) -> Known:
    if isinstance(event, RegisteredNow):
        return Known(event.name, event.channel)
    assert known is not None
    return replace(known, notes=known.notes + 1)


DECIDER_THEN: Aggregate[Any, Any, Any] = Aggregate("owner", _decide_then, lambda state, _: (state or 0) + 1, int, ())
DECIDER_NOW: Aggregate[Any, Known, Any] = Aggregate("owner", _decide_now, _evolve_now, Known, ())
