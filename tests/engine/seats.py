"""The smallest aggregate that claims something: a ticket for a seat, which another ticket can't have at the time."""

from typing import ClassVar

from twinpath.domain.aggregate import Aggregate, Command
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.claim import Claim
from twinpath.domain.events import DomainEvent


class SeatTaken(DomainEvent):
    """The ticket is for this seat from now on, or for none."""

    type: ClassVar[str] = "ticket.seat_taken"

    seat: str | None


class TakeSeat(Command):
    """Have this seat, or none."""

    type: ClassVar[str] = "take_seat"
    target: ClassVar[str] = "ticket_id"

    ticket_id: str
    seat: str | None


def _decide(command: TakeSeat, state: SeatTaken | None) -> list[SeatTaken]:
    return [] if (state.seat if state else None) == command.seat else [SeatTaken(seat=command.seat)]


def _evolve(_: SeatTaken | None, event: SeatTaken) -> SeatTaken:
    return event


def _claims(state: SeatTaken) -> list[Claim]:
    return [] if state.seat is None else [Claim("seat", state.seat)]


TICKET: Aggregate[TakeSeat, SeatTaken, SeatTaken] = Aggregate(
    "ticket", _decide, _evolve, SeatTaken, [SeatTaken], snapshots=False, claims=_claims
)
CATALOGUE = Catalogue([SeatTaken])
