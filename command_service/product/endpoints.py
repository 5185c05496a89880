"""The product as an aggregate, and how callers reach its commands."""

from command_service.product.commands import (
    AdjustStock,
    CreateProduct,
    Discontinue,
    ProductCommand,
    RecategoriseProduct,
    Relist,
    RenameProduct,
    Restock,
    UpdatePrice,
)
from command_service.product.rules import Product, claims, decide, evolve
from shared.events.product import PRODUCT_EVENTS, ProductEvent, product_id_of
from twinpath.domain import Aggregate

PRODUCT: Aggregate[ProductCommand, Product, ProductEvent] = Aggregate(
    "product", decide, evolve, Product, PRODUCT_EVENTS, claims=claims
)

PRODUCT.post(
    "",
    CreateProduct,
    allow="catalogue:write",
    summary="Create a product",
    refuses=("price_below_zero", "sku_taken"),
    new_id=lambda body: product_id_of(body.sku),
)
PRODUCT.put("/{id}/name", RenameProduct, allow="catalogue:write", summary="Rename a product")
PRODUCT.put("/{id}/categories", RecategoriseProduct, allow="catalogue:write", summary="Put it into categories")
PRODUCT.put(
    "/{id}/price",
    UpdatePrice,
    allow="catalogue:write",
    summary="Change the price",
    refuses=("currency_mismatch", "price_below_zero", "product_discontinued"),
)
PRODUCT.post(
    "/{id}/restock",
    Restock,
    allow="catalogue:stock",
    summary="Put pieces into stock",
    refuses=("product_discontinued",),
)
PRODUCT.post(
    "/{id}/adjust-stock",
    AdjustStock,
    allow="catalogue:stock",
    summary="Put right what is on hand",
    refuses=("insufficient_stock",),
)
PRODUCT.post("/{id}/discontinue", Discontinue, allow="catalogue:write", summary="Sell it no more")
PRODUCT.post("/{id}/relist", Relist, allow="catalogue:write", summary="Sell it again")
