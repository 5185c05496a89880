"""Examples of every event of today, from which `python -m tests.shop.golden` makes an entry when a schema is new.

An event with an owner of what is personal is also sealed there: customer_id names one, or the event is the customer's.
"""

from datetime import UTC, datetime

from shared.events.customer import CustomerEmailChanged, CustomerErased, CustomerRegistered, CustomerRenamed
from shared.events.money import Money
from shared.events.order import (
    CategoryRevenue,
    OrderCancelled,
    OrderConfirmed,
    OrderLine,
    OrderPlaced,
    OrderRejected,
    OrderShipped,
    ProductQuantity,
    ShippingAddress,
)
from shared.events.product import (
    ProductCreated,
    ProductDiscontinued,
    ProductPriceUpdated,
    ProductRestocked,
    ReservationRefused,
    StockReleased,
    StockReserved,
    StockTaken,
)
from shared.events.ticket import TicketClosed, TicketNoteAdded, TicketOpened, TicketStatusChanged
from twinpath.domain.events import DomainEvent

_AT = datetime(2026, 3, 10, 12, 0, 0, 250_000, tzinfo=UTC)
_CUSTOMER = "customer-0198c0de-0000-7000-8000-000000000001"
_LAMP = "product-8f2f3da9-10ca-54e4-890d-2cb80a2db2e3"
_ORDER = "order-0198c0de-0000-7000-8000-000000000003"
_PRICE, _TOTAL = Money(minor=1999, currency="EUR"), Money(minor=3998, currency="EUR")
_REVENUE = (CategoryRevenue(category="lighting", minor=3998),)
_PIECES = (ProductQuantity(product_id=_LAMP, quantity=2),)
_LINE = OrderLine(product_id=_LAMP, sku="LAMP-1", name="Desk lamp", category="lighting", quantity=2, unit_price=_PRICE)
_ADDRESS = ShippingAddress(name="Ada", street="12 Square", city="London", postal_code="SW1Y", country="GB")

EXAMPLES: list[DomainEvent] = [
    TicketOpened(subject="Parcel", message="Where is it?", opened_at=_AT),
    TicketOpened(subject="Parcel", message="Where is it?", customer_id=_CUSTOMER, order_id=_ORDER, opened_at=_AT),
    TicketStatusChanged(status="triaged", previous_status="open", seconds_to_triage=61.5),
    TicketStatusChanged(status="open", previous_status="triaged"),
    TicketNoteAdded(note="Asked the carrier."),
    TicketClosed(resolution="It has come.", previous_status="open", seconds_to_close=3600.0),
    ProductCreated(name="Desk lamp", category="lighting", sku="LAMP-1", price=_PRICE, on_hand=3),
    ProductCreated(name="Yen lamp", category="lighting", sku="LAMP-2", price=Money(minor=2000, currency="JPY")),
    ProductPriceUpdated(price=_PRICE, previous_price=_TOTAL, reason="sale"),
    ProductRestocked(quantity=10, on_hand=13),
    ProductDiscontinued(),
    StockReserved(order_id=_ORDER, quantity=2, on_hand=1),
    ReservationRefused(order_id=_ORDER, quantity=2, on_hand=1, reason="insufficient_stock"),
    ReservationRefused(order_id=_ORDER, quantity=2, on_hand=9, reason="discontinued"),
    StockReleased(order_id=_ORDER, quantity=2, on_hand=3, discontinued=False),
    StockTaken(order_id=_ORDER, quantity=2),
    CustomerRegistered(name="Ada Lovelace", email="ada@example.org"),
    CustomerRenamed(name="Ada King"),
    CustomerEmailChanged(email="ada@example.com"),
    CustomerErased(),
    OrderPlaced(customer_id=_CUSTOMER, lines=(_LINE,), total=_TOTAL, shipping_address=_ADDRESS, placed_at=_AT),
    OrderConfirmed(total=_TOTAL, revenue=_REVENUE, confirmed_at=_AT),
    OrderRejected(product_id=_LAMP, quantity=2, on_hand=1, reason="insufficient_stock"),
    OrderShipped(carrier="DHL", tracking_number="JD0001", products=_PIECES),
    OrderCancelled(
        reason="Changed my mind.",
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
    ),
]
