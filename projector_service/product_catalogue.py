"""Writes product_catalogue: what is offered, at what price, and how much of it is there."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.events.money import Money
from shared.events.product import (
    ProductCreated,
    ProductDiscontinued,
    ProductPriceUpdated,
    ProductRecategorised,
    ProductRelisted,
    ProductRenamed,
    ProductRestocked,
    ReservationRefused,
    StockAdjusted,
    StockReleased,
    StockReserved,
    StockReturned,
    StockTaken,
)
from shared.read_models.prices import shown_price, sortable
from shared.read_models.product_catalogue import CATEGORY_KEYS, PRICE_ORDER, PRODUCT_CATALOGUE
from twinpath.domain import Change, Projection, Put, RecordedEvent, ViewChange, case_folded


class ProductCatalogueProjection(Projection):
    """Every stock event says what is on hand after it; what is reserved is counted."""

    name = "product_catalogue"
    version = 2
    views = (PRODUCT_CATALOGUE,)

    def created(self, event: ProductCreated, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """A new product."""
        document: dict[str, object] = {
            "product_id": recorded.stream,
            "name": event.name,
            **_in_categories(event.categories),
            "sku": event.sku,
            "on_hand": event.on_hand,
            "reserved": 0,
            "in_stock": event.on_hand > 0,
            "discontinued": False,
            "created_at": recorded.at,
            "updated_at": recorded.at,
            "version": recorded.version,
            **_priced(event.price),
        }
        yield Put(PRODUCT_CATALOGUE.name, recorded.stream, document)

    def renamed(self, event: ProductRenamed, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Another name from now on."""
        yield _change(recorded, {"name": event.name})

    def recategorised(self, event: ProductRecategorised, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Other categories from now on."""
        yield _change(recorded, _in_categories(event.categories))

    def price_updated(self, event: ProductPriceUpdated, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Another price from now on."""
        yield _change(recorded, _priced(event.price))

    def restocked(self, event: ProductRestocked, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Pieces came in; a discontinued product takes none."""
        yield _change(recorded, {"on_hand": event.on_hand, "in_stock": event.on_hand > 0})

    def counted(self, event: StockAdjusted | StockReturned, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Pieces were put right, or came back; also of a discontinued product."""
        in_stock = event.on_hand > 0 and not event.discontinued
        yield _change(recorded, {"on_hand": event.on_hand, "in_stock": in_stock})

    def discontinued(self, event: ProductDiscontinued, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Not for sale any more, however many are left."""
        yield _change(recorded, {"discontinued": True, "in_stock": False})

    def relisted(self, event: ProductRelisted, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """For sale again."""
        yield _change(recorded, {"discontinued": False, "in_stock": event.on_hand > 0})

    def reserved(self, event: StockReserved, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Pieces are kept for an order."""
        yield _change(recorded, {"on_hand": event.on_hand, "in_stock": event.on_hand > 0}, event.quantity)

    def refused(self, event: ReservationRefused, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Nothing moves but the version, which a client sends back as If-Match."""
        yield _change(recorded, {})

    def released(self, event: StockReleased, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Pieces are back."""
        in_stock = event.on_hand > 0 and not event.discontinued
        yield _change(recorded, {"on_hand": event.on_hand, "in_stock": in_stock}, -event.quantity)

    def taken(self, event: StockTaken, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Pieces have left."""
        yield _change(recorded, {}, -event.quantity)


def _in_categories(categories: Sequence[str]) -> dict[str, Any]:
    keys = list(dict.fromkeys(map(case_folded, categories)))
    return {"category": next(iter(categories), None), "categories": list(categories), CATEGORY_KEYS: keys}


def _priced(price: Money) -> dict[str, Any]:
    return {"price": shown_price(price), PRICE_ORDER: sortable(price)}


def _change(recorded: RecordedEvent, fields: Mapping[str, Any], reserved: int = 0) -> Change:
    fields = {**fields, "updated_at": recorded.at, "version": recorded.version}
    increment = {"reserved": reserved} if reserved else {}
    return Change(PRODUCT_CATALOGUE.name, recorded.stream, set=fields, increment=increment)
