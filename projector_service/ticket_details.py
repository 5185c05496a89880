"""Writes ticket_details: one ticket with its latest notes and its times."""

from collections.abc import Iterable, Mapping

from shared.events.customer import CustomerErased
from shared.events.ticket import TicketClosed, TicketErased, TicketNoteAdded, TicketOpened, TicketStatusChanged
from shared.read_models.erased import ERASED
from shared.read_models.ticket_details import KEPT_NOTES, TICKET_DETAILS
from twinpath.domain import Change, ChangeWhere, Projection, Put, RecordedEvent, ViewChange


class TicketDetailsProjection(Projection):
    """Keeps the latest notes only, so that no document grows without end; `history` has them all."""

    name = "ticket_details"
    views = (TICKET_DETAILS,)

    def opened(self, event: TicketOpened, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """A new ticket, nothing of it done yet."""
        document: dict[str, object] = {
            "ticket_id": recorded.stream,
            "subject": event.subject or ERASED,
            "message": event.message or ERASED,
            "status": "open",
            "customer_id": event.customer_id,
            "order_id": event.order_id,
            "opened_at": event.opened_at,
            "updated_at": recorded.at,
            "triaged_at": None,
            "closed_at": None,
            "resolution": None,
            "note_count": 0,
            "notes": [],
            "version": recorded.version,
            "erased": event.message is None,
        }
        yield Put(TICKET_DETAILS.name, recorded.stream, document)

    def status_changed(self, event: TicketStatusChanged, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """The time of triage is that of the first one, the one that carries how long it took."""
        first_triage = {"triaged_at": recorded.at} if event.seconds_to_triage is not None else {}
        fields = {"status": event.status, **first_triage, **_touched(recorded)}
        yield Change(TICKET_DETAILS.name, recorded.stream, set=fields)

    def note_added(self, event: TicketNoteAdded, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """One note more; the oldest goes when there are too many."""
        note = {"note": event.note or ERASED, "at": recorded.at, "by": recorded.actor}
        yield Change(
            TICKET_DETAILS.name,
            recorded.stream,
            set=_touched(recorded),
            increment={"note_count": 1},
            append={"notes": note},
            keep=KEPT_NOTES,
        )

    def closed(self, event: TicketClosed, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """How it ended, and when."""
        end = {"status": "closed", "closed_at": recorded.at, "resolution": event.resolution or ERASED}
        yield Change(TICKET_DETAILS.name, recorded.stream, set={**end, **_touched(recorded)})

    def customer_erased(self, event: CustomerErased, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """What anybody wrote there is gone."""
        yield from _wiped({"customer_id": recorded.stream})

    def erased(self, event: TicketErased, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """What anybody wrote there is gone."""
        yield Change(TICKET_DETAILS.name, recorded.stream, set=_touched(recorded))
        yield from _wiped({"_id": recorded.stream})


def _wiped(where: Mapping[str, str]) -> Iterable[ChangeWhere]:
    yield ChangeWhere(TICKET_DETAILS.name, where, {"subject": ERASED, "message": ERASED, "erased": True})
    yield ChangeWhere(TICKET_DETAILS.name, where, {"notes.$[].note": ERASED})
    yield ChangeWhere(TICKET_DETAILS.name, {**where, "status": "closed"}, {"resolution": ERASED})


def _touched(recorded: RecordedEvent) -> dict[str, object]:
    return {"updated_at": recorded.at, "version": recorded.version}
