"""Every text of every event and view of the shop is personal, or there is a reason why it is not."""

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from projector_service.application import PROJECTIONS
from shared.events import CATALOGUE
from tests.shop.golden.examples import EXAMPLES
from twinpath.domain.events import DomainEvent
from twinpath.projecting.groups import view_projections

_GOODS = "about goods, in words of the shop's staff: no customer has anything to do with it"
_CODE = "a code of some letters"

NOT_PERSONAL = {
    **dict.fromkeys(("sku", "category", "categories", "previous_categories", "more_categories"), _GOODS),
    **dict.fromkeys(("product.created.name", "product.renamed.name", "product.renamed.previous_name"), _GOODS),
    **dict.fromkeys(
        ("order.placed.lines.name", "OrderLineShown.name", "TopProduct.name", "ProductDetails.name"), _GOODS
    ),
    **dict.fromkeys(("product.price_updated.reason", "product.stock_adjusted.reason", "PriceEntry.reason"), _GOODS),
    **dict.fromkeys(("currency", "amount", "country"), _CODE),
    "carrier": "a company that the shop works with",
    "by": "an actor: a pseudonym, which an erasure cuts from its person",
}
"""A field by its name, or with what it belongs to, and why it is in the clear. An id says nothing of its person."""

ERASED_WITH_THE_CUSTOMER = {
    *("CustomerDetails.name", "CustomerDetails.email"),
    *("TicketDetails.subject", "TicketDetails.message", "TicketDetails.resolution", "TicketNote.note"),
    *("TicketRow.subject", "TicketRow.preview", "TicketRow.note_preview"),
    *("OrderSummary.tracking_number", "OrderSummary.reason", "OrderReturn.reason"),
    *(f"ShippingAddress.{name}" for name in ("name", "street", "second_line", "district", "city", "region")),
    *("ShippingAddress.postal_code", "ShippingAddress.sorting_code"),
}
"""What views show of it; tests/shop/whole/test_shop_properties.py shows that it goes."""


def texts(kind: Any, path: str) -> Iterator[str]:
    """The paths of a type's texts; those with a fixed choice are none."""
    if kind is str:
        yield path
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            yield from texts(field.annotation, f"{path}.{name}")
    elif get_origin(kind) in (Annotated, Union, UnionType, list, tuple, dict) and get_origin(kind) is not Literal:
        for inner in get_args(kind):
            yield from texts(inner, path)


def models(kind: Any) -> Iterator[type[BaseModel]]:
    """A model and all that stand in it."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from models(field.annotation)
    for inner in get_args(kind):
        yield from models(inner)


def is_explained(path: str) -> bool:
    name = path.rpartition(".")[2]
    return path in NOT_PERSONAL or name in NOT_PERSONAL or name.endswith("_id")


@pytest.mark.parametrize("event", CATALOGUE.types, ids=lambda event: str(event.type))
def test_every_text_of_an_event_is_personal_or_explained(event: type[DomainEvent]) -> None:
    plain = [name for name in event.model_fields if name not in event.personal]
    found = [path for name in plain for path in texts(event.model_fields[name].annotation, f"{event.type}.{name}")]

    assert [path for path in found if not is_explained(path)] == [], "declare it personal, or say why it is not"


def test_every_text_of_a_view_is_erased_or_explained() -> None:
    views = [view for projection in view_projections(PROJECTIONS) for view in projection.views]
    # the engine's own history keeps an event's personal fields apart, by their declaration
    found = {
        f"{model.__name__}.{name}"
        for view in views
        if view.name != "history" and view.model is not None
        for model in models(view.model)
        for name, field in model.model_fields.items()
        if any(texts(field.annotation, "x"))
    }
    shown = {path for path in found if not is_explained(path)}

    assert {path for path in shown if not any(texts_of_parts(path))} == ERASED_WITH_THE_CUSTOMER


def texts_of_parts(path: str) -> Iterator[str]:
    """Fields that are models themselves are looked at there."""
    if path.rpartition(".")[2] in _PARTS:
        yield path


_PARTS = {
    "total",
    "price",
    "previous_price",
    "unit_price",
    "line_total",
    "refund",
    "refunded",
    "lines",
    "rejection",
} | {
    *("returns", "products", "notes", "shipping_address", "orders_by_status", "revenue", "by_status", "top_products"),
    *("days", "categories"),
}


def test_there_is_an_example_of_every_event_with_something_personal() -> None:
    sealing = {event.type for event in CATALOGUE.types if event.personal}

    assert sealing <= {example.type for example in EXAMPLES}
