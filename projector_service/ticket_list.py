"""Writes ticket_list: one row a ticket."""

from collections.abc import Iterable, Mapping

from shared.events.customer import CustomerErased
from shared.events.ticket import TicketClosed, TicketErased, TicketNoteAdded, TicketOpened, TicketStatusChanged
from shared.read_models.erased import ERASED
from shared.read_models.ticket_list import PREVIEW_CHARACTERS, TICKET_LIST
from twinpath.domain import Change, ChangeWhere, Projection, Put, RecordedEvent, ViewChange, shortened


class TicketListProjection(Projection):
    """A row's previews are cut here, once, so that a list never carries whole messages."""

    name = "ticket_list"
    views = (TICKET_LIST,)

    def opened(self, event: TicketOpened, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """A new row."""
        row = {
            "ticket_id": recorded.stream,
            "subject": event.subject or ERASED,
            "status": "open",
            "customer_id": event.customer_id,
            "has_note": False,
            "preview": shortened(event.message or ERASED, PREVIEW_CHARACTERS),
            "note_preview": None,
            "opened_at": event.opened_at,
            "updated_at": recorded.at,
            "version": recorded.version,
        }
        yield Put(TICKET_LIST.name, recorded.stream, row)

    def status_changed(self, event: TicketStatusChanged, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Open or triaged."""
        yield _change(recorded, status=event.status)

    def note_added(self, event: TicketNoteAdded, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """The preview is that of the last note."""
        yield _change(recorded, has_note=True, note_preview=shortened(event.note or ERASED, PREVIEW_CHARACTERS))

    def closed(self, event: TicketClosed, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Closed for good."""
        yield _change(recorded, status="closed")

    def customer_erased(self, event: CustomerErased, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """What anybody wrote there is gone."""
        yield from _wiped({"customer_id": recorded.stream})

    def erased(self, event: TicketErased, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """What anybody wrote there is gone."""
        yield _change(recorded)
        yield from _wiped({"_id": recorded.stream})


def _wiped(where: Mapping[str, str]) -> Iterable[ChangeWhere]:
    yield ChangeWhere(TICKET_LIST.name, where, {"subject": ERASED, "preview": ERASED})
    yield ChangeWhere(TICKET_LIST.name, {**where, "has_note": True}, {"note_preview": ERASED})


def _change(recorded: RecordedEvent, **fields: object) -> Change:
    fields |= {"updated_at": recorded.at, "version": recorded.version}
    return Change(TICKET_LIST.name, recorded.stream, set=fields)
