"""Writes product_sales: how many pieces of each product are sold, or kept for orders."""

from collections.abc import Iterable

from shared.events.product import ProductCreated, ProductRenamed, StockReleased, StockReserved, StockReturned
from shared.read_models.shop_dashboard import PRODUCT_SALES
from twinpath.domain import Change, Projection, Put, RecordedEvent, ViewChange


class ProductSalesProjection(Projection):
    """Counted from the product's own log, which alone writes its document, so that no hot product is a conflict."""

    name = "product_sales"
    views = (PRODUCT_SALES,)

    def created(self, event: ProductCreated, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Nothing sold yet."""
        document = {"product_id": recorded.stream, "name": event.name, "units": 0}
        yield Put(PRODUCT_SALES.name, recorded.stream, document)

    def renamed(self, event: ProductRenamed, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Another name from now on."""
        yield Change(PRODUCT_SALES.name, recorded.stream, set={"name": event.name})

    def reserved(self, event: StockReserved, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Sold, as far as anybody knows."""
        yield Change(PRODUCT_SALES.name, recorded.stream, increment={"units": event.quantity})

    def released(self, event: StockReleased, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Not sold after all."""
        yield Change(PRODUCT_SALES.name, recorded.stream, increment={"units": -event.quantity})

    def returned(self, event: StockReturned, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Sold no more, whatever became of the pieces."""
        back = event.restocked + event.written_off
        yield Change(PRODUCT_SALES.name, recorded.stream, increment={"units": -back})
