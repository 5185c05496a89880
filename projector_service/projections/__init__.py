"""What each view shows: one class a projection, one small method an event."""

from projector_service.customers import CustomersProjection
from projector_service.order_summaries import OrderSummariesProjection
from projector_service.product_catalogue import ProductCatalogueProjection
from projector_service.product_prices import ProductPricesProjection
from projector_service.product_sales import ProductSalesProjection
from projector_service.shop_dashboard import ShopDashboardProjection
from projector_service.ticket_dashboard import TicketDashboardProjection
from projector_service.ticket_details import TicketDetailsProjection
from projector_service.ticket_list import TicketListProjection
from twinpath.domain.projection import Projection
from twinpath.projecting.history import HistoryProjection


def all_projections() -> list[Projection]:
    """Every projection that this service runs; a new one is added here."""
    return [
        TicketListProjection(),
        TicketDetailsProjection(),
        TicketDashboardProjection(),
        ProductCatalogueProjection(),
        ProductPricesProjection(),
        ProductSalesProjection(),
        CustomersProjection(),
        OrderSummariesProjection(),
        ShopDashboardProjection(),
        HistoryProjection(),
    ]
