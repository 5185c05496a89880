"""What names a product: its name, its SKU and its categories, as wide as the formats in which shops exchange goods.

Google Merchant takes 50 characters of an id, 150 of a title, 750 of a product type and of a taxonomy path; Shopify
takes any SKU and 255 characters of a title; GS1's character sets have `! " % & ' ( ) * + , - . / : ; < = > ? _ #`.
"""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from command_service.text import FreeText
from twinpath.domain import all_seen, case_folded

MOST_CATEGORIES = 50


def _different(categories: Sequence[str]) -> tuple[str, ...]:
    """Each category once, as it is first written."""
    first: dict[str, str] = {}
    for category in categories:
        first.setdefault(case_folded(category), category)
    return tuple(first.values())


def _instead_of_one(categories: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    if categories and info.data.get("category") is not None:
        raise ValueError("give category or categories, not both")
    return categories


Sku = Annotated[str, FreeText(255), AfterValidator(all_seen)]
"""The shop's own number of a product: 1 to 255 visible characters, blanks inside; `sku_key` says what is the same."""

Name = Annotated[str, FreeText(500)]
Category = Annotated[str, FreeText(750)]
"""One line that names a part of the catalogue; a path such as `Home > Lighting` as a whole."""

Categories = Annotated[tuple[Category, ...], Field(max_length=MOST_CATEGORIES), AfterValidator(_different)]
"""The parts of the catalogue that a product is in; revenue counts for the first."""

CategoriesInstead = Annotated[Categories, AfterValidator(_instead_of_one)]
"""The same, in a command that also has a field `category` before it."""
