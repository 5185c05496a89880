"""How text is sorted in lists: as people of a locale expect, by the Unicode Collation Algorithm.

MongoDB sorts by ICU. In memory the order is that of the algorithm's default table (DUCET), whatever the locale: it is
the order of most languages, but not of letters that a language puts elsewhere, such as the Swedish å.
"""

from functools import lru_cache
from typing import Any
from unicodedata import normalize

from pymongo.collation import Collation

DEFAULT_LOCALE = "en"
_IDENTICAL = 5
"""The strength at which only what is canonically the same is equal, so that filters in the same query stay exact."""


def mongo_collation(locale: str) -> Collation:
    """The collation of queries and indexes."""
    return Collation(locale=locale, strength=_IDENTICAL)


@lru_cache(maxsize=100_000)
def sort_key(text: str) -> tuple[tuple[int, ...], str]:
    """Of two texts, the one with the lower key comes first; equal are those that are canonically the same."""
    decomposed = normalize("NFD", text)
    return tuple(_collator().sort_key(decomposed)), decomposed


@lru_cache(maxsize=1)
def _collator() -> Any:
    from pyuca import Collator  # its table takes half a second, and services never need it

    return Collator()
