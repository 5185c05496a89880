"""What the servers keep: bytes of the log, of the views, of the copy in Redis, and of an event on its way."""

import statistics
from collections import defaultdict
from typing import Any

import orjson
from pymongo import MongoClient
from redis import Redis

from bench.model.caught_up import LOG, VIEWS, Client
from twinpath.log.commits import events_of

_SAMPLE = 500


def log_bytes(client: Client) -> int:
    """The commits, before compression and without indexes."""
    return int(_statistics(client, LOG, "commits")["size"])


def view_bytes(client: Client) -> int:
    """The documents of all views, before compression and without indexes."""
    return int(client[VIEWS].command("dbStats")["dataSize"])


def redis_bytes(redis: Redis) -> int:
    """The memory that Redis has given out."""
    told: Any = redis.info("memory")
    return int(told["used_memory"])


def on_disk(client: Client) -> dict[str, dict[str, float]]:
    """Of log and views: bytes of the documents (`size`), of the same compressed (`storage`), of indexes (`index`)."""
    client.admin.command("fsync")
    commits = _statistics(client, LOG, "commits")
    views = client[VIEWS].command("dbStats")
    return {
        "log": {"size": commits["size"], "storage": commits["storageSize"], "index": commits["totalIndexSize"]},
        "views": {"size": views["dataSize"], "storage": views["storageSize"], "index": views["indexSize"]},
    }


def event_bytes(client: Client) -> dict[str, float]:
    """Category -> the bytes of one of its events in a message to the broker, on average over the newest."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for log in client[LOG]["commits"].distinct("log"):
        for commit in client[LOG]["commits"].find({"log": log}).sort("position", -1).limit(_SAMPLE):
            pieces = (orjson.dumps(event, option=orjson.OPT_UTC_Z) for event in events_of(commit))
            found[log.partition(".")[0]] += [1 + len(piece) for piece in pieces]
    return {category: statistics.mean(sizes) for category, sizes in found.items()}


def _statistics(client: MongoClient[dict[str, Any]], database: str, collection: str) -> dict[str, Any]:
    (told,) = client[database][collection].aggregate([{"$collStats": {"storageStats": {}}}])
    of: dict[str, Any] = told["storageStats"]
    return of
