"""Documents of product_catalogue as the projection makes them, and what customers type to find them."""

import random
from collections.abc import Iterator
from functools import cache

from projector_service.product_catalogue import ProductCatalogueProjection
from shared.events.money import Money
from shared.events.product import ProductCreated
from twinpath.clock import utc_now
from twinpath.domain.events import RecordedEvent
from twinpath.domain.views import Document, Put

_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvwz" for vowel in "aeiou"]
_WORDS, _CATEGORIES = 20_000, 200


@cache
def words() -> list[str]:
    """The words of names, the most frequent first."""
    chance = random.Random(1)
    made = ("".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4))) for _ in range(_WORDS))
    return list(dict.fromkeys(made))


def _word(chance: random.Random) -> str:
    """Frequent words are many times as frequent as others, as in a language."""
    return words()[int(len(words()) * chance.random() ** 4)]


def product_id(number: int) -> str:
    """Of the so-many-th product."""
    return f"product-019af000-0000-7000-8000-{number:012x}"


def products(numbers: range) -> Iterator[Document]:
    """A document for each number."""
    now, projection = utc_now(), ProductCatalogueProjection()
    recorded = RecordedEvent("product.created", 1, {}, "", 1, "product.0", 1, now, "bench", "bench", None, None)
    for number in numbers:
        chance = random.Random(number)
        name = " ".join(_word(chance) for _ in range(chance.randint(2, 5)))
        category = f"{words()[chance.randrange(_CATEGORIES)]} things"
        price = Money(minor=chance.randint(100, 50_000), currency="EUR")
        event = ProductCreated(
            name=name,
            category=category,
            sku=f"{words()[number % 40].upper()}-{number:07d}",
            price=price,
            on_hand=chance.randint(0, 9),
        )
        [put] = projection.changes(event, recorded)
        assert isinstance(put, Put)
        yield {"_id": product_id(number), "revision": 1, **put.document, "product_id": product_id(number)}


def typed(chance: random.Random, size: int) -> str:
    """What somebody types: words, beginnings of words, a typing error, a part number."""
    number = chance.randrange(size)
    [document] = products(range(number, number + 1))
    some = str(document["name"]).split()
    match chance.randrange(6):
        case 0:
            return str(document["sku"])
        case 1:
            return " ".join(some)
        case 2:
            return " ".join(some[:2])
        case 3:
            return some[-1][: max(3, len(some[-1]) - 2)]
        case 4:
            word = max(some, key=len)
            return word[:2] + word[3:]
        case _:
            return some[0]
