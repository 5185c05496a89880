"""The smallest aggregate that claims something: a repair for a seat, which another repair can't have at the time."""

from typing import ClassVar

from twinpath.domain.aggregate import Aggregate, Command
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.claim import Claim
from twinpath.domain.events import DomainEvent


class SeatTaken(DomainEvent):
    """The repair is for this seat from now on, or for none."""

    type: ClassVar[str] = "repair.seat_taken"

    seat: str | None


class TakeSeat(Command):
    """Have this seat, or none."""

    type: ClassVar[str] = "take_seat"
    target: ClassVar[str] = "repair_id"

    repair_id: str
    seat: str | None


def _decide(command: TakeSeat, state: SeatTaken | None) -> list[SeatTaken]:
    return [] if (state.seat if state else None) == command.seat else [SeatTaken(seat=command.seat)]


def _evolve(_: SeatTaken | None, event: SeatTaken) -> SeatTaken:
    return event


def _claims(state: SeatTaken) -> list[Claim]:
    return [] if state.seat is None else [Claim("seat", state.seat)]


REPAIR: Aggregate[TakeSeat, SeatTaken, SeatTaken] = Aggregate(
    "repair", _decide, _evolve, SeatTaken, [SeatTaken], snapshots=False, claims=_claims
)
EVENTS = Catalogue([SeatTaken])
