"""An index in a folder that is damaged, deleted, full or gone, or whose writer is killed: nothing but its view is
needed to have it back, and it asks for that by itself."""

import asyncio
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tantivy import Index

from tests.engine.contract.search.feed import ARTICLES
from tests.engine.contract.search.indexes import ENGLISH, LOG, VIEW, article, filled, hits, skus, whole
from twinpath.errors import Unavailable
from twinpath.searching.entries import Field
from twinpath.searching.tantivy.folder import FolderSearch


def opened(folder: Path) -> FolderSearch:
    return FolderSearch([ARTICLES], ENGLISH, folder)


async def stocked(folder: Path) -> FolderSearch:
    """An index at position 3 with four lamps."""
    index = opened(folder)
    await filled(index, [article("a", "lamp")])
    for at in range(3):
        assert await index.write(VIEW, {LOG: (at, at + 1)}, [whole(article(f"b{at}", "lamp"))], [])
    return index


def files(folder: Path, suffix: str) -> list[Path]:
    [index] = folder.iterdir()
    found = [path for path in index.iterdir() if path.suffix == suffix]
    assert found, suffix
    return found


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:10])


def overwritten(path: Path) -> None:
    whole_file = path.read_bytes()
    path.write_bytes(whole_file[:5] + b"x" * min(50, len(whole_file) - 5) + whole_file[55:])


HURTS = [
    (cut, ".json"),
    (cut, ".term"),
    (cut, ".fast"),
    (Path.unlink, ".store"),
    (Path.unlink, ".idx"),
    (overwritten, ".term"),
]


@pytest.mark.parametrize(("hurt", "suffix"), HURTS)
async def test_what_can_not_be_read_any_more_is_begun_anew(
    tmp_path: Path, hurt: Callable[[Path], None], suffix: str
) -> None:
    await (await stocked(tmp_path)).close()
    for path in files(tmp_path, suffix):
        hurt(path)
    index, reader = opened(tmp_path), opened(tmp_path)
    assert await index.positions(VIEW) == {}
    assert await index.fill_state(VIEW) is None
    with pytest.raises(Unavailable):
        await skus(reader, "lamp")
    await filled(index, [article("a", "lamp")])
    assert await skus(reader, "lamp") == ["a"]
    await index.close()


def delete(folder: Path, emptied: bool) -> None:
    [index] = folder.iterdir()
    shutil.rmtree(index)
    if emptied:
        index.mkdir()


@pytest.mark.parametrize("emptied", [False, True])
async def test_a_folder_that_is_deleted_under_its_writer_is_missed_also_when_nothing_is_written(
    tmp_path: Path, emptied: bool
) -> None:
    index, reader = await stocked(tmp_path), opened(tmp_path)
    assert len(await skus(reader, "lamp")) == 4
    delete(tmp_path, emptied)
    assert await index.positions(VIEW) == {}
    with pytest.raises(Unavailable):
        await skus(reader, "lamp")
    assert not await index.write(VIEW, {LOG: (3, 4)}, [whole(article("c", "lamp"))], [])
    await filled(index, [article("a", "lamp")])
    assert await skus(reader, "lamp") == ["a"]
    await index.close()


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process can grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_costs_nothing_that_was_written_and_searches_go_on(tmp_path: Path) -> None:
    index, reader = await stocked(tmp_path), opened(tmp_path)
    with full_disk():
        for _ in range(5):
            with pytest.raises(Unavailable) as refused:
                await index.write(VIEW, {LOG: (3, 4)}, [whole(article("c", "lamp"))], [])
            assert refused.value.code == "search_unavailable"
        assert len(await skus(reader, "lamp")) == 4
    assert await index.positions(VIEW) == {LOG: 3}
    assert await index.write(VIEW, {LOG: (3, 4)}, [whole(article("c", "lamp"))], [])
    assert len(await skus(reader, "lamp")) == 5
    await index.close()


def mount(folder: Path, volume: Path) -> None:
    folder.unlink(missing_ok=True)
    folder.symlink_to(volume / "volume")
    if volume.is_dir():
        (volume / "volume").mkdir(exist_ok=True)


async def test_a_volume_that_goes_and_comes_back_is_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "search"
    mount(folder, tmp_path)
    index, reader = await stocked(folder), opened(folder)
    mount(folder, Path("/proc/nothing"))  # where nobody can make a folder, whatever their rights
    for _ in range(5):
        with pytest.raises(Unavailable):
            await index.positions(VIEW)
        with pytest.raises(Unavailable):
            await skus(reader, "lamp")
    mount(folder, tmp_path)
    assert (await index.positions(VIEW), await index.fill_state(VIEW)) == ({LOG: 3}, "done")
    assert len(await skus(reader, "lamp")) == 4
    await index.close()


def killed(folder: Path) -> int:
    """Have a process write, and kill it in the midst; the last position that it was told is taken."""
    command = [sys.executable, "-m", "tests.engine.contract.search.writing", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(random.randint(1, 12))]
        process.kill()
        return [*told, *map(int, process.stdout.read().split())][-1]


async def test_a_writer_killed_at_any_moment_leaves_all_that_it_was_told_is_written(tmp_path: Path) -> None:
    begun = opened(tmp_path)
    await filled(begun, [])
    await begun.close()
    for _ in range(3):
        told = await asyncio.to_thread(killed, tmp_path)
        index = opened(tmp_path)
        reached = (await index.positions(VIEW))[LOG]
        assert told <= reached <= told + 1
        assert await index.fill_state(VIEW) == "done"
        assert (await hits(index, "lamp")).total == reached * 20
        await index.close()


async def test_a_second_writer_never_takes_an_index_for_damaged(tmp_path: Path) -> None:
    first, second = await stocked(tmp_path), opened(tmp_path)
    for _ in range(5):
        with pytest.raises(Unavailable, match="one projector alone"):
            await second.write(VIEW, {LOG: (3, 4)}, [], [])
    assert len(await skus(first, "lamp")) == 4
    await first.close()
    await second.close()


async def test_after_an_erasure_no_word_of_it_is_left_on_the_disk(tmp_path: Path) -> None:
    index = await stocked(tmp_path)
    shown = [article("x", "lamp of erasable"), article("y", "lamp of erased", "erasable"), article("z", "erasable")]
    for at, document in enumerate(shown, 3):  # each in a file with something that stays
        assert await index.write(
            VIEW, {LOG: (at, at + 1)}, [whole(document), whole(article(f"stays{at}", "chair"))], []
        )
    before = words(tmp_path, "erasab")
    assert before == {"erasable"}

    await index.expunge(VIEW)
    assert await index.write(VIEW, {LOG: (6, 7)}, [whole(article("x", "lamp"), 3)], ["article-y", "article-z"])
    assert words(tmp_path, "erasab") == before, "deleted documents stay in the files"
    await index.close()

    index, reader = opened(tmp_path), opened(tmp_path)  # what was begun before is not forgotten
    assert await index.fill_state(VIEW) is None
    await index.begin_fill(VIEW, "token")
    assert len(await skus(reader, "lamp")) == 5, "the index stays in service"
    second = opened(tmp_path)
    with pytest.raises(Unavailable, match="one projector alone"):
        await second.begin_fill(VIEW, "another")
    assert await index.write(VIEW, {LOG: (7, 8)}, [whole(article("late", "lamp"))], ["article-b2"])
    documents = [whole(article(sku, "lamp"), 1) for sku in ("a", "b0", "b1", "b2")]
    assert await index.fill(VIEW, "token", [*documents, whole(article("x", "lamp"), 3)], True)
    assert words(tmp_path, "erasab") == set()
    assert sorted(await skus(reader, "lamp")) == ["a", "b0", "b1", "late", "x"]
    assert (await index.positions(VIEW), await index.fill_state(VIEW)) == ({LOG: 8}, "done")
    assert await index.write(VIEW, {LOG: (8, 9)}, [], [])
    await index.close()
    index = opened(tmp_path)
    assert await index.fill_state(VIEW) == "done", "it is done once"
    await index.close()
    assert len(indexes(tmp_path)) == 1


def indexes(folder: Path) -> list[Index]:
    return [Index.open(str(path)) for path in folder.iterdir()]


def words(folder: Path, prefix: str) -> set[str]:
    """The words that begin so in any file of any index, also of documents that are deleted."""
    searchers = [index.searcher() for index in indexes(folder)]
    return {word for searcher in searchers for field in Field for word, _ in searcher.terms_with_prefix(field, prefix)}
