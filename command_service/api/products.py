"""POST and PUT on products: each body becomes a command; no rule lives here."""

import re
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, BeforeValidator, Field, model_validator

from command_service.product import CreateProduct, Discontinue, Pieces, Restock, Sku, UpdatePrice, product_id_of
from command_service.text import Category, Line
from shared.events.money import CurrencyCode, Money, minor_of
from twinpath.clock import utc_now
from twinpath.commands.accepting import COMMAND_HEADERS, Body, accept, accepted_response, bus_of
from twinpath.http.problem_details import problem_responses
from twinpath.ids import id_pattern

_PLAIN = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")

ProductId = Annotated[
    str, Path(pattern=id_pattern("product"), examples=["product-7d0e3f0a-4f0e-5d0f-9d57-3c6f6f3c0001"])
]


def _is_plain(amount: object) -> object:
    if isinstance(amount, str) and _PLAIN.fullmatch(amount) is None:
        raise ValueError("write an amount as digits with a point, as in 19.99")
    return amount


class Price(Body):
    """An exact amount above zero, with no more decimals than the currency has: as text, so that no float touches it."""

    amount: Annotated[
        Decimal, BeforeValidator(_is_plain), Field(gt=0, allow_inf_nan=False, max_digits=18, examples=["19.99"])
    ]
    currency: CurrencyCode

    @model_validator(mode="after")
    def _is_exact(self) -> "Price":
        minor_of(self.amount, self.currency)
        return self

    def money(self) -> Money:
        """The same in minor units."""
        return Money(minor=minor_of(self.amount, self.currency), currency=self.currency)


class CreateProductBody(Body):
    """A new product; its SKU is its own for ever, upper and lower case alike."""

    name: Line = Field(examples=["Desk lamp"])
    category: Category = Field(examples=["lighting"])
    sku: Sku = Field(examples=["LAMP-1"])
    price: Price
    initial_stock: Annotated[int, Field(strict=True, ge=0, le=1_000_000, examples=[10])] = 0


class PriceBody(Body):
    """The new price, in the product's own currency, and why."""

    price: Price
    reason: Line = Field(examples=["Autumn sale"])


class RestockBody(Body):
    """How many pieces came in."""

    quantity: Pieces = Field(examples=[25])


class ProductAccepted(BaseModel):
    """The command took effect: which product, and at what version it is now."""

    product_id: str
    version: int
    status: str = "accepted"


def create_command(body: CreateProductBody) -> CreateProduct:
    """The command, for the product of this SKU."""
    return CreateProduct.model_construct(
        product_id=product_id_of(body.sku),
        at=utc_now(),
        name=body.name,
        category=body.category,
        sku=body.sku,
        price=body.price.money(),
        initial_stock=body.initial_stock,
    )


def price_command(product_id: str, body: PriceBody) -> UpdatePrice:
    """The command."""
    price = body.price.money()
    return UpdatePrice.model_construct(product_id=product_id, at=utc_now(), new_price=price, reason=body.reason)


router = APIRouter(prefix="/products", tags=["products"])
_PROBLEMS = problem_responses(400, 409, 413, 415, 422, 503)
_PROBLEMS_OF_ONE = problem_responses(400, 404, 409, 412, 413, 415, 422, 503)
_ACCEPTED = accepted_response(200, ProductAccepted) | _PROBLEMS_OF_ONE


@router.post(
    "",
    status_code=201,
    summary="Create a product",
    responses=accepted_response(201, ProductAccepted) | _PROBLEMS,
    openapi_extra=COMMAND_HEADERS,
)
async def create_product(body: CreateProductBody, request: Request) -> Response:
    """Answers 201 with `Location`; 409 `sku_taken` when another product has the SKU."""
    return await accept(bus_of(request), request, create_command(body), "product_id", location="/api/v1/products/")


@router.put("/{product_id}/price", summary="Change the price", responses=_ACCEPTED, openapi_extra=COMMAND_HEADERS)
async def update_price(product_id: ProductId, body: PriceBody, request: Request) -> Response:
    """The same price again changes nothing; another currency is refused."""
    return await accept(bus_of(request), request, price_command(product_id, body), "product_id")


@router.post(
    "/{product_id}/restock", summary="Put pieces into stock", responses=_ACCEPTED, openapi_extra=COMMAND_HEADERS
)
async def restock(product_id: ProductId, body: RestockBody, request: Request) -> Response:
    """Send an Idempotency-Key, or a repetition counts twice."""
    command = Restock.model_construct(product_id=product_id, at=utc_now(), quantity=body.quantity)
    return await accept(bus_of(request), request, command, "product_id")


@router.post("/{product_id}/discontinue", summary="Sell it no more", responses=_ACCEPTED, openapi_extra=COMMAND_HEADERS)
async def discontinue(product_id: ProductId, request: Request) -> Response:
    """What is reserved is still delivered; again changes nothing. It takes no body."""
    command = Discontinue.model_construct(product_id=product_id, at=utc_now())
    return await accept(bus_of(request), request, command, "product_id")
