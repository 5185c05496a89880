"""What limits of callers promise, counted in Redis and by a process alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from socket import socket
from time import time
from urllib.parse import urlsplit, urlunsplit

import pytest

from twinpath.errors import TooMany
from twinpath.identity.rates import CallerRates

HOUR = "100/hour"
PATIENCE = 30.0  # a busy machine's Redis may answer late, and whoever stops waiting counts alone, which is another test
Make = Callable[..., CallerRates]


class Later:
    """A clock that can be moved on; the windows themselves are counted by the store's own."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time() + self.ahead


@pytest.fixture(params=["alone", "redis"])
async def make(request: pytest.FixtureRequest) -> AsyncIterator[Make]:
    made: list[CallerRates] = []
    url, prefix = map(request.getfixturevalue, ("redis_url", "unique")) if request.param == "redis" else (None, "")

    def make_rates(caller_rate: str | None = None, address_rate: str | None = None) -> CallerRates:
        made.append(CallerRates(caller_rate, address_rate, url, prefix, redis_timeout=PATIENCE))
        return made[-1]

    yield make_rates
    for rates in made:
        await rates.close()


async def passed(rates: CallerRates, caller: str, tries: int, *, is_known: bool = True) -> int:
    """How many of so many requests at once were let through."""
    answers = await asyncio.gather(*(rates.take(caller, is_known) for _ in range(tries)), return_exceptions=True)
    others = [answer for answer in answers if isinstance(answer, BaseException) and not isinstance(answer, TooMany)]
    assert not others
    return answers.count(None)


async def test_exactly_as_many_requests_pass_as_the_limit_says(make: Make) -> None:
    assert await passed(make(caller_rate=HOUR), "ada", 300) == 100


async def test_a_limit_that_no_share_divides_is_used_to_its_end(make: Make) -> None:
    assert await passed(make(caller_rate="119/hour"), "ada", 300) == 119
    assert await passed(make(caller_rate="1/hour"), "ada", 3) == 1


async def test_callers_do_not_use_each_others_limit_up(make: Make) -> None:
    rates = make(caller_rate=HOUR, address_rate="7/hour")
    await passed(rates, "ada", 300)

    assert await passed(rates, "bob", 300) == 100
    assert await passed(rates, "ada", 300, is_known=False) == 7  # an address may be called as a subject is


async def test_a_caller_that_is_called_like_an_address_has_a_limit_of_its_own(make: Make) -> None:
    rates = make("2/hour", "2/hour")

    assert await passed(rates, "20:db8::1", 3) == 2
    assert await passed(rates, "20:db8::1", 3, is_known=False) == 2


async def test_a_refusal_says_when_to_come_back(make: Make) -> None:
    rates = make(caller_rate="1/hour")
    await rates.take("ada", is_known=True)

    with pytest.raises(TooMany) as refused:
        await rates.take("ada", is_known=True)

    seconds = refused.value.facts["retry_after"]
    assert isinstance(seconds, int)
    assert 1 <= seconds <= 3600
    assert refused.value.code == "rate_limited"


async def test_an_answer_tells_what_is_left(make: Make) -> None:
    rates = make(caller_rate="10/minute")

    headers = []
    for _ in range(2):
        await rates.take("ada", is_known=True)
        headers.append(rates.headers("ada", is_known=True))

    assert [line["RateLimit"].split(";")[:2] for line in headers] == [['"caller"', "r=9"], ['"caller"', "r=8"]]
    assert headers[0]["RateLimit-Policy"] == '"caller";q=10;w=60'


async def test_no_limit_is_no_limit(make: Make) -> None:
    await make().take("ada", is_known=True)
    assert make().headers("ada", is_known=True) == {}


async def test_replicas_share_one_limit(redis_url: str, unique: str) -> None:
    replicas = [CallerRates(HOUR, redis_url=redis_url, prefix=unique, redis_timeout=PATIENCE) for _ in range(3)]

    assert sum([await passed(rates, "ada", 100) for rates in replicas]) == 100

    for rates in replicas:
        await rates.close()


async def test_without_redis_each_counts_alone_and_together_again_when_it_is_back(
    redis_url: str, unique: str, unused_tcp_port: int
) -> None:
    clock = Later()
    behind = urlunsplit(urlsplit(redis_url)._replace(netloc=_with_port(redis_url, unused_tcp_port)))
    rates = CallerRates(HOUR, redis_url=behind, prefix=unique, clock=clock, redis_timeout=PATIENCE)
    other = CallerRates(HOUR, redis_url=redis_url, prefix=unique, redis_timeout=PATIENCE)

    assert await passed(rates, "ada", 300) == 100

    async with forwarding(unused_tcp_port, redis_url):
        clock.ahead = 10.0
        assert await passed(rates, "ada", 300) == 100
        assert await passed(other, "ada", 300) == 0

        await rates.close()
    await other.close()


def _with_port(url: str, port: int) -> str:
    parts = urlsplit(url)
    login = parts.netloc.rpartition("@")[0]
    return f"{login}@127.0.0.1:{port}" if login else f"127.0.0.1:{port}"


@asynccontextmanager
async def forwarding(port: int, url: str) -> AsyncIterator[None]:
    """A port that leads to the server of a URL."""
    target = urlsplit(url)

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while chunk := await source.read(65_536):
            sink.write(chunk)
        sink.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(target.hostname, target.port)
        await asyncio.gather(pump(reader, back), pump(there, writer))

    async with await asyncio.start_server(connected, "127.0.0.1", port):
        yield


@pytest.fixture
def unused_tcp_port() -> int:
    with socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])
