"""The commands of a product and its stock."""

from typing import Annotated, ClassVar
from uuid import UUID, uuid5

from pydantic import ConfigDict, Field, StringConstraints

from command_service.product.price import AskedPrice
from command_service.text import Category, Line
from twinpath.domain import Command

Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""The shop's own number of a product; upper and lower case are the same."""

Pieces = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]

_SKUS = UUID("0e6c5a1e-53a8-5a53-9a5f-6b0e5b8f9a11")


def product_id_of(sku: str) -> str:
    """The id of the product with this SKU, and so its stream: the log lets nobody else begin it (decision 0005)."""
    return f"product-{uuid5(_SKUS, sku.casefold())}"


class ProductAction(Command):
    """A command to one product."""

    target: ClassVar[str] = "product_id"

    product_id: str


class CreateProduct(ProductAction):
    """Offer a new product. Its SKU stays its own, upper and lower case alike: 409 `sku_taken` for another product."""

    type: ClassVar[str] = "create_product"

    creates: ClassVar[bool] = True

    name: Line = Field(examples=["Desk lamp"])
    category: Category = Field(examples=["lighting"])
    sku: Sku = Field(examples=["LAMP-3"])
    price: AskedPrice
    initial_stock: Annotated[int, Field(strict=True, ge=0, le=1_000_000, examples=[10])] = 0


class UpdatePrice(ProductAction):
    """Ask another price from now on, in the product's own currency; the same price again changes nothing."""

    type: ClassVar[str] = "update_price"

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    new_price: AskedPrice = Field(validation_alias="price")
    reason: Line = Field(examples=["Autumn sale"])


class Restock(ProductAction):
    """Pieces came in. Send an Idempotency-Key, or a repetition counts twice."""

    type: ClassVar[str] = "restock"

    quantity: Pieces = Field(examples=[25])


class Discontinue(ProductAction):
    """Sell it no more. Reserved pieces are still delivered; again changes nothing."""

    type: ClassVar[str] = "discontinue"


class ReserveStock(ProductAction):
    """Keep pieces for an order."""

    type: ClassVar[str] = "reserve_stock"

    order_id: str
    quantity: Pieces


class ReleaseStock(ProductAction):
    """Put what is kept for an order back."""

    type: ClassVar[str] = "release_stock"

    order_id: str


class TakeStock(ProductAction):
    """What is kept for an order leaves the house."""

    type: ClassVar[str] = "take_stock"

    order_id: str


ProductCommand = CreateProduct | UpdatePrice | Restock | Discontinue | ReserveStock | ReleaseStock | TakeStock
