"""A process that writes articles into an index without end: `python -m tests.engine.contract.search.writing FOLDER`.

It prints each position of the log that was taken.
"""

import asyncio
import sys
from pathlib import Path

from tests.engine.contract.search.feed import ARTICLES
from tests.engine.contract.search.indexes import ENGLISH, LOG, VIEW, article, whole
from twinpath.searching.tantivy.folder import FolderSearch


async def main(folder: Path) -> None:
    """Write from where the index is, a few articles a position."""
    index = FolderSearch([ARTICLES], ENGLISH, folder)
    position = (await index.positions(VIEW)).get(LOG, 0)
    while True:
        articles = [whole(article(f"{position}x{number}", "lamp")) for number in range(20)]
        assert await index.write(VIEW, {LOG: (position, position + 1)}, articles, [])
        position += 1
        print(position, flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
