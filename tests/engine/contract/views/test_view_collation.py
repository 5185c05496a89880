"""Text in lists is sorted as people expect, in every store alike: page by page, and in MongoDB by an index."""

from typing import Any, Literal
from unicodedata import normalize

import pytest
from pymongo import AsyncMongoClient

from tests.engine.contract.views.test_view_keyset import in_pages
from tests.support.things import Store, put
from twinpath.domain.views import Order, Put, View
from twinpath.running.settings import LOCALES
from twinpath.views.interface import Batch
from twinpath.views.mongodb.stores import MongoViewReader, MongoViewWriter

SORTED = (
    *("", " lamp", "_lamp", "-lamp", "(lamp)", "$lamp", "½", "10 lamps", "2 lamps", "7"),
    *("äpfel", "apple", "Apple", "Äpple", "apple pie", "Ärger", "B", "cote", "coté", "côte", "côté", "e", "é", "ê"),
    *(
        "Œuvre",
        "résumé",
        "résumés",
        "sse",
        "strasse",
        "STRASSE",
        "straße",
        "strasse 2",
        "Übung",
        "zebra",
        "Zebra",
        "Ωmega",
        "яблоко",
    ),
    *("אב", "くるま", "中", "日"),
)
BY_WORD = Order("word", collated=True)


@pytest.fixture
async def words(store: Store) -> Store:
    """A thing a word, in no order, and one without."""
    things = [put(f"{n * 17 % len(SORTED):02}", word=SORTED[n * 17 % len(SORTED)]) for n in range(len(SORTED))]
    await store.commit(Batch([*things, put("none", n=1)]))
    return store


@pytest.mark.parametrize("limit", [1, 7, 50])
@pytest.mark.parametrize("descending", [False, True])
async def test_accents_and_upper_case_stand_beside_the_plain_letters(
    words: Store, descending: bool, limit: int
) -> None:
    ids = ["none", *(f"{number:02}" for number in range(len(SORTED)))]

    read = await in_pages(words, Order("word", descending, collated=True), limit)

    assert read == (ids[::-1] if descending else ids)


async def test_composed_and_decomposed_letters_are_one_and_then_ids_decide(store: Store) -> None:
    forms: dict[str, Literal["NFC", "NFD"]] = {"a": "NFD", "b": "NFC", "c": "NFD"}
    await store.commit(Batch([put(name, word=normalize(form, "Café Ölçek")) for name, form in forms.items()]))

    assert await in_pages(store, BY_WORD, 1) == ["a", "b", "c"]


async def test_a_filter_in_a_collated_list_takes_what_is_equal_and_no_more(store: Store) -> None:
    for name, color in {"a": "red", "b": "Red", "c": "re\u00add", "d": "réd"}.items():
        await store.commit(Batch([put(name, word=name, color=color)]))

    assert await in_pages(store, BY_WORD, 2, {"color": "red"}) == ["a"]


PARTS = View("parts", sorts={"name": "name"}, collated=("name",), indexes=(("name",), ("kind", "name")))


async def test_mongodb_sorts_by_every_locale_that_may_be_set(mongodb_url: str, unique: str) -> None:
    variants = ("de@collation=phonebook", "es@collation=traditional", "zh@collation=unihan", "ja@collation=unihan")
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(mongodb_url) as client:
        await MongoViewWriter(client, unique).prepare([PARTS], [])
        for locale in (*LOCALES, *variants):
            reader = MongoViewReader(client, unique, locale)
            assert await reader.page(PARTS.name, {}, None, 1, Order("name", collated=True)) == []


async def test_another_locale_sorts_otherwise_and_leaves_no_index_behind(mongodb_url: str, unique: str) -> None:
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(mongodb_url) as client:
        for locale, expected in {"en": ["å", "b", "z"], "sv": ["b", "z", "å"]}.items():
            store = MongoViewWriter(client, unique, locale=locale)
            await store.prepare([PARTS], [])
            await store.commit(Batch([Put(PARTS.name, name, {"name": name}) for name in ("z", "å", "b")]))

            listed = await store.page(PARTS.name, {}, None, 9, Order("name", collated=True))

            assert [part["name"] for part in listed] == expected
            assert set(await client[unique][PARTS.name].index_information()) == {
                "_id_",
                f"name_in_{locale}",
                f"kind_name_in_{locale}",
            }
