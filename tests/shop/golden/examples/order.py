"""Examples of every event of a order as it is today."""

from datetime import UTC, datetime

from shared.events.money import Money
from shared.events.order import (
    CategoryRevenue,
    OrderCancelled,
    OrderConfirmed,
    OrderLine,
    OrderPlaced,
    OrderRejected,
    OrderReturned,
    OrderShipped,
    ProductQuantity,
    ReturnedPieces,
    ShippingAddress,
)
from twinpath.domain.events import DomainEvent

_AT = datetime(2026, 3, 10, 12, 0, 0, 250_000, tzinfo=UTC)
_CUSTOMER = "customer-0198c0de-0000-7000-8000-000000000001"
_LAMP = "product-8f2f3da9-10ca-54e4-890d-2cb80a2db2e3"
_PRICE, _TOTAL = Money(minor=1999, currency="EUR"), Money(minor=3998, currency="EUR")
_REVENUE = (CategoryRevenue(category="lighting", minor=3998),)
_PIECES = (ProductQuantity(product_id=_LAMP, quantity=2),)
_LINE = OrderLine(product_id=_LAMP, sku="LAMP-1", name="Desk lamp", category="lighting", quantity=2, unit_price=_PRICE)
_ADDRESS = ShippingAddress(name="Ada", street="12 Square", city="London", postal_code="SW1Y", country="GB")
_FAR = ShippingAddress(
    name="陳大文", street="彌敦道 132 號", second_line="美麗都大廈 5 樓", region="Kowloon", country="HK"
)
_GONE = Money(minor=3998, currency="BGN", digits=2)

EXAMPLES: list[DomainEvent] = [
    OrderPlaced(customer_id=_CUSTOMER, lines=(_LINE,), total=_TOTAL, shipping_address=_ADDRESS, placed_at=_AT),
    OrderPlaced(customer_id=_CUSTOMER, lines=(_LINE,), total=_TOTAL, shipping_address=_FAR, placed_at=_AT),
    OrderConfirmed(total=_GONE, revenue=_REVENUE, confirmed_at=_AT),
    OrderConfirmed(total=_TOTAL, revenue=_REVENUE, confirmed_at=_AT),
    OrderRejected(product_id=_LAMP, quantity=2, on_hand=1, reason="insufficient_stock"),
    OrderShipped(carrier="DHL", tracking_number="JD0001", products=_PIECES, customer_id=_CUSTOMER),
    OrderCancelled(
        reason="The reservation has run out.",
        previous_status="placed",
        total=_TOTAL,
        revenue=_REVENUE,
        confirmed_at=None,
        products=_PIECES,
    ),
    OrderCancelled(
        reason="Changed my mind.",
        previous_status="confirmed",
        total=_TOTAL,
        revenue=_REVENUE,
        confirmed_at=_AT,
        products=_PIECES,
        customer_id=_CUSTOMER,
    ),
    OrderReturned(
        number=1,
        products=(ReturnedPieces(product_id=_LAMP, restocked=1, written_off=1),),
        reason="Too small",
        refund=_TOTAL,
        refunded=_TOTAL,
        revenue=_REVENUE,
        complete=True,
        returned_at=_AT,
        customer_id=_CUSTOMER,
    ),
]
