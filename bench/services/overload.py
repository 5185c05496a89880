"""A command service at 0.5 to 3 times its capacity, at a fixed rate, with admission control and without it."""

import asyncio

from bench.figures import at_least, at_most
from bench.measuring import running, servers
from bench.run import Run
from bench.services.open_load import POST_A_TICKET, Outcome, closed_load, open_load
from bench.services.over_http import declare_short_queue

FACTORS = (0.5, 1.0, 1.5, 3.0)
NO_LIMIT_MS = "600000"
"""So high that the limit is never reached."""


def measure(run: Run) -> None:
    """On private servers: a line for every load, and the three ratios."""
    goodputs = run.figure("goodput at 3 x / at 1 x of what the command service can do", at_least(0.9), "/s")
    latencies = run.figure("p50 of the accepted at 3 x / at 1 x", at_most(2), "ms")
    without = run.figure("p50 at 3 x without a limit / with it", at_least(5), "ms")
    other = {"TWINPATH_MOST_WAITING_MS": NO_LIMIT_MS, "TWINPATH_LOG_DATABASE": "without"}
    seconds = run.sizes.seconds
    with servers() as started:
        asyncio.run(declare_short_queue(started.rabbitmq))
        with running(started, "command") as (limited,), running(started, "command", env=other) as (unlimited,):
            for _ in run.rounds():
                capacity = closed_load(unlimited.url, POST_A_TICKET, run.sizes)
                run.say(f"{capacity:,.0f} commands/s with {run.sizes.callers} connections")
                limited_outcomes = {factor: open_load(limited.url, factor * capacity, seconds) for factor in FACTORS}
                unlimited_outcomes = {
                    factor: open_load(unlimited.url, factor * capacity, seconds) for factor in (1.0, 3.0)
                }
                for name, outcomes in (("", limited_outcomes), (" without limit", unlimited_outcomes)):
                    for factor, outcome in outcomes.items():
                        run.say(_report(f"{factor:g} x{name}", outcome))
                goodputs.add(limited_outcomes[3.0].goodput, limited_outcomes[1.0].goodput)
                latencies.add(limited_outcomes[3.0].p50, limited_outcomes[1.0].p50)
                without.add(unlimited_outcomes[3.0].p50, limited_outcomes[3.0].p50)


def _report(name: str, outcome: Outcome) -> str:
    return (
        f"  {name:20} {outcome.goodput:6,.0f}/s accepted, p50 {outcome.p50:6.0f} ms, p99 {outcome.p99:6.0f} ms,"
        f" {outcome.refused:4.0%} refused (p99 {outcome.refused_p99:.0f} ms), {outcome.failed} failed"
    )
