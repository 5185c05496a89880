"""Waits until the relay, the fulfilment process and every projection have reached the end of the log."""

import time
from collections import Counter
from typing import Any

from pymongo import DESCENDING, MongoClient

from shared.events import CATALOGUE
from twinpath.ids import logs_of
from twinpath.views.mongodb.stores import CHECKPOINTS

LOG, VIEWS, PARTITIONS = "twinpath_log", "twinpath_views", 4
"""The defaults of the services."""
_LOOK_SECONDS = 0.1
_LONGEST = 120.0
Client = MongoClient[dict[str, Any]]


def wait_until_caught_up(client: Client) -> dict[str, int]:
    """Category -> events in its logs, once every follower has reached the heads. Raises TimeoutError after 120 s."""
    ends = time.monotonic() + _LONGEST
    while time.monotonic() < ends:
        reached = _reached(client)  # read before the heads, so that a follower at a head has every event
        heads = _heads(client)
        if all(position == heads[log] for log, position in reached):
            events: Counter[str] = Counter()
            for log, head in heads.items():
                events[log.partition(".")[0]] += head
            return dict(events)
        time.sleep(_LOOK_SECONDS)
    raise TimeoutError(f"after {_LONGEST:g} s some follower had not reached the end of a log")


def _heads(client: Client) -> dict[str, int]:
    heads = {}
    for log in logs_of(CATALOGUE.categories, PARTITIONS):
        last = client[LOG]["commits"].find_one(
            {"log": log}, {"position": 1, "count": 1}, sort=[("position", DESCENDING)]
        )
        heads[log] = last["position"] + last["count"] - 1 if last else 0
    return heads


def _reached(client: Client) -> list[tuple[str, int]]:
    """(Log, position) of every follower."""
    marks = [
        mark
        for database, collection in ((VIEWS, CHECKPOINTS), (LOG, "relay_watermarks"), (LOG, "process_checkpoints"))
        for mark in client[database][collection].find({"position": {"$exists": True}})
    ]
    return [(mark["_id"].rpartition("/")[2], mark["position"]) for mark in marks]
