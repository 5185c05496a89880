"""What each view shows: one class a projection, one small method an event."""

from projector_service.projection import Projection
from projector_service.projections.customer_orders import CustomerOrdersProjection
from projector_service.projections.customers import CustomersProjection
from projector_service.projections.history import HistoryProjection
from projector_service.projections.order_summaries import OrderSummariesProjection
from projector_service.projections.product_catalogue import ProductCatalogueProjection
from projector_service.projections.product_prices import ProductPricesProjection
from projector_service.projections.product_sales import ProductSalesProjection
from projector_service.projections.shop_dashboard import ShopDashboardProjection
from projector_service.projections.ticket_dashboard import TicketDashboardProjection
from projector_service.projections.ticket_details import TicketDetailsProjection
from projector_service.projections.ticket_list import TicketListProjection


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
        CustomerOrdersProjection(),
        ShopDashboardProjection(),
        HistoryProjection(),
    ]
