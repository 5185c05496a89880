"""Writes product_prices: every price that a product ever had."""

from collections.abc import Iterable

from shared.events.money import Money
from shared.events.product import ProductCreated, ProductPriceUpdated
from shared.read_models.prices import shown_price
from shared.read_models.product_catalogue import PRODUCT_PRICES, price_id
from twinpath.domain import Projection, Put, RecordedEvent, ViewChange


class ProductPricesProjection(Projection):
    """One entry a price, never changed again."""

    name = "product_prices"
    views = (PRODUCT_PRICES,)

    def created(self, event: ProductCreated, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """The first price."""
        yield _price(recorded, event.price, None, None)

    def updated(self, event: ProductPriceUpdated, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Another one, and why."""
        yield _price(recorded, event.price, event.previous_price, event.reason)


def _price(recorded: RecordedEvent, price: Money, previous: Money | None, reason: str | None) -> Put:
    entry = {
        "product_id": recorded.stream,
        "version": recorded.version,
        "price": shown_price(price),
        "previous_price": None if previous is None else shown_price(previous),
        "reason": reason,
        "at": recorded.at,
        "by": recorded.actor,
    }
    return Put(PRODUCT_PRICES.name, price_id(recorded.stream, recorded.version), entry)
