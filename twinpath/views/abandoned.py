"""Clears away a transaction that a dead client left open.

A process that is killed between two statements leaves its transaction open on the server, by default for 60 seconds,
and until then every write of the same documents conflicts with it. A live projector never pauses for a second between
two statements; one that was frozen that long finds its transaction gone, and starts it anew.
"""

from typing import Any

import structlog
from pymongo import AsyncMongoClient

_IDLE_MICROSECONDS = 1_000_000

_log = structlog.get_logger(__name__)


async def clear_abandoned(client: AsyncMongoClient[dict[str, Any]]) -> int:
    """End the sessions of clients of this one's name whose open transaction nobody has moved for a second; how many.

    It needs no right beyond the user's own sessions. Raises pymongo.errors.PyMongoError.
    """
    left_open = {
        "appName": client.options.pool_options.appname,
        "type": "idleSession",
        "transaction.timeInactiveMicros": {"$gt": _IDLE_MICROSECONDS},
    }
    pipeline: list[dict[str, Any]] = [{"$currentOp": {"allUsers": False, "idleSessions": True}}, {"$match": left_open}]
    sessions = await (await client.admin.aggregate(pipeline)).to_list()
    if sessions:
        _log.warning("clears_abandoned_transactions", sessions=len(sessions))
        await client.admin.command("killSessions", [{"id": session["lsid"]["id"]} for session in sessions])
    return len(sessions)
