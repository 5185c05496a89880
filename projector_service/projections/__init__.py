"""What each view shows: one class a projection, one small method an event."""

from projector_service.projection import Projection
from projector_service.projections.history import HistoryProjection
from projector_service.projections.ticket_dashboard import TicketDashboardProjection
from projector_service.projections.ticket_details import TicketDetailsProjection
from projector_service.projections.ticket_list import TicketListProjection


def all_projections() -> list[Projection]:
    """Every projection that this service runs; a new one is added here."""
    return [TicketListProjection(), TicketDetailsProjection(), TicketDashboardProjection(), HistoryProjection()]
