"""Writes ticket_dashboard: counts and sketches of durations, in parts a log, by increments alone."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from shared.events.ticket import TicketClosed, TicketOpened, TicketStatusChanged
from shared.read_models.quarters import quarter_of
from shared.read_models.ticket_dashboard import TICKET_DASHBOARD, bucket_of, month_id, total_id
from twinpath.domain import Change, Projection, RecordedEvent, ViewChange


class TicketDashboardProjection(Projection):
    """Every event carries what it moves from and to, so nothing has to be remembered or looked up."""

    name = "ticket_dashboard"
    version = 2
    views = (TICKET_DASHBOARD,)

    def opened(self, event: TicketOpened, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """One open ticket more, today and in total."""
        yield _total(recorded, {"by_status.open": 1})
        yield _day("opened", event.opened_at, recorded)

    def status_changed(self, event: TicketStatusChanged, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """One less there, one more here; the first triage tells how long it took."""
        moved = {f"by_status.{event.previous_status}": -1, f"by_status.{event.status}": 1}
        if event.seconds_to_triage is not None:
            moved[f"triage.{bucket_of(event.seconds_to_triage)}"] = 1
        yield _total(recorded, moved)

    def closed(self, event: TicketClosed, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """One closed ticket more, and how long it took."""
        close = f"close.{bucket_of(event.seconds_to_close)}"
        yield _total(recorded, {f"by_status.{event.previous_status}": -1, "by_status.closed": 1, close: 1})
        yield _day("closed", recorded.at, recorded)


def _total(recorded: RecordedEvent, increment: Mapping[str, int]) -> Change:
    return Change(TICKET_DASHBOARD.name, total_id(recorded.log), increment=increment, create=True)


def _day(what: str, at: datetime, recorded: RecordedEvent) -> Change:
    """Count one in the quarter of an hour of `at`."""
    month, quarter = quarter_of(at)
    part = month_id(month, recorded.log)
    return Change(TICKET_DASHBOARD.name, part, increment={f"{what}.{quarter}": 1}, create=True)
