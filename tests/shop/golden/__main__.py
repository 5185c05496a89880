"""`python -m tests.shop.golden`: write the entries of new schemas, and say what is wrong with the others."""

import asyncio
import sys

from shared.events import CATALOGUE
from tests.shop.golden.complaints import complaints
from tests.shop.golden.entries import FOLDER, write_new
from tests.shop.golden.examples import EXAMPLES


async def main() -> int:
    """Exit code 1 while anything is wrong."""
    FOLDER.mkdir(exist_ok=True)
    for name in await write_new(CATALOGUE, EXAMPLES, FOLDER):
        print(f"written: {FOLDER.name}/{name}; add it to the commit")
    wrong = await complaints(CATALOGUE, EXAMPLES)
    print("\n".join(wrong) or "every event that was ever written can be read")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
