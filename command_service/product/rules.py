"""A product's rules: created, priced, restocked, reserved for orders, discontinued."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from command_service.product.commands import (
    CreateProduct,
    Discontinue,
    ProductAction,
    ProductCommand,
    ReleaseStock,
    ReserveStock,
    Restock,
    TakeStock,
    UpdatePrice,
)
from shared.events.money import Money
from shared.events.product import (
    ProductCreated,
    ProductDiscontinued,
    ProductEvent,
    ProductPriceUpdated,
    ProductRestocked,
    ReservationRefused,
    StockReleased,
    StockReserved,
    StockTaken,
)
from twinpath.domain import Claim, NotFound, RuleViolation, case_folded


@dataclass(frozen=True)
class Product:
    """The state that the rules need; `reserved` is order id -> pieces, which are not on hand."""

    name: str
    category: str
    sku: str
    price: Money
    on_hand: int
    reserved: Mapping[str, int] = field(default_factory=dict)
    discontinued: bool = False


def decide(command: ProductCommand, product: Product | None) -> list[ProductEvent]:
    """The events that the command makes happen.

    Raises:
        NotFound: there is no such product.
        RuleViolation: `sku_taken`, `product_discontinued`, `currency_mismatch` or `price_not_positive`.
    """
    if isinstance(command, CreateProduct):
        return _create(command, product)
    if product is None:
        raise NotFound(f"There is no product {command.product_id}.", code="product_not_found")
    match command:
        case UpdatePrice():
            return _update_price(command, product)
        case Restock():
            _still_sold(command, product)
            return [ProductRestocked(quantity=command.quantity, on_hand=product.on_hand + command.quantity)]
        case Discontinue():
            return [] if product.discontinued else [ProductDiscontinued()]
        case ReserveStock():
            return _reserve(command, product)
        case ReleaseStock():
            return _release(command, product)
        case TakeStock():
            kept = product.reserved.get(command.order_id)
            return [] if kept is None else [StockTaken(order_id=command.order_id, quantity=kept)]
        case _:
            assert_never(command)


def evolve(product: Product | None, event: ProductEvent) -> Product:
    """The product after the event."""
    match event:
        case ProductCreated():
            return Product(event.name, event.category, event.sku, event.price, event.on_hand)
        case ProductPriceUpdated():
            return replace(_existing(product), price=event.price)
        case ProductRestocked():
            return replace(_existing(product), on_hand=event.on_hand)
        case ProductDiscontinued():
            return replace(_existing(product), discontinued=True)
        case StockReserved():
            product = _existing(product)
            reserved = {**product.reserved, event.order_id: event.quantity}
            return replace(product, on_hand=event.on_hand, reserved=reserved)
        case ReservationRefused():
            return _existing(product)
        case StockReleased():
            return replace(_without(product, event.order_id), on_hand=event.on_hand)
        case StockTaken():
            return _without(product, event.order_id)
        case _:
            assert_never(event)


def claims(product: Product) -> Iterator[Claim]:
    """A SKU belongs to one product, for ever."""
    yield Claim("sku", case_folded(product.sku), detail=f"SKU {product.sku} is taken.", holder_as="product_id")


def _create(command: CreateProduct, product: Product | None) -> list[ProductEvent]:
    if product is not None:
        detail = f"SKU {product.sku} belongs to product {command.product_id} already."
        raise RuleViolation(detail, code="sku_taken", product_id=command.product_id)
    _positive(command.price)
    return [
        ProductCreated(
            name=command.name,
            category=command.category,
            sku=command.sku,
            price=command.price,
            on_hand=command.initial_stock,
        )
    ]


def _update_price(command: UpdatePrice, product: Product) -> list[ProductEvent]:
    _still_sold(command, product)
    _positive(command.new_price)
    if command.new_price.currency != product.price.currency:
        detail = f"This product is priced in {product.price.currency}, and stays so."
        raise RuleViolation(detail, code="currency_mismatch", currency=product.price.currency)
    if command.new_price.amount == product.price.amount:
        return []
    return [ProductPriceUpdated(price=command.new_price, previous_price=product.price, reason=command.reason)]


def _reserve(command: ReserveStock, product: Product) -> list[ProductEvent]:
    if command.order_id in product.reserved:
        return []
    left = product.on_hand - command.quantity
    if left >= 0 and not product.discontinued:
        return [StockReserved(order_id=command.order_id, quantity=command.quantity, on_hand=left)]
    return [
        ReservationRefused(
            order_id=command.order_id,
            quantity=command.quantity,
            on_hand=product.on_hand,
            reason="discontinued" if product.discontinued else "insufficient_stock",
        )
    ]


def _release(command: ReleaseStock, product: Product) -> list[ProductEvent]:
    kept = product.reserved.get(command.order_id)
    if kept is None:
        return []
    return [
        StockReleased(
            order_id=command.order_id,
            quantity=kept,
            on_hand=product.on_hand + kept,
            discontinued=product.discontinued,
        )
    ]


def _positive(price: Money) -> None:
    if price.minor <= 0:
        raise RuleViolation("A price is above zero.", code="price_not_positive")


def _still_sold(command: ProductAction, product: Product) -> None:
    if product.discontinued:
        detail = f"Product {command.product_id} is discontinued."
        raise RuleViolation(detail, code="product_discontinued", product_id=command.product_id)


def _without(product: Product | None, order_id: str) -> Product:
    product = _existing(product)
    return replace(product, reserved={key: kept for key, kept in product.reserved.items() if key != order_id})


def _existing(product: Product | None) -> Product:
    assert product is not None, "a product's first event creates it"
    return product
