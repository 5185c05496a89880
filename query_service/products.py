"""GET on products: the catalogue, one product, its prices, its history."""

from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field, ValidationInfo, field_validator

from query_service.examples import PRICE_PAGE, PRODUCT, PRODUCT_PAGE
from shared.events.money import CurrencyCode
from shared.read_models.product_catalogue import (
    NAME_ORDER,
    PRICE_ORDER,
    PRODUCT_CATALOGUE,
    PRODUCT_PRICES,
    PriceEntry,
    PricePage,
    ProductDetails,
    ProductPage,
)
from twinpath.domain.views import Order
from twinpath.http.problem_details import problem_responses
from twinpath.ids import id_pattern
from twinpath.queries.endpoints.answering import QUERY_HEADERS, refuse_parameters, shown, wait_for_token
from twinpath.queries.endpoints.event_stream import open_stream, streams
from twinpath.queries.endpoints.history import history_of
from twinpath.queries.endpoints.listing import LiveList, PageQuery, Parameters, answer_list, fields_of, views_of
from twinpath.queries.endpoints.one_document import Resource, one_document
from twinpath.queries.reading.views import Selection, not_there

PRODUCTS = Resource("product", PRODUCT_CATALOGUE, ProductDetails, PRODUCT)
_ROWS = fields_of(ProductDetails)
_PRICE_ROWS = fields_of(PriceEntry)
_SORTED = {"name": NAME_ORDER, "price": PRICE_ORDER}
_TEN_THOUSANDTHS = Decimal(10_000)

Amount = Annotated[
    Decimal, Field(ge=0, le=10**11, max_digits=18, decimal_places=4, allow_inf_nan=False, examples=["19.99"])
]


class ProductFilters(Parameters):
    """Which products; a price is an exact amount, of whatever currency unless one is named."""

    category: Annotated[str | None, Field(max_length=50)] = None
    in_stock: bool | None = None
    discontinued: bool | None = None
    currency: CurrencyCode | None = None
    min_price: Amount | None = None
    max_price: Amount | None = None
    sort: Annotated[Literal["name", "-name", "price", "-price"], Field(description="a minus turns it round")] = "name"

    @field_validator("max_price")
    @classmethod
    def _above_min_price(cls, most: Decimal | None, info: ValidationInfo) -> Decimal | None:
        least = info.data.get("min_price")
        if most is not None and least is not None and most < least:
            raise ValueError("max_price is below min_price")
        return most

    @property
    def selection(self) -> Selection:
        """In the order that was asked for."""
        where = self.model_dump(include={"category", "in_stock", "discontinued"}, exclude_none=True)
        if self.currency is not None:
            where["price.currency"] = self.currency
        prices = (_scaled(self.min_price), _scaled(self.max_price))
        order = Order(_SORTED[self.sort.lstrip("-")], descending=self.sort.startswith("-"))
        return Selection(PRODUCT_CATALOGUE, where, order, {} if prices == (None, None) else {PRICE_ORDER: prices})


class ProductListQuery(ProductFilters, PageQuery):
    """Which products, in which order, and which page of them."""


def _scaled(amount: Decimal | None) -> int | None:
    return None if amount is None else int(amount * _TEN_THOUSANDTHS)


router = APIRouter(prefix=PRODUCTS.path, tags=["products"])


@router.get(
    "",
    summary="List products",
    responses=shown(ProductPage, PRODUCT_PAGE) | problem_responses(400, 422, 503),
    openapi_extra=QUERY_HEADERS,
)
async def list_products(query: Annotated[ProductListQuery, Query()], request: Request) -> Response:
    """By category, stock, currency and price; sorted by name or price."""
    return await answer_list(request, query.selection, query, _ROWS)


@router.get("/events", summary="Products as they change", **streams(422, 503))
async def list_events(filters: Annotated[ProductFilters, Query()], request: Request) -> Response:
    """`event: products` is the first page, at the start and whenever changes were missed; then `event: product` is a
    product that is new or changed, `event: left` names one that the filters don't take any more."""
    source = LiveList(views_of(request), filters.selection, _ROWS, "product", never_leaves="category")
    return await open_stream(request, PRODUCT_CATALOGUE.name, None, source)


@router.get(
    "/{product_id}/prices",
    summary="Every price of one product, newest first",
    responses=shown(PricePage, PRICE_PAGE) | problem_responses(400, 404, 422, 503),
    openapi_extra=QUERY_HEADERS,
)
async def prices(
    product_id: Annotated[str, Path(pattern=id_pattern("product"))],
    query: Annotated[PageQuery, Query()],
    request: Request,
) -> Response:
    """What it cost, since when, and why it changed."""
    return await answer_list(request, await _prices_of(product_id, request), query, _PRICE_ROWS)


@router.get("/{product_id}/prices/events", summary="A product's prices as they change", **streams(404, 422, 503))
async def price_events(product_id: Annotated[str, Path(pattern=id_pattern("product"))], request: Request) -> Response:
    """`event: prices` is the first page, newest first; then `event: price` is a new one."""
    refuse_parameters(request)
    source = LiveList(views_of(request), await _prices_of(product_id, request), _PRICE_ROWS, "price")
    return await open_stream(request, PRODUCT_PRICES.name, product_id, source)


async def _prices_of(product_id: str, request: Request) -> Selection:
    """The prices of a product, which has one at least. Raises NotFound, and what waiting for the token raises."""
    selection = Selection(PRODUCT_PRICES, {"product_id": product_id})
    await wait_for_token(request, PRODUCT_PRICES.name)
    if not (await views_of(request).page(selection, None, 1)).documents:
        raise not_there(product_id)
    return selection


one_document(router, PRODUCTS)
history_of(router, "product")
