"""Transactions on MongoDB that are tried anew while they lose against others."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure, PyMongoError

from twinpath.mongo_client import DURABLE, MAJORITY
from twinpath.views.abandoned import clear_abandoned
from twinpath.views.mongodb.statements import our_errors, passes

_EXISTS = 48
_ATTEMPTS_BEFORE_CLEARING = 8
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.002, 0.1


async def make_collection(database: AsyncDatabase[dict[str, Any]], name: str) -> None:
    """Make a collection unless it is there, also when somebody else makes it just now. Raises PyMongoError."""
    try:
        await database.create_collection(name, check_exists=False)
    except OperationFailure as error:
        if error.code != _EXISTS:
            raise


class Transactions:
    """`patience` is for how many seconds one is tried again that loses."""

    def __init__(self, client: AsyncMongoClient[dict[str, Any]], patience: float) -> None:
        self._client = client
        self._patience = patience

    async def carry_out(self, work: Callable[[AsyncClientSession], Awaitable[None]]) -> None:
        """Do it as one transaction: all of it or nothing, durably; `work` may be called several times.

        Raises what `work` raises, and as `our_errors` says.
        """
        now = asyncio.get_running_loop().time
        deadline = now() + self._patience
        pause = _SHORTEST_PAUSE
        with our_errors():
            async with self._client.start_session() as session:
                for attempt in count(1):
                    try:
                        async with await session.start_transaction(MAJORITY, DURABLE):
                            await work(session)
                        break
                    except PyMongoError as error:
                        if not passes(error) or now() > deadline:
                            raise
                    await asyncio.sleep(pause * random.random())
                    pause = min(2 * pause, _LONGEST_PAUSE)
                    if attempt % _ATTEMPTS_BEFORE_CLEARING == 0:
                        await clear_abandoned(self._client)
