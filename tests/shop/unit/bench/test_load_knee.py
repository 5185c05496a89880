"""The search for the knee, and what counts as a load that went well."""

from bench.load.figures import Second, record
from bench.load.knee import find_knee, is_well


async def search(first: float, limit: float) -> tuple[float, float, list[float]]:
    """The knee of something that goes well up to a limit, and the rates that were tried."""
    tried: list[float] = []

    async def goes_well(rate: float) -> bool:
        tried.append(rate)
        return rate <= limit

    return *await find_knee(first, goes_well), tried


async def test_the_knee_is_between_what_went_well_and_what_was_too_much() -> None:
    good, bad, tried = await search(200, 1_000)
    assert tried[:3] == [200, 400, 800]
    assert good <= 1_000 < bad
    assert bad - good == (1_600 - 800) / 2**4


async def test_where_the_first_rate_is_too_much_lower_ones_are_tried() -> None:
    good, bad, _ = await search(200, 60)
    assert 0 < good <= 60 < bad


async def test_where_nothing_goes_well_the_knee_is_nought() -> None:
    assert (await search(200, 0))[0] == 0


def second(command: float = 0.01, query: float = 0.002, queries: int = 95) -> Second:
    """100 answers, with these times in seconds."""
    made = Second()
    for _ in range(100 - queries):
        record(made.times["command"], command)
    for _ in range(queries):
        record(made.times["query"], query)
    return made


def test_a_load_went_well_when_all_of_it_was_answered_in_time() -> None:
    assert is_well(100, 1, [second()])
    assert not is_well(100, 1, [second(command=0.051)])
    assert not is_well(100, 1, [second(query=0.011)])
    assert not is_well(200, 1, [second()])


def test_a_load_with_a_failure_did_not_go_well() -> None:
    bad = second()
    bad.failed = 1
    assert not is_well(100, 1, [bad])
