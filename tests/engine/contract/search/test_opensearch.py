"""What search in OpenSearch does beyond the contract: several writers, aliases, blocks, TLS and passwords."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.contract.search.feed import ARTICLES
from tests.engine.contract.search.indexes import LOG, VIEW, article, filled, hits, skus, whole
from tests.support.eventually import eventually
from tests.support.opensearch import OpenSearch, own_indexes
from tests.support.opensearch_front import guarded
from twinpath.domain.searchable import Searchable
from twinpath.errors import Unavailable
from twinpath.searching.opensearch.index import OpenSearchIndex
from twinpath.searching.opensearch.server import Server


@pytest.fixture
async def opensearch() -> AsyncIterator[OpenSearch]:
    async with own_indexes() as opensearch:
        yield opensearch


async def test_another_process_sees_what_was_written_and_when(opensearch: OpenSearch) -> None:
    writer, reader = opensearch.index([ARTICLES]), opensearch.index([ARTICLES])
    assert (await reader.seen(VIEW), await reader.positions(VIEW)) == ({}, {})
    await reader.refresh(VIEW)
    with pytest.raises(Unavailable):
        await skus(reader, "lamp")
    await filled(writer, [article("a", "lamp")])
    assert await writer.write(VIEW, {LOG: (0, 4)}, [whole(article("b", "lamp"))], [])
    await reader.refresh(VIEW, {LOG: 5})
    await reader.refresh(VIEW, {LOG: 4})
    assert await reader.seen(VIEW) == {LOG: 4}
    assert sorted(await skus(reader, "lamp")) == ["a", "b"]


async def test_a_writer_that_is_late_neither_hides_nor_shows_anything(opensearch: OpenSearch) -> None:
    index, late = opensearch.index([ARTICLES]), opensearch.index([ARTICLES])
    await filled(index, [article("a", "lamp"), article("b", "lamp")])
    assert await index.write(VIEW, {LOG: (0, 1)}, [], ["article-a", "article-b"])
    assert await index.write(VIEW, {LOG: (1, 2)}, [whole(article("a", "lamp"), 5)], [])
    assert not await late.write(VIEW, {LOG: (0, 1)}, [whole(article("b", "lamp"), 9)], ["article-a"])
    await index.refresh(VIEW)
    assert await skus(index, "lamp") == ["a"]


async def test_the_alias_of_a_view_follows_the_generation_in_service(opensearch: OpenSearch) -> None:
    async def named() -> set[str]:
        everything = await opensearch.server.aliases(f"{opensearch.prefix}*")
        return {name for name, aliases in everything.items() if f"{opensearch.prefix}-articles" in aliases}

    index = opensearch.index([ARTICLES])
    await index.begin_fill(VIEW, "token")
    assert await named() == set()
    await filled(index, [article("a", "lamp")])
    [first] = await named()
    await filled(index, [article("b", "lamp")], f"{VIEW}@2")
    assert await named() == {first}
    await index.begin_fill(f"{VIEW}@10", "token")
    await index.forget(VIEW)
    [second] = await named()
    assert ".2-" in second
    other = opensearch.index([replace(ARTICLES, search=Searchable(text=("category",)))])
    await filled(other, [article("c", "", "lamp")], f"{VIEW}@2")
    [third] = await named()
    assert (".2-" in third, third != second) == (True, True)
    assert len(await opensearch.server.aliases(f"{opensearch.prefix}-articles.2-*")) == 1


async def test_an_index_that_was_deleted_is_not_made_by_what_is_written(opensearch: OpenSearch) -> None:
    index = opensearch.index([ARTICLES])
    await filled(index, [article("a", "lamp")])
    await opensearch.empty()
    assert not await index.write(VIEW, {LOG: (3, 4)}, [], [])
    with pytest.raises(Unavailable, match="alias"):
        await index.write(VIEW, {LOG: (0, 4)}, [whole(article("b", "lamp"))], [])
    assert await index.fill_state(VIEW) is None
    await filled(index, [article("c", "lamp")])
    assert await skus(index, "lamp") == ["c"]


@pytest.mark.parametrize("block", ["write", "read_only", "read_only_allow_delete"])
async def test_an_index_that_takes_no_writes_is_searched_and_goes_on_once_it_does(
    opensearch: OpenSearch, block: str
) -> None:
    index = opensearch.index([ARTICLES])
    await filled(index, [article("a", "lamp")])
    await opensearch.block(block, True)
    for documents in ([whole(article("b", "lamp"))], []):
        with pytest.raises(Unavailable) as refused:
            await index.write(VIEW, {LOG: (0, 1)}, documents, [])
        assert refused.value.code == "search_unavailable"
    assert await skus(index, "lamp") == ["a"]
    await opensearch.block(block, None)
    assert await index.write(VIEW, {LOG: (0, 1)}, [whole(article("b", "lamp"))], [])
    await index.refresh(VIEW)
    assert sorted(await skus(index, "lamp")) == ["a", "b"]


async def test_a_longest_query_is_answered(opensearch: OpenSearch) -> None:
    index = opensearch.index([ARTICLES])
    await filled(index, [article("a", "lamp")])
    for typed in (
        " ".join(f"lämps-{n}.shäde" for n in range(10, 42)),
        " ".join(["schlampampen"] * 32),
        "a" * 1_000,
        "文" * 1_000,
        '"' + "文" * 32 + '"',
    ):
        await hits(index, typed, facets=True)


async def test_a_word_of_any_length_is_taken(opensearch: OpenSearch) -> None:
    index = opensearch.index([ARTICLES])
    long = "x1" * 50_000
    await filled(index, [article("a", f"lamp {long}", long), article(long[:400], "lamp", "y" * 9_000)])
    assert sorted(await skus(index, "lamp")) == ["a", long[:400]]


async def test_an_erasure_has_the_server_merge_what_was_there_before(opensearch: OpenSearch) -> None:
    slow, index = opensearch.index([ARTICLES]), opensearch.index([ARTICLES], expunge_seconds=0.05)
    await filled(slow, [article("a", "lamp")])
    await slow.write(VIEW, {LOG: (0, 1)}, [whole(article("a"), 2)], [])
    await index.expunge(VIEW)
    await index.expunge(VIEW)
    await eventually(opensearch.has_flushed)


async def test_a_process_that_begins_expunges_what_one_before_it_may_have_left(opensearch: OpenSearch) -> None:
    await filled(opensearch.index([ARTICLES]), [article("a", "lamp")])
    await opensearch.index([ARTICLES], expunge_seconds=0.05).adopt(VIEW, {LOG: 1})
    await eventually(opensearch.has_flushed)


async def test_a_password_goes_over_tls_to_a_server_that_the_authority_vouches_for(
    opensearch: OpenSearch, tmp_path: Path
) -> None:
    password = "p@ss/w:rd %&"
    async with guarded(opensearch.url, tmp_path, {"projector": password}) as host:

        def at(address: str, ca: Path | str) -> OpenSearchIndex:
            return opensearch.at(Server(address, str(ca)), [ARTICLES])

        ca = tmp_path / "trusted/ca.crt"
        index = at(f"https://projector:p%40ss%2Fw%3Ard%20%25%26@{host}", ca)
        await filled(index, [article("a", "lamp")])
        assert await skus(index, "lamp") == ["a"]
        for address, authority in (
            (f"https://projector:wrong@{host}", ca),
            (f"https://{host}", ca),
            (f"https://projector:p%40ss%2Fw%3Ard%20%25%26@{host}", ""),
        ):
            with pytest.raises(Unavailable) as refused:
                await skus(at(address, authority), "lamp")
            assert not {"w:rd", "w%3Ard"} & {*str(refused.value).replace("ss/", " ").split()}
            assert "ss/" not in str(refused.value)


async def test_of_several_hosts_those_that_are_there_answer(opensearch: OpenSearch) -> None:
    host = opensearch.url.partition("://")[2]
    index = opensearch.at(Server(f"http://127.0.0.1:9,{host},127.0.0.1:9"), [ARTICLES])
    await filled(index, [article("a", "lamp")])
    for _ in range(6):
        assert await skus(index, "lamp") == ["a"]
