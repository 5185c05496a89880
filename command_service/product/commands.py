"""The commands of a product and its stock."""

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from command_service.product.price import AskedPrice
from command_service.product.text import Categories, CategoriesInstead, Category, Name, Sku
from command_service.text import Line
from twinpath.domain import Command

_MOST_PIECES = 1_000_000

Pieces = Annotated[int, Field(strict=True, ge=1, le=_MOST_PIECES)]


class ProductAction(Command):
    """A command to one product."""

    target: ClassVar[str] = "product_id"

    product_id: str


class CreateProduct(ProductAction):
    """Offer a new product, in one category, in several, or in none. Its SKU stays its own, whatever its case and its
    blanks: 409 `sku_taken` for another product."""

    type: ClassVar[str] = "create_product"

    creates: ClassVar[bool] = True

    name: Name = Field(examples=["Desk lamp"])
    category: Category | None = Field(None, examples=["lighting"], exclude_if=lambda category: category is None)
    sku: Sku = Field(examples=["LAMP-3"])
    price: AskedPrice
    initial_stock: Annotated[int, Field(strict=True, ge=0, le=_MOST_PIECES, examples=[10])] = 0
    categories: CategoriesInstead = Field((), exclude_if=lambda categories: not categories)
    """Left out of the fingerprint where it is empty, which is that of a time without it."""


class RenameProduct(ProductAction):
    """Sell it under another name; the same name again changes nothing. Orders keep the name that they were placed
    with."""

    type: ClassVar[str] = "rename_product"

    name: Name = Field(examples=["Desk lamp, brass"])


class RecategoriseProduct(ProductAction):
    """Put it into these categories and no others, perhaps into none; the same ones again change nothing."""

    type: ClassVar[str] = "recategorise_product"

    categories: Categories = Field(examples=[["lighting", "Home & Garden > Lighting > Lamps"]])


class UpdatePrice(ProductAction):
    """Ask another price from now on, in the product's own currency, or in any where that has gone out of use; the same
    price again changes nothing."""

    type: ClassVar[str] = "update_price"

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    new_price: AskedPrice = Field(validation_alias="price")
    reason: Line = Field(examples=["Autumn sale"])


class Restock(ProductAction):
    """Pieces came in. Send an Idempotency-Key, or a repetition counts twice."""

    type: ClassVar[str] = "restock"

    quantity: Pieces = Field(examples=[25])


class AdjustStock(ProductAction):
    """Put right what is on hand, up or down, and say why. 409 `insufficient_stock` when fewer pieces are on hand;
    reserved ones are not. Send an Idempotency-Key, or a repetition counts twice."""

    type: ClassVar[str] = "adjust_stock"

    change: Annotated[int, Field(strict=True, ge=-_MOST_PIECES, le=_MOST_PIECES)] = Field(examples=[-2])
    reason: Line = Field(examples=["Two were broken"])


class Discontinue(ProductAction):
    """Sell it no more. Reserved pieces are still delivered; again changes nothing."""

    type: ClassVar[str] = "discontinue"


class Relist(ProductAction):
    """Sell a discontinued product again; one that is sold anyway does not change."""

    type: ClassVar[str] = "relist"


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


class ReturnStock(ProductAction):
    """Pieces of an order came back."""

    type: ClassVar[str] = "return_stock"

    order_id: str
    number: int
    restocked: int
    written_off: int


ProductCommand = (
    CreateProduct
    | RenameProduct
    | RecategoriseProduct
    | UpdatePrice
    | Restock
    | AdjustStock
    | Discontinue
    | Relist
    | ReserveStock
    | ReleaseStock
    | TakeStock
    | ReturnStock
)
