"""Facts of the shop: what looks the same is one, however it was typed."""

from datetime import UTC, datetime
from unicodedata import normalize

from projector_service.facts.order_lines import OrderLines
from projector_service.facts.stock_movements import StockMovements
from shared.events.money import Money
from shared.events.order import OrderLine, OrderPlaced
from shared.events.product import ProductCreated
from twinpath.domain import DomainEvent, Earlier, RecordedEvent

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PRICE = Money(minor=1000, currency="EUR")
PARTS = ("shipping_address.country", "shipping_address.region")
CAFES = [normalize(form, "Café au lait") for form in ("NFC", "NFD")]


def earlier(event: DomainEvent, stream: str) -> Earlier:
    recorded = RecordedEvent(
        type=event.type,
        schema=event.schema_version,
        data=event.model_dump(mode="json"),
        stream=stream,
        version=1,
        log="log.0",
        position=1,
        at=NOW,
        actor="a",
        correlation_id="c",
    )
    return Earlier(recorded, dict.fromkeys(PARTS), {})


def test_a_category_is_one_whether_its_letters_are_composed_or_not() -> None:
    categories = set()
    for category in CAFES:
        created = ProductCreated(name="Cup", category=category, sku="CUP", price=PRICE, on_hand=1)
        line = OrderLine(product_id="p", sku="CUP", name="Cup", category=category, quantity=1, unit_price=PRICE)
        placed = OrderPlaced(customer_id="c", lines=(line,), total=PRICE, shipping_address=None, placed_at=NOW)
        categories |= {row.category for row in StockMovements().created(created, earlier(created, "product-1"))}
        categories |= {row.category for row in OrderLines().placed(placed, earlier(placed, "order-1"))}

    assert categories == {CAFES[0]}
