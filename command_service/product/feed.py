"""Products in the files of others: Google Merchant, Shopify, and plain ones, with what each calls what.

Google: support.google.com/merchants/answer/7052112; Shopify: help.shopify.com/manual/products/import-export.
"""

from collections.abc import Sequence
from datetime import datetime

from command_service.product.amounts import amount_of, in_effect, pieces_of
from command_service.product.commands import CreateProduct, Discontinue, UpdatePrice
from command_service.product.text import MOST_CATEGORIES
from shared.events.product import product_id_of
from twinpath.domain import Importer, Item, RowRefused, Shape, Wanted

_OPTIONS = ("option1", "option2", "option3")
_NO_OPTION = "Default Title"
_NOT_SOLD = ("archived", "draft", "true")

_FIELDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("sku", "name", "category", "more_categories", "stock", "handle", "variant", "not_sold"), ()),
    **dict.fromkeys(("price", "sale_price", "sale_dates", "regular_price", "currency", *_OPTIONS), ()),
}

_SHOPIFY_JSON = _FIELDS | {
    "sku": ("sku",),
    "name": ("title",),
    "variant": ("title",),
    "price": ("price",),
    "regular_price": ("compareatprice",),
    "category": ("category.fullname", "productcategory.fullname"),
    "more_categories": ("producttype",),
    "stock": ("inventoryquantity",),
    "handle": ("parentid", "id"),
    "not_sold": ("status",),
}
_SHOPIFY = _FIELDS | {
    "sku": ("variant sku", "sku"),
    "name": ("title",),
    "price": ("variant price", "price"),
    "regular_price": ("variant compare at price", "compare-at price"),
    "category": ("product category",),
    "more_categories": ("type", "custom product type"),
    "stock": ("variant inventory qty", "inventory quantity"),
    "handle": ("handle", "url handle"),
    "not_sold": ("status",),
    **{option: (f"{option} value",) for option in _OPTIONS},
}
_GOOGLE = _FIELDS | {
    "sku": ("id", "offerid"),
    "name": ("title",),
    "price": ("price", "price.value"),
    "currency": ("price.currency",),
    "sale_price": ("sale price", "saleprice.value"),
    "sale_dates": ("sale price effective date", "salepriceeffectivedate"),
    "category": ("product type", "producttypes"),
    "more_categories": ("google product category", "googleproductcategory"),
    "stock": ("quantity", "sell on google quantity", "inventory"),
}
_PLAIN = _FIELDS | {
    "sku": ("sku",),
    "name": ("name", "title"),
    "price": ("price.amount", "price"),
    "sale_price": ("sale price.amount", "sale price"),
    "currency": ("price.currency", "currency"),
    "category": ("categories", "category"),
    "stock": ("on hand", "initial stock", "stock", "quantity"),
    "not_sold": ("discontinued",),
}
_OF_ALL_VARIANTS = ("name", "category", "more_categories", "not_sold")


class ProductFeed(Importer):
    """A product a row. Rows of a Shopify product that hold a picture alone are no products."""

    name = "products"
    about = "products of a Google Merchant feed, a Shopify export, or a plain file"
    shapes = (
        Shape("shopify-json", ("id", "title", "parentid"), _SHOPIFY_JSON, "handle", _OF_ALL_VARIANTS, ("sku",)),
        Shape("shopify", ("handle", "title", "variant price"), _SHOPIFY, "handle", _OF_ALL_VARIANTS, ("sku",)),
        Shape("shopify-new", ("url handle", "title", "price"), _SHOPIFY, "handle", _OF_ALL_VARIANTS, ("sku",)),
        Shape("google", ("id", "title", "price"), _GOOGLE),
        Shape("google-json", ("offerid", "title"), _GOOGLE),
        Shape("plain", ("sku", "name"), _PLAIN),
    )

    def commands(self, item: Item, at: datetime) -> Sequence[Wanted]:
        """See Importer.commands."""
        sku, name = _line(item.first("sku")), _line(item.first("name"))
        options = [_line(value) for option in (*_OPTIONS, "variant") for value in item.every(option)]
        options = [option for option in options if option not in (_NO_OPTION, name)]
        price = item.first("price")
        if price is None and item.first("handle") is not None and not sku:
            return []
        if not sku and (handle := item.first("handle")) is not None:
            sku = "/".join(part.replace("%", "%25").replace("/", "%2F") for part in (_line(handle), *options))
        for field, value in (("sku", sku), ("name", name), ("price", price)):
            if not value:
                raise RowRefused(f"{field}_missing", f"it has no {field}")
        return [self._product(item, sku, f"{name} - {' / '.join(options)}" if options else name, at)]

    def _product(self, item: Item, sku: str, name: str, at: datetime) -> Wanted:
        currency = item.first("currency")
        price = amount_of(item.first("price") or "", currency)
        sale = None if item.first("sale_price") is None else amount_of(item.first("sale_price") or "", currency)
        if (regular := item.first("regular_price")) is not None:
            before = amount_of(regular, currency)
            price, sale = (before, price) if before.is_above(price) else (price, None)
        elif sale is not None and not in_effect(item.first("sale_dates"), at):
            sale = None
        body = {
            "name": name,
            "sku": sku,
            "price": price.as_body(),
            "initial_stock": pieces_of(item.first("stock")),
            "categories": _categories(item),
        }
        product_id = product_id_of(sku)
        then: list[Wanted] = []
        if sale is not None and sale != price:
            then.append(Wanted(UpdatePrice, {"price": sale.as_body(), "reason": "Sale"}, product_id))
        if (item.first("not_sold") or "").lower() in _NOT_SOLD:
            then.append(Wanted(Discontinue, {}, product_id))
        return Wanted(CreateProduct, body, then=then)


def _categories(item: Item) -> list[str]:
    """The product's own types, then the taxonomy's; a taxonomy's number alone is no name."""
    named = (_line(text) for text in (*item.every("category"), *item.every("more_categories")))
    return list(dict.fromkeys(text for text in named if text and not text.isdecimal()))[:MOST_CATEGORIES]


def _line(text: str | None) -> str:
    """The text in one line: cells may have several."""
    return " ".join((text or "").split())
