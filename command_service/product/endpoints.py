"""The product as an aggregate, and how callers reach its commands."""

from command_service.product.commands import (
    CreateProduct,
    Discontinue,
    ProductCommand,
    Restock,
    UpdatePrice,
    product_id_of,
)
from command_service.product.rules import Product, claims, decide, evolve
from shared.events.product import PRODUCT_EVENTS, ProductEvent
from twinpath.domain import Aggregate

PRODUCT: Aggregate[ProductCommand, Product, ProductEvent] = Aggregate(
    "product", decide, evolve, Product, PRODUCT_EVENTS, claims=claims
)

PRODUCT.post(
    "",
    CreateProduct,
    allow="catalogue:write",
    summary="Create a product",
    refuses=("sku_taken",),
    new_id=lambda body: product_id_of(body.sku),
)
PRODUCT.put(
    "/{id}/price",
    UpdatePrice,
    allow="catalogue:write",
    summary="Change the price",
    refuses=("currency_mismatch", "product_discontinued"),
)
PRODUCT.post(
    "/{id}/restock",
    Restock,
    allow="catalogue:write",
    summary="Put pieces into stock",
    refuses=("product_discontinued",),
)
PRODUCT.post("/{id}/discontinue", Discontinue, allow="catalogue:write", summary="Sell it no more")
