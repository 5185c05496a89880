"""Measures the lag from 201 to visible in every view of tickets, at half of the highest throughput of commands.

Every view gets a query with the command's causal token: the lag ends with the last answer, so it includes the time of
the query itself.
"""

import asyncio
import statistics
from time import perf_counter

import aiohttp
import uvloop

from bench.figures import at_most
from bench.measuring import running, servers
from bench.run import Run
from bench.services.connection import JSON
from bench.services.open_load import BODY, POST_A_TICKET, Outcome, closed_load, open_load
from deploy.local.services import NAMES, Service

LASTS = 3
"""The load lasts so many times as long as other loads."""
_BETWEEN_SECONDS = 0.02
VIEWS = ("tickets/{}", "tickets?limit=1", "tickets/dashboard", "history/{}")


async def _lag(session: aiohttp.ClientSession, command: str, query: str) -> float:
    """Milliseconds from the answer to one command until the last of the views shows it."""
    token, ticket = await _accepted(session, command)
    began = perf_counter()

    async def visible(path: str) -> None:
        while True:  # a query whose wait runs out is answered with 202
            async with session.get(f"{query}/api/v1/{path}", headers={"Causal-Token": token}) as shown:
                shown.raise_for_status()
                if shown.status == 200:
                    return

    await asyncio.gather(*(visible(path.format(ticket)) for path in VIEWS))
    return 1000 * (perf_counter() - began)


async def _accepted(session: aiohttp.ClientSession, command: str) -> tuple[str, str]:
    """The token and the id of a new ticket; an overloaded service is asked again."""
    while True:
        async with session.post(f"{command}/api/v1/tickets", data=BODY, headers=JSON) as answer:
            if answer.status == 201:
                return answer.headers["Causal-Token"], (await answer.json())["ticket_id"]
            if answer.status != 503:
                answer.raise_for_status()
        await asyncio.sleep(_BETWEEN_SECONDS)


async def _sampled(command: str, query: str, rate: float, seconds: float) -> tuple[Outcome, list[float]]:
    """The outcome of a load, and the lags of commands that were sent beside it."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        await _lag(session, command, query)  # no command of the load before is waiting any more
        load = asyncio.create_task(asyncio.to_thread(open_load, command, rate, seconds))
        samples: list[asyncio.Task[float]] = []
        while not load.done():
            samples.append(asyncio.create_task(_lag(session, command, query)))
            await asyncio.wait([load], timeout=_BETWEEN_SECONDS)
        return await load, await asyncio.gather(*samples)


def _measure(run: Run, to_command: Service, to_query: Service) -> None:
    median = run.figure("lag, 201 to visible in every view, p50 at half of the peak", at_most(15, "ms"), "ms")
    worst = run.figure("lag, 201 to visible in every view, p99 at half of the peak", at_most(60, "ms"), "ms")
    for _ in run.rounds():
        peak = closed_load(to_command.url, POST_A_TICKET, run.sizes)
        rest = max(1.0, peak / 2 - 1 / _BETWEEN_SECONDS)  # the samples are a part of the half
        load, lags = uvloop.run(_sampled(to_command.url, to_query.url, rest, LASTS * run.sizes.seconds))
        run.say(
            f"peak {peak:,.0f}/s; beside the samples {load.goodput:,.0f}/s accepted of {rest:,.0f}/s, {len(lags)} lags"
        )
        median.add(statistics.median(lags))
        worst.add(statistics.quantiles(lags, n=100)[98])


def measure(run: Run) -> None:
    """On private servers, with one of each service."""
    with servers() as started, running(started, *NAMES) as (to_command, _, to_query):
        _measure(run, to_command, to_query)
