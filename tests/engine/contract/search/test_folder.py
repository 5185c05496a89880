"""What an index in a folder keeps between processes."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.contract.search.feed import ARTICLES
from tests.engine.contract.search.indexes import ENGLISH, LOG, VIEW, article, filled, skus, whole
from twinpath.domain.searchable import Searchable
from twinpath.errors import Unavailable
from twinpath.searching.language import Language
from twinpath.searching.tantivy.folder import FolderSearch


def opened(folder: Path, search: Searchable | None = ARTICLES.search, language: Language = ENGLISH) -> FolderSearch:
    return FolderSearch([replace(ARTICLES, search=search)], language, folder)


def folders(folder: Path) -> int:
    return len(list(folder.iterdir()))


async def test_another_process_sees_what_was_written(tmp_path: Path) -> None:
    writer, reader = opened(tmp_path), opened(tmp_path)
    with pytest.raises(Unavailable):
        await skus(reader, "lamp")
    assert folders(tmp_path) == 0
    await filled(writer, [article("a", "lamp")])
    assert await skus(reader, "lamp") == ["a"]
    await writer.write(VIEW, {LOG: (0, 4)}, [whole(article("b", "lamp"))], [])
    assert sorted(await skus(reader, "lamp")) == ["a", "b"]
    assert await reader.seen(VIEW) == {LOG: 4}
    await writer.forget(VIEW)
    with pytest.raises(Unavailable):
        await skus(reader, "lamp")
    await filled(writer, [article("c", "lamp")])
    assert await skus(reader, "lamp") == ["c"]
    await writer.close()


async def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    before = opened(tmp_path)
    await filled(before, [article("a", "lamp")])
    await before.write(VIEW, {LOG: (0, 4)}, [whole(article("b", "lamp"), 3)], [])
    await before.close()
    after = opened(tmp_path)
    assert (await after.fill_state(VIEW), await after.positions(VIEW)) == ("done", {LOG: 4})
    await after.write(VIEW, {LOG: (4, 5)}, [whole(article("b", "chair"), 2)], [])
    assert await skus(after, "chair") == []
    assert sorted(await skus(after, "lamp")) == ["a", "b"]
    await after.close()


async def test_a_second_writer_is_refused_in_a_clear_line(tmp_path: Path) -> None:
    first, second = opened(tmp_path), opened(tmp_path)
    await filled(first, [])
    with pytest.raises(Unavailable, match="one projector alone"):
        await second.write(VIEW, {LOG: (0, 1)}, [], [])
    await first.close()
    assert await second.write(VIEW, {LOG: (0, 1)}, [], [])
    await second.close()


async def test_another_declaration_is_another_index_and_the_old_one_goes_once_it_is_filled(tmp_path: Path) -> None:
    old = opened(tmp_path)
    await filled(old, [article("a", "lamp")])
    await old.close()
    new = opened(tmp_path, Searchable(text=("category",)))
    assert await new.positions(VIEW) == {}
    reader = opened(tmp_path)
    assert await skus(reader, "lamp") == ["a"]
    await filled(new, [article("a", "lamp", "lighting")])
    assert folders(tmp_path) == 1
    assert await skus(new, "lighting") == ["a"]
    german = opened(tmp_path, language=Language("german"))
    assert await german.fill_state(VIEW) is None
    await new.close()


async def test_a_folder_that_is_no_longer_writable_is_trouble_and_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    index = opened(tmp_path / "file")
    with pytest.raises(Unavailable, match="can't be used"):
        await index.write(VIEW, {LOG: (0, 1)}, [], [])
