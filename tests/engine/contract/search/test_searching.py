"""Filters, facets and pages of searches, on every engine."""

from asyncio import gather

import pytest

from tests.engine.contract.search.indexes import ENGLISH, VIEW, article, filled, hits, skus
from twinpath.domain.views import Place
from twinpath.searching.as_typed import as_typed
from twinpath.searching.asking import asked, query_of
from twinpath.searching.interface import Search, SearchIndex


async def test_filters_take_equal_values_and_numbers_between_bounds(index: SearchIndex) -> None:
    documents = [
        article("a", "lamp", "desk", 5),
        article("b", "lamp", "floor", 50),
        article("c", "lamp", "floor", 500.5),
        {**article("d", "lamp", "floor", 50), "sold_out": True, "category": None},
    ]
    await filled(index, documents)
    assert await skus(index, "lamp", category="desk") == ["a"]
    assert sorted(await skus(index, "lamp", category="floor", sold_out=False)) == ["b", "c"]
    assert await skus(index, "lamp", category=None) == ["d"]
    assert await skus(index, "lamp", _id="article-b") == ["b"]
    assert sorted(await skus(index, "lamp", ranges={"price": (5, 50)})) == ["a", "b", "d"]
    assert await skus(index, "lamp", ranges={"price": (50.5, None)}) == ["c"]
    assert await skus(index, "lamp", ranges={"price": (None, 4.99)}) == []
    assert await skus(index, "chair", category="desk") == []


@pytest.mark.parametrize("options", [{"colour": "red"}, {"ranges": {"weight": (1, 2)}}])
async def test_a_filter_that_the_view_does_not_declare_is_an_error(
    index: SearchIndex, options: dict[str, object]
) -> None:
    await filled(index, [])
    with pytest.raises(ValueError, match="can't be filtered by"):
        await hits(index, "lamp", **options)  # type: ignore[arg-type]


async def test_facets_count_what_was_found(index: SearchIndex) -> None:
    prices = {"a": 5, "b": 10, "c": 99.99, "d": 100, "e": 1000}
    await filled(index, [article(sku, "lamp", "xy"[sku > "b"], price) for sku, price in prices.items()])
    found = await hits(index, "lamp", facets=True)
    assert found.total == 5
    assert dict(found.counts["category"]) == {'"x"': 2, '"y"': 3}
    assert dict(found.counts["sold_out"]) == {"false": 5}
    assert found.spans == {"price": [1, 2, 2]}
    narrow = await hits(index, "lamp", facets=True, category="x", limit=1)
    assert (narrow.total, len(narrow.places)) == (2, 1)
    assert dict(narrow.counts["category"]) == {'"x"': 2}
    nothing = await hits(index, "nothing", facets=True)
    assert (nothing.total, nothing.places, dict(nothing.counts["category"])) == (0, [], {})
    assert nothing.spans == {"price": [0, 0, 0]}


@pytest.mark.parametrize("size", [1, 70, 400])
async def test_pages_show_every_hit_once_in_the_order_of_one_long_page(index: SearchIndex, size: int) -> None:
    names = ["lamp", "lamp shade", "desk lamp", "lamps", "lampshade holder"]
    await filled(index, [article(f"{n:03}", names[n % 5]) for n in range(60 if size == 1 else 1_500)])
    everything = (await hits(index, "lamp", limit=5_000)).places
    assert len(everything) == (60 if size == 1 else 1_500)
    assert [score for score, _ in everything] == sorted((score for score, _ in everything), reverse=True)
    read: list[Place] = []
    after: Place | None = None
    while page := (await hits(index, "lamp", limit=size, after=after)).places:
        read += page
        after = page[-1]
    assert read == everything


async def test_frequent_words_are_ranked_and_counted_like_any_other(index: SearchIndex) -> None:
    long = "shade of a tall old lamp that stands by the window of your house"
    names = ["lamp shade", "shade lamp", "lamp lampshade", long, "shade", "lamps", "lamp", "red shade"]
    await filled(index, [article(f"{n:04}", names[n % 8], "lamp" if n % 7 == 0 else "x") for n in range(9_600)])
    for typed in ("lamp", "lamp shade", "shade shade", "lam p", "lam", "lmap", "old lamp tall shade", '"lamp shade"'):
        everything = await hits(index, typed, limit=10_000)
        total = len(everything.places)
        assert everything.total == total > 1_000
        for limit in (5, 500, 3_000):
            page = await hits(index, typed, limit=limit, facets=True)
            assert (page.total, page.places) == (total, everything.places[:limit])
            assert dict(page.counts["sold_out"]) == {"false": total}


async def test_frequent_words_are_found_as_rare_ones_are(index: SearchIndex) -> None:
    """A search of each query as it was asked, which is carried out in fewer steps where its words are frequent."""
    long = "red shade of a tall old lamp that stands by the window of your house"
    other = ["lamps lamp", "lamping shade", "shaded lampshade", "tall lamp by the window", "red window shade tall"]
    names = ["lamp", "lamp shade", "lamp lamp", "red lamp", "old lamp shade", "shade", "shades", long, *other]
    categories = ["lamp", "lamps and shades", "x", None, "x", "x", "x"]
    sizes = len(names), len(categories)
    documents = [
        article(f"lamp-{n}" if n % 11 == 0 else f"{n:05}", f"{names[n % sizes[0]]} ware") for n in range(11_000)
    ]
    await filled(index, [{**d, "category": categories[n % sizes[1]]} for n, d in enumerate(documents)])
    one, two = ["lamp", "lam", "la", "ware", "a lamp"], ["lamp shade", "lamps shades", "sha la", "lamp ware"]
    four = ["red tall old shade", "lamp shade window red", '"old lamp" red tall house shade']
    for typed in (*one, *two, *four, "lamp lamp tall shade house", "lamp shade red tall window"):
        what = asked(typed)
        query = query_of(what, ENGLISH)
        strict = as_typed(query, what)
        assert strict is not None
        plain = await index.search(VIEW, Search(strict.query, 10_000, facets=True))
        assert plain.total >= 100, typed
        for limit in (20, 10_000):
            page = await index.search(VIEW, Search(query, limit, facets=True, as_typed=strict))
            assert (page.total, page.places) == (plain.total, plain.places[:limit]), typed
            assert {path: sorted(counts) for path, counts in page.counts.items()} == {
                path: sorted(counts) for path, counts in plain.counts.items()
            }
            assert page.spans == plain.spans


async def test_a_frequent_word_of_long_titles_comes_before_one_elsewhere(index: SearchIndex) -> None:
    names = [("bowl", "vase"), ("a tall old vase for the flowers of your garden and house", "x")]
    await filled(index, [article(f"{n:05}", *names[n % 2]) for n in range(10_400)])
    for typed in ("vase", "vas"):
        found = await hits(index, typed, limit=5, facets=True)
        assert (found.total, len(found.places)) == (10_400, 5)
        assert found.places == (await hits(index, typed, limit=10_000)).places[:5]
        assert {int(document_id[-5:]) % 2 for _, document_id in found.places} == {1}


async def test_frequent_words_that_few_documents_have_together_are_counted_wherever_they_stand(
    index: SearchIndex,
) -> None:
    two, one, none = ["red lamp", "lamp shade", "red shade"], ["red", "lamp", "shade"], ["x"]
    names = [*two * 3, *one, *none * 5]
    documents = [article(f"{n:05}", names[n % 17]) for n in range(12_200)]
    all_three = [article(f"all-{n:03}", "red lamp shade") for n in range(100)]
    await filled(index, [*documents, *all_three, *(article(f"in-{n:03}", "red lamp", "shade") for n in range(80))])
    found = await hits(index, "red lamp shade", limit=20, facets=True)
    assert found.total == 180
    assert dict(found.counts["sold_out"]) == {"false": 180}
    assert found.places == (await hits(index, "red lamp shade", limit=1_000)).places[:20]


async def test_searches_of_frequent_words_at_the_same_time_count_alike(index: SearchIndex) -> None:
    await filled(index, [article(f"{n:04}", "lamp", "xy"[n % 2]) for n in range(6_000)])
    together = await gather(*(hits(index, "lamp", limit=5, facets=True) for _ in range(8)))
    for found in together:
        assert (found.total, found.places) == (6_000, together[0].places)
        assert dict(found.counts["category"]) == {'"x"': 3_000, '"y"': 3_000}


async def test_a_word_that_is_typed_twice_is_looked_for_once(index: SearchIndex) -> None:
    names = {"a": "tom tom", "b": "tom", "c": "tomtom maps", "d": "tom maps", "e": "maps"}
    await filled(index, [article(sku, name) for sku, name in names.items()])
    assert await skus(index, "tom tom") == ["a", "b", "d", "c"]
    assert await skus(index, "tom tom tom maps") == ["d", "c"]
    assert await skus(index, "maps tom maps tom maps") == ["d", "c"]


async def test_a_short_name_counts_less_than_a_word_as_it_was_typed(index: SearchIndex) -> None:
    names = ["tall a b c d e f g h i j k l mug", "tall tallmug a b c d e f"]
    await filled(index, [article(f"{n:04}", names[n % 2]) for n in range(2_800)])
    everything = (await hits(index, "tall mug", limit=5_000)).places
    assert [score for score, _ in everything] == [200] * 1_400 + [197] * 1_400
    for after, limit in ((0, 20), (200, 300), (1_200, 20), (1_390, 20)):
        page = await hits(index, "tall mug", limit=limit, after=everything[after - 1] if after else None)
        assert page.places == everything[after : after + limit]


async def test_a_page_goes_on_where_it_ended_though_documents_come_and_go(index: SearchIndex) -> None:
    await filled(index, [article(f"{n:03}", "lamp") for n in range(20)])
    first = (await hits(index, "lamp", limit=8)).places
    gone = [document_id for _, document_id in first[6:]]
    assert await index.write(VIEW, {"article.0": (0, 1)}, [], gone)
    await index.refresh(VIEW)
    rest = (await hits(index, "lamp", limit=50, after=first[-1])).places
    assert len({*first, *rest}) == 20 == len(first) + len(rest)


async def test_typing_errors_are_looked_for_where_nothing_has_the_words_as_they_were_typed(index: SearchIndex) -> None:
    names = {"a": "desk lamp", "b": "desk lamp, small", "c": "lamp for a desk", "d": "dusk lamp"}
    await filled(index, [article(sku, name) for sku, name in names.items()])
    found = (await hits(index, "desk lamp")).places
    assert sorted(document_id for _, document_id in found) == ["article-a", "article-b", "article-c"]
    read: list[Place] = []
    while page := (await hits(index, "desk lamp", limit=1, after=read[-1] if read else None)).places:
        read += page  # a later page, of which fewer are left, leaves them out too
    assert read == found
    assert sorted(await skus(index, "deks lamp")) == ["a", "b", "c"]
    assert sorted(await skus(index, "desck lamp")) == ["a", "b", "c"]
    assert sorted(await skus(index, "desk lamps")) == ["a", "b", "c", "d"]
