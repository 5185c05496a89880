"""A commit as a MongoDB document: how it is encoded, found and read back."""

import struct
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING, DESCENDING, AsyncMongoClient, IndexModel, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection

from twinpath.domain.events import SEALED, RecordedEvent, record
from twinpath.log.interface import Appended, Commit, NewCommit
from twinpath.mongo_client import durable_database

Document = dict[str, Any]
Commits = AsyncCollection[Document]

UNIQUE_KEYS = [
    IndexModel([("log", ASCENDING), ("stream", ASCENDING), ("version", ASCENDING)], unique=True),
    IndexModel([("log", ASCENDING), ("position", ASCENDING)], unique=True),
    IndexModel([("claims", ASCENDING)], unique=True, partialFilterExpression={"claims": {"$exists": True}}),
]
"""With `_id`, the command id, the first two are the keys that hold the log together; the last one gives a claim one
holder. It has an entry for each key of the few commits with claims, and none for the others (decision 0017)."""

OWNER = f"events.data.{SEALED}.of"
KEYS = [*UNIQUE_KEYS, IndexModel([(OWNER, ASCENDING)], partialFilterExpression={OWNER: {"$exists": True}})]
"""The last one finds the personal data of an owner; commits without any have no entry in it."""

_NO_EVENTS = {"events": 0}
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH = _EPOCH_UTC.replace(tzinfo=None)
_NAIVE: CodecOptions[Document] = CodecOptions(tz_aware=False)
"""To put UTC into a commit's time takes the driver as long as half of the other fields: `events_of` does it."""

OF_EVENTS: Document = {
    "_id": 0,
    **dict.fromkeys(("stream", "version", "position", "events", "at"), 1),
    **dict.fromkeys(("actor", "correlation_id", "causation_id", "traceparent"), 1),
}
"""The fields of a commit of which `events_of` makes its events, where their log is known already."""


def commits_of(client: AsyncMongoClient[Document], database: str) -> Commits:
    """The collection of commits, read at majority from the primary and written durably to a majority.

    Their times are in UTC without saying so.
    """
    return durable_database(client, database).get_collection("commits", codec_options=_NAIVE)


def encode(commit: NewCommit, log: str, writer: str) -> bytes:
    """The BSON of a commit without its position, which is known only when its batch is sent."""
    metadata = commit.metadata
    return bson.encode(
        ({"claims": list(commit.claims)} if commit.claims else {})
        | {
            "_id": commit.command_id,
            "stream": commit.stream,
            "version": commit.expected_version + 1,
            "log": log,
            "count": len(commit.events),
            "events": [{"type": event.type, "schema": event.schema, "data": event.data} for event in commit.events],
            "at": metadata.at,
            "actor": metadata.actor,
            "correlation_id": metadata.correlation_id,
            "causation_id": metadata.causation_id,
            "traceparent": metadata.traceparent,
            "fingerprint": commit.fingerprint,
            "writer": writer,
        }
    )


def at_position(encoded: bytes, position: int) -> RawBSONDocument:
    """The commit with its position put in: a BSON document is its length, its elements and a zero byte."""
    element = b"\x12position\x00" + struct.pack("<q", position)
    return RawBSONDocument(struct.pack("<i", len(encoded) + len(element)) + encoded[4:-1] + element + b"\x00")


async def head_of(commits: Commits, log: str, session: AsyncClientSession | None = None) -> int:
    """Position of the last event of a log, 0 when it is empty; not before what the session has met, if it is given."""
    last_first, place = [("position", DESCENDING)], {"position": 1, "count": 1}
    last = await commits.find_one({"log": log}, place, sort=last_first, session=session)
    return 0 if last is None else last["position"] + last["count"] - 1


async def heads_of(commits: Commits, logs: Sequence[str]) -> dict[str, int]:
    """Position of the last event of every log, 0 where it is empty; one question for all of them."""
    shown = {"$project": {"_id": 0, "log": 1, "position": 1, "count": 1}}
    heads = await _one_after_another(commits, [[*_last_of(log), shown] for log in logs])
    return dict.fromkeys(logs, 0) | {last["log"]: last["position"] + last["count"] - 1 for last in heads}


async def find_commits_with(
    commits: Commits, log: str, after: int, upto: int, types: Collection[str]
) -> list[Document]:
    """The commits of a log with events of these types between two positions, the one that spans the first of them, and
    the last one up to the second, in order.

    The last one is looked for first: whatever precedes it was there when the others are looked for.
    """
    between = {"log": log, "position": {"$gt": after, "$lte": upto}, "events.type": {"$in": list(types)}}
    there = await _one_after_another(commits, [_last_of(log, upto), [{"$match": between}], _last_of(log, after)])
    by_position = {commit["position"]: commit for commit in there}
    return [by_position[position] for position in sorted(by_position)]


async def _one_after_another(commits: Commits, questions: Sequence[list[Document]]) -> list[Document]:
    """What several pipelines find, in one question to the server."""
    first, *rest = questions
    whole = first + [{"$unionWith": {"coll": commits.name, "pipeline": steps}} for steps in rest]
    async with await commits.aggregate(whole) as cursor:
        return await cursor.to_list()


def _last_of(log: str, upto: int | None = None) -> list[Document]:
    where = {"log": log} if upto is None else {"log": log, "position": {"$lte": upto}}
    return [{"$match": where}, {"$sort": {"position": DESCENDING}}, {"$limit": 1}]


async def version_of(commits: Commits, log: str, stream: str) -> int:
    """Version of a stream; 0 when it does not exist."""
    where = {"log": log, "stream": stream}
    last = await commits.find_one(where, {"version": 1, "count": 1}, sort=[("version", DESCENDING)])
    return 0 if last is None else last["version"] + last["count"] - 1


async def find_commits(commits: Commits, command_ids: list[str]) -> dict[str, Commit]:
    """Those of the commands that took effect, by command id, without their events."""
    documents = await commits.find({"_id": {"$in": command_ids}}, _NO_EVENTS).to_list()
    return {commit["_id"]: summary(commit, ()) for commit in documents}


async def find_holders(commits: Commits, keys: Collection[str]) -> dict[str, Document]:
    """The commits that hold the keys, by key, without their events."""
    if not keys:
        return {}
    holders = await commits.find({"claims": {"$in": list(keys)}}, _NO_EVENTS).to_list()
    return {key: commit for commit in holders for key in commit["claims"]}


def without_claim(log: str, stream: str, version: int, key: str) -> UpdateOne:
    """Takes a key from the commit of the stream up to this version that holds it, and the field with its last key: an
    empty list counts as a value in a unique index."""
    left = {"$setDifference": ["$claims", [{"$literal": key}]]}
    update = {"$set": {"claims": {"$cond": [{"$eq": [left, []]}, "$$REMOVE", left]}}}
    return UpdateOne({"claims": key, "log": log, "stream": stream, "version": {"$lte": version}}, [update])


async def find_commit(commits: Commits, command_id: str) -> Commit | None:
    """The outcome of one command, with its events."""
    document = await commits.find_one({"_id": command_id})
    return None if document is None else summary(document, events_of(document))


def summary(commit: Document, events: Sequence[RecordedEvent]) -> Commit:
    """The record of a command, from its commit."""
    last = commit["count"] - 1
    appended = Appended(commit["stream"], commit["version"] + last, commit["log"], commit["position"] + last)
    return Commit(appended, commit["fingerprint"], events)


def recorded(commit: NewCommit, last: Appended) -> list[RecordedEvent]:
    """The events of a commit whose last one stands at `last`, as `events_of` reads them."""
    before = len(commit.events) - 1
    return [
        record(event, last.stream, last.version - before + n, last.log, last.position - before + n, commit.metadata)
        for n, event in enumerate(commit.events)
    ]


def events_of(*commits: Document, log: str | None = None) -> list[RecordedEvent]:
    """The recorded events of commits, one after the other; all of them are in `log`, where it is given."""
    events: list[RecordedEvent] = []
    for commit in commits:
        at = commit["at"]
        if isinstance(at, datetime) and at.tzinfo is None:
            at = _EPOCH_UTC + (at - _EPOCH)  # `replace` takes twenty times as long
        for offset, event in enumerate(commit["events"]):
            events.append(
                RecordedEvent(
                    event["type"],
                    event["schema"],
                    event["data"],
                    commit["stream"],
                    commit["version"] + offset,
                    log or commit["log"],
                    commit["position"] + offset,
                    at,
                    commit["actor"],
                    commit["correlation_id"],
                    commit["causation_id"],
                    commit["traceparent"],
                )
            )
    return events
