"""What a caller costs a command: a token that is verified once and then looked up, and the count of what each asks."""

import asyncio
from statistics import fmean

from bench.figures import at_least
from bench.measuring import running, servers
from bench.run import Run
from bench.services.open_load import BODY, POST_A_TICKET, as_bytes, closed_load
from bench.services.over_http import declare_short_queue
from deploy.issuer.provider import Memory
from deploy.issuer.serving import beside
from deploy.local.ports import hold_port
from deploy.local.services import identity_environment
from twinpath.identity.development_token import token_of

PLENTY = "900000000/minute"
"""A limit that is counted and never reached."""

_TURNS = 8
"""Short loads a round on either service in turn, so that whatever else slows the machine slows both."""


def measure(run: Run) -> None:
    """POST a ticket with a token that is verified already, against nobody being asked; replicas count in Redis."""
    figure = run.figure("POST a ticket, identity on / off, 64 connections", at_least(0.95), "/s")
    with servers() as started, beside(hold_port().release(), Memory()) as issuer:
        asyncio.run(declare_short_queue(started.rabbitmq))
        counted = {"TWINPATH_CALLER_RATE": PLENTY, "TWINPATH_RATES_REDIS_URL": started.redis}
        asking = {**identity_environment(issuer), **counted, "TWINPATH_LOG_DATABASE": "identity"}
        bearer = {"Authorization": f"Bearer {token_of(issuer, 'operator')}"}
        with running(started, "command", env=asking) as (on,), running(started, "command") as (off,):
            with_token = as_bytes("POST", "/api/v1/tickets", BODY, bearer)
            short = run.sizes.model_copy(update={"seconds": run.sizes.seconds / 4})
            for _ in run.rounds():
                turns = [
                    (closed_load(on.url, with_token, short), closed_load(off.url, POST_A_TICKET, short))
                    for _ in range(_TURNS)
                ]
                figure.add(*(fmean(rates) for rates in zip(*turns, strict=True)))
