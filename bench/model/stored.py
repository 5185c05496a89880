"""The sizes of the log, the views, the copy in Redis, and an event in a message."""

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
    """Bytes of the commits, before compression and without indexes."""
    return int(_statistics(client, LOG, "commits")["size"])


def view_bytes(client: Client) -> int:
    """Bytes of the documents of all views, before compression and without indexes."""
    return int(client[VIEWS].command("dbStats")["dataSize"])


def redis_bytes(redis: Redis) -> int:
    """Bytes of memory that Redis has allocated."""
    memory: Any = redis.info("memory")
    return int(memory["used_memory"])


def on_disk(client: Client) -> dict[str, dict[str, float]]:
    """Bytes of the log and of the views: documents (`size`), compressed documents (`storage`), indexes (`index`)."""
    client.admin.command("fsync")
    commits = _statistics(client, LOG, "commits")
    views = client[VIEWS].command("dbStats")
    return {
        "log": {"size": commits["size"], "storage": commits["storageSize"], "index": commits["totalIndexSize"]},
        "views": {"size": views["dataSize"], "storage": views["storageSize"], "index": views["indexSize"]},
    }


def event_bytes(client: Client) -> dict[str, float]:
    """Category -> the average bytes of an event in a message to the broker, over the newest events."""
    sizes_of: defaultdict[str, list[int]] = defaultdict(list)
    for log in client[LOG]["commits"].distinct("log"):
        for commit in client[LOG]["commits"].find({"log": log}).sort("position", -1).limit(_SAMPLE):
            pieces = (orjson.dumps(event, option=orjson.OPT_UTC_Z) for event in events_of(commit))
            sizes_of[log.partition(".")[0]] += [1 + len(piece) for piece in pieces]
    return {category: statistics.mean(sizes) for category, sizes in sizes_of.items()}


def _statistics(client: MongoClient[dict[str, Any]], database: str, collection: str) -> dict[str, Any]:
    (answer,) = client[database][collection].aggregate([{"$collStats": {"storageStats": {}}}])
    statistics_: dict[str, Any] = answer["storageStats"]
    return statistics_
