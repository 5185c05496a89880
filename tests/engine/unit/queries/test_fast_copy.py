"""A copy that is behind its view is not read, whyever it is behind, and is read again when it has caught up."""

from collections.abc import Mapping, Sequence

import pytest

from tests.support.clocks import Seconds
from twinpath.domain.views import NOTHING, Cached
from twinpath.errors import Unavailable
from twinpath.queries.reading.copy_bounds import SILENT_SECONDS, TRAILING_SECONDS, CopyBounds
from twinpath.queries.reading.fast_copy import FastCopy
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Moves

VIEW, PRODUCTS, OWNERS = "catalogue", "product.0", "owner.0"
OLD, NEW = Cached("a", 1, '"1"', b"9.99"), Cached("a", 2, '"2"', b"12.00")


class RefusesWrites(InMemoryViewCache):
    """Reads are answered, writes refused while it is `full`; `asked` counts the reads."""

    full = away = False
    asked = 0

    async def write(self, view: str, moves: Moves, documents: Sequence[Cached], removed: Sequence[str]) -> bool:
        """See ViewCache.write."""
        if self.full:
            raise Unavailable("OOM command not allowed")
        return await super().write(view, moves, documents, removed)

    async def get(self, view: str, document_id: str, at_least: Mapping[str, int] = NOTHING) -> Cached | None:
        """See ViewCache.get."""
        self.asked += 1
        if self.away:
            raise Unavailable("Redis does not answer")
        return await super().get(view, document_id, at_least)


class Copied:
    """A product in a copy that was current, and then could not take a new price."""

    def __init__(self) -> None:
        self.clock = Seconds()
        self.cache = RefusesWrites()
        self.erasures: dict[str, int] = {}
        self.bounds = CopyBounds(lambda view: self.erasures, self.clock)
        self.copy = FastCopy(self.cache, InMemoryViewStore(), self.bounds)

    async def begin(self) -> None:
        """The first price."""
        await self.cache.write(VIEW, {PRODUCTS: (0, 1)}, [OLD], [])
        self.bounds.heard({(VIEW, PRODUCTS): 1, (VIEW, OWNERS): 0}, everything=True)
        assert await self.copy.get(VIEW, "a") == OLD

    async def refuse(self, log: str, expected: int, position: int) -> None:
        """What the view has from now on, and the copy has not."""
        self.cache.full = True
        with pytest.raises(Unavailable):
            await self.cache.write(VIEW, {log: (expected, position)}, [NEW], [])
        self.bounds.heard({(VIEW, log): position})

    def wait(self, seconds: float) -> None:
        """Let time pass, in which nothing moves."""
        self.clock.pass_by(seconds)
        self.bounds.heard({})

    async def read(self) -> Cached | None:
        """By id, which both ways must tell alike."""
        one = await self.copy.get(VIEW, "a")
        assert await self.copy.get_many(VIEW, ["a"]) == [one]
        return one


@pytest.fixture
async def copied() -> Copied:
    made = Copied()
    await made.begin()
    return made


async def test_an_old_price_is_not_served_from_a_copy_that_refuses_writes(copied: Copied) -> None:
    await copied.refuse(PRODUCTS, 1, 2)
    copied.wait(TRAILING_SECONDS / 2)
    assert await copied.read() == OLD  # the moment that copying takes
    assert await copied.copy.bypassed() == {}

    copied.wait(TRAILING_SECONDS / 2)
    for _ in range(100):
        assert await copied.read() is None
        copied.wait(0.5)

    assert await copied.copy.bypassed() == {VIEW: "the copy of catalogue is at 1 of product.0, its view at 2"}
    with pytest.raises(Unavailable) as told:
        await copied.copy.check()
    assert list(told.value.facts["views"]) == [VIEW]  # type: ignore[call-overload]


async def test_what_an_erasure_left_behind_is_not_served_for_a_moment(copied: Copied) -> None:
    copied.erasures[OWNERS] = 1
    await copied.refuse(OWNERS, 0, 1)

    assert await copied.read() is None


async def test_a_copy_that_has_caught_up_is_read_again(copied: Copied) -> None:
    await copied.refuse(PRODUCTS, 1, 2)
    copied.wait(60)
    assert await copied.read() is None

    copied.cache.full = False
    await copied.cache.write(VIEW, {PRODUCTS: (1, 2)}, [NEW], [])
    assert await copied.copy.bypassed() == {}
    copied.wait(1)

    assert await copied.read() == NEW
    await copied.copy.check()


async def test_a_copy_that_comes_back_with_old_data_is_not_read(copied: Copied) -> None:
    await copied.cache.write(VIEW, {PRODUCTS: (1, 2)}, [NEW], [])
    copied.bounds.heard({(VIEW, PRODUCTS): 2})
    copied.wait(60)
    assert await copied.read() == NEW

    copied.cache.flush()
    await copied.cache.write(VIEW, {PRODUCTS: (0, 1)}, [OLD], [])

    assert await copied.read() is None


async def test_a_copy_whose_view_was_not_heard_of_is_not_read(copied: Copied) -> None:
    copied.clock.pass_by(SILENT_SECONDS + 1)

    assert await copied.read() is None
    assert "nothing was heard" in (await copied.copy.bypassed())[VIEW]
    copied.bounds.heard({})
    assert await copied.read() == OLD


async def test_the_longer_a_copy_trails_the_more_seldom_it_is_asked(copied: Copied) -> None:
    await copied.refuse(PRODUCTS, 1, 2)
    copied.wait(60)
    copied.cache.asked = 0
    for _ in range(600):
        assert await copied.copy.get(VIEW, "a") is None
        copied.wait(0.1)

    assert 55 <= copied.cache.asked <= 75


async def test_one_view_that_trails_is_bypassed_alone(copied: Copied) -> None:
    await copied.cache.write("other", {PRODUCTS: (0, 2)}, [NEW], [])
    copied.bounds.heard({("other", PRODUCTS): 2})
    await copied.refuse(PRODUCTS, 1, 2)
    copied.wait(60)

    assert await copied.read() is None
    assert await copied.copy.get("other", "a") == NEW
    assert list(await copied.copy.bypassed()) == [VIEW]


async def test_a_cache_that_is_away_is_asked_once_a_second_and_named(copied: Copied) -> None:
    copied.cache.away, copied.cache.asked = True, 0
    for _ in range(40):
        assert await copied.copy.get(VIEW, "a") is None
        copied.wait(0.1)

    assert 3 <= copied.cache.asked <= 5
