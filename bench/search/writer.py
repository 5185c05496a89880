"""Fills an index in a folder, and changes products in it at a steady pace: `python -m bench.search.writer FOLDER SIZE`.

Once all are there it prints `filled`. Each line that it reads is a number of changes a second and a number of seconds;
it prints how many changes a second it made then.
"""

import asyncio
import random
import sys
import time
from dataclasses import replace
from pathlib import Path

from bench.search.products import products
from shared.read_models.product_catalogue import PRICE_ORDER, PRODUCT_CATALOGUE
from twinpath.projecting.copying.kinds import whole
from twinpath.running.garbage import collect_seldom
from twinpath.searching.entries import WholeDocument
from twinpath.searching.language import Language
from twinpath.searching.tantivy.folder import FolderSearch

LOG = "product.0"
_PAGE, _CHANGING = 5_000, 20_000
"""Products in one write of the fill, and how many of them change."""
_STEP_SECONDS = 0.25
_VIEW = PRODUCT_CATALOGUE.name


def _documents(numbers: range) -> list[WholeDocument]:
    return whole(PRODUCT_CATALOGUE, products(numbers))


class _Writer:
    """Of an index with so many products."""

    def __init__(self, index: FolderSearch, size: int) -> None:
        self._index = index
        self._size = size
        self._position = 0
        self._revision = 1
        self._changing = _documents(range(min(size, _CHANGING)))

    async def fill(self) -> None:
        """Have every product in it."""
        await self._index.begin_fill(_VIEW, "bench")
        for start in range(0, self._size, _PAGE):
            end = min(self._size, start + _PAGE)
            assert await self._index.fill(_VIEW, "bench", _documents(range(start, end)), end == self._size)

    async def change(self, rate: int, seconds: float) -> float:
        """Changes a second: what comes while a write is under way goes with the next one, as the keeper does it.

        An index that keeps up has, once its last write ends, whatever had come when that began.
        """
        began, done, last = time.perf_counter(), 0, 0.0
        while (now := time.perf_counter() - began) < seconds:
            if (due := min(int(now * rate) - done, 500)) < rate * _STEP_SECONDS:
                await asyncio.sleep(_STEP_SECONDS / 10)
                continue
            self._revision += 1
            changed = [
                replace(
                    before, revision=self._revision, document={**before.document, PRICE_ORDER: random.randrange(10**6)}
                )
                for before in random.sample(self._changing, min(due, len(self._changing)))
            ]
            assert await self._index.write(_VIEW, {LOG: (self._position, self._position + due)}, changed, [])
            self._position, done, last = self._position + due, done + due, now
        return done / last


async def main(folder: Path, size: int) -> None:
    """See above."""
    index = FolderSearch([PRODUCT_CATALOGUE], Language("english"), folder, fill_seconds=3_600)
    writer = _Writer(index, size)
    await writer.fill()
    collect_seldom()
    print("filled", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        rate, seconds = line.split()
        print(await writer.change(int(rate), float(seconds)), flush=True)
    await index.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
