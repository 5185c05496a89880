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
    new_id=lambda body: product_id_of(body.sku),
)
PRODUCT.put("/{id}/name", RenameProduct, allow="catalogue:write", summary="Rename a product")
PRODUCT.put("/{id}/categories", RecategoriseProduct, allow="catalogue:write", summary="Put it into categories")
PRODUCT.put("/{id}/price", UpdatePrice, allow="catalogue:write", summary="Change the price")
PRODUCT.post("/{id}/restock", Restock, allow="catalogue:write", summary="Put pieces into stock")
PRODUCT.post("/{id}/adjust-stock", AdjustStock, allow="catalogue:write", summary="Put right what is on hand")
PRODUCT.post("/{id}/discontinue", Discontinue, allow="catalogue:write", summary="Sell it no more")
PRODUCT.post("/{id}/relist", Relist, allow="catalogue:write", summary="Sell it again")
