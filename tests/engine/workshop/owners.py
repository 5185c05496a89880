"""The owner of a car: personal data, a claim on an e-mail, erasure."""

from dataclasses import dataclass, replace
from typing import ClassVar, assert_never

from pydantic import Field

from tests.engine.workshop.events import OwnerErased, OwnerEvent, OwnerRegistered, OwnerRenamed
from tests.engine.workshop.repairs import Text
from twinpath.domain import Aggregate, Claim, Command, NotFound, RuleViolation, case_folded


class OwnerAction(Command):
    """A command to one owner."""

    target: ClassVar[str] = "owner_id"

    owner_id: str


class RegisterOwner(OwnerAction):
    """Have a car."""

    type: ClassVar[str] = "register_owner"
    creates: ClassVar[bool] = True

    name: Text = Field(examples=["Ada"])
    email: Text = Field(examples=["ada@example.org"])


class RenameOwner(OwnerAction):
    """Go by another name."""

    type: ClassVar[str] = "rename_owner"

    name: Text = Field(examples=["Ada King"])


class EraseOwner(OwnerAction):
    """Be forgotten."""

    type: ClassVar[str] = "erase_owner"


OwnerCommand = RegisterOwner | RenameOwner | EraseOwner


@dataclass(frozen=True)
class Owner:
    """What the rules need to know; None once the key is destroyed."""

    name: str | None
    email: str | None
    erased: bool = False


def decide(command: OwnerCommand, owner: Owner | None) -> list[OwnerEvent]:
    """What the command makes happen. Raises NotFound, RuleViolation."""
    if isinstance(command, RegisterOwner):
        if owner is not None:
            raise RuleViolation(f"Owner {command.owner_id} exists already.", code="owner_exists")
        return [OwnerRegistered(name=command.name, email=command.email)]
    if owner is None:
        raise NotFound(f"There is no owner {command.owner_id}.", code="owner_not_found")
    if isinstance(command, EraseOwner):
        return [] if owner.erased else [OwnerErased()]
    if owner.erased:
        raise RuleViolation(f"Owner {command.owner_id} is erased.", code="owner_erased")
    return [] if command.name == owner.name else [OwnerRenamed(name=command.name)]


def evolve(owner: Owner | None, event: OwnerEvent) -> Owner:
    """The owner after the event."""
    match event:
        case OwnerRegistered():
            return Owner(event.name, event.email)
        case OwnerRenamed():
            assert owner is not None, "an owner's first event registers them"
            return replace(owner, name=event.name)
        case OwnerErased():
            return Owner(name=None, email=None, erased=True)
        case _:
            assert_never(event)


def claims(owner: Owner) -> list[Claim]:
    """An e-mail address belongs to one owner, until they are erased."""
    return [] if owner.email is None else [Claim("email", case_folded(owner.email), personal=True)]


OWNER: Aggregate[OwnerCommand, Owner, OwnerEvent] = Aggregate(
    "owner",
    decide,
    evolve,
    Owner,
    (OwnerRegistered, OwnerRenamed, OwnerErased),
    snapshots=False,
    claims=claims,
    erase=EraseOwner,
    owner=lambda owner_id, _: owner_id,
)
OWNER.post("", RegisterOwner, allow="owners:write", summary="Register an owner", refuses=("email_taken",))
OWNER.put("/{id}/name", RenameOwner, allow="owners:write", summary="Rename an owner", refuses=("owner_erased",))
OWNER.delete("/{id}", EraseOwner, allow="owners:erase", summary="Erase an owner")
