"""A product's rules: created, renamed, put into categories, priced, discontinued, relisted; see stock.py too."""

from collections.abc import Iterator
from typing import assert_never

from command_service.product.commands import (
    AdjustStock,
    CreateProduct,
    Discontinue,
    ProductAction,
    ProductCommand,
    RecategoriseProduct,
    ReleaseStock,
    Relist,
    RenameProduct,
    ReserveStock,
    Restock,
    ReturnStock,
    TakeStock,
    UpdatePrice,
)
from command_service.product.price import is_in_use
from command_service.product.state import Product, evolve
from command_service.product.stock import adjust, come_back, release, reserve, restock, take
from shared.events.money import Money
from shared.events.product import (
    ProductCreated,
    ProductDiscontinued,
    ProductEvent,
    ProductPriceUpdated,
    ProductRecategorised,
    ProductRelisted,
    ProductRenamed,
    sku_key,
)
from twinpath.domain import Claim, NotFound, RuleViolation

__all__ = ("Product", "claims", "decide", "evolve")


def decide(command: ProductCommand, product: Product | None) -> list[ProductEvent]:
    """The events that the command makes happen.

    Raises:
        NotFound: there is no such product.
        RuleViolation: `sku_taken`, `product_discontinued`, `currency_mismatch`, `price_below_zero` or
            `insufficient_stock`.
    """
    if isinstance(command, CreateProduct):
        return _create(command, product)
    if product is None:
        raise NotFound(f"There is no product {command.product_id}.", code="product_not_found")
    match command:
        case RenameProduct():
            renamed = ProductRenamed(name=command.name, previous_name=product.name)
            return [] if command.name == product.name else [renamed]
        case RecategoriseProduct():
            moved = ProductRecategorised(categories=command.categories, previous_categories=product.categories)
            return [] if command.categories == product.categories else [moved]
        case UpdatePrice():
            return _update_price(command, product)
        case Discontinue():
            return [] if product.discontinued else [ProductDiscontinued()]
        case Relist():
            return [ProductRelisted(on_hand=product.on_hand)] if product.discontinued else []
        case Restock():
            _still_sold(command, product)
            return restock(command, product)
        case _:
            return _decide_stock(command, product)


def _decide_stock(
    command: AdjustStock | ReserveStock | ReleaseStock | TakeStock | ReturnStock, product: Product
) -> list[ProductEvent]:
    match command:
        case AdjustStock():
            return adjust(command, product)
        case ReserveStock():
            return reserve(command, product)
        case ReleaseStock():
            return release(command, product)
        case TakeStock():
            return take(command, product)
        case ReturnStock():
            return come_back(command, product)
        case _:
            assert_never(command)


def claims(product: Product) -> Iterator[Claim]:
    """A SKU belongs to one product, for ever."""
    yield Claim("sku", sku_key(product.sku), detail=f"SKU {product.sku} is taken.", holder_as="product_id")


def _create(command: CreateProduct, product: Product | None) -> list[ProductEvent]:
    if product is not None:
        detail = f"SKU {product.sku} belongs to product {command.product_id} already."
        raise RuleViolation(detail, code="sku_taken", product_id=command.product_id)
    _not_below_zero(command.price)
    first, *more = command.categories or (command.category,)
    return [
        ProductCreated(
            name=command.name,
            category=first,
            sku=command.sku,
            price=command.price,
            on_hand=command.initial_stock,
            more_categories=tuple(filter(None, more)),
        )
    ]


def _update_price(command: UpdatePrice, product: Product) -> list[ProductEvent]:
    _still_sold(command, product)
    _not_below_zero(command.new_price)
    if command.new_price.currency != product.price.currency and is_in_use(product.price.currency):
        detail = f"This product is priced in {product.price.currency}, and stays so."
        raise RuleViolation(detail, code="currency_mismatch", currency=product.price.currency)
    if (command.new_price.currency, command.new_price.amount) == (product.price.currency, product.price.amount):
        return []
    return [ProductPriceUpdated(price=command.new_price, previous_price=product.price, reason=command.reason)]


def _not_below_zero(price: Money) -> None:
    if price.minor < 0:
        raise RuleViolation("A price is not below zero.", code="price_below_zero")


def _still_sold(command: ProductAction, product: Product) -> None:
    if product.discontinued:
        detail = f"Product {command.product_id} is discontinued."
        raise RuleViolation(detail, code="product_discontinued", product_id=command.product_id)
