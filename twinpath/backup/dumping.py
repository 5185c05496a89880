"""Writes an archive of one moment: MongoDB's snapshot reads show all databases as they were at one time of the cluster.

The moment must be one for the log and its marks: marks of processes and views are positions in the log, and a mark that
is younger than its log would lie beyond the log's end.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree
from typing import Any, cast

from pymongo import AsyncMongoClient, ReadPreference
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from twinpath.backup.archive import PARTS, Kind, Manifest, write_description, write_manifest, written
from twinpath.clock import utc_now
from twinpath.errors import TwinpathError

_SNAPSHOT_TOO_OLD, _SNAPSHOT_UNAVAILABLE = 239, 246


class MomentLost(TwinpathError):
    """MongoDB does not keep the moment any more: the archive took too long, or a collection was changed meanwhile."""

    code = "moment_lost"


async def dump(
    client: AsyncMongoClient[dict[str, Any]], databases: Mapping[str, str], kind: Kind, folder: Path
) -> Manifest:
    """Write the archive into `folder`/`kind`-TIME; other readers see it only when it is whole.

    Args:
        databases: part -> its database's name; a part without a name is left out.

    Raises:
        MomentLost: it took longer than MongoDB keeps a moment (minSnapshotHistoryWindowInSeconds, 300 by default).
        FileExistsError: there is an archive of this second.
        OSError, PyMongoError: the folder can't be written, MongoDB does not answer or refuses.
    """
    taken_at = utc_now().strftime("%Y-%m-%dT%H%M%SZ")
    draft, archive = folder / f".{kind}-{taken_at}", folder / f"{kind}-{taken_at}"
    if archive.exists():
        raise FileExistsError(f"{archive} is there already")
    parts = {part: client[databases[part]] for part in PARTS[kind] if part in databases}
    described = {part: await _described(database) for part, database in parts.items()}
    documents: dict[str, dict[str, int]] = {}
    cluster_time = await _cluster_time(client)
    draft.mkdir(parents=True, mode=0o700)  # MongoDB has answered
    async with client.start_session(snapshot=True) as session:
        try:
            await next(iter(parts.values()))["layout"].find_one({}, session=session)  # the moment is the first read's
            if kind == "log":
                cluster_time = await _cluster_time(client)
            for part, database in parts.items():
                documents[part] = {}
                for name, description in described[part].items():
                    documents[part][name] = await _collection(database, session, draft, part, name)
                    write_description(draft, part, name, description)
        except BaseException as failure:
            rmtree(draft)
            if isinstance(failure, OperationFailure) and failure.code in (_SNAPSHOT_TOO_OLD, _SNAPSHOT_UNAVAILABLE):
                raise MomentLost(_ADVICE) from failure
            raise
    manifest = Manifest(kind, cluster_time, taken_at, documents)
    write_manifest(draft, manifest)
    draft.rename(archive)
    return manifest


_ADVICE = (
    "MongoDB does not keep the moment of this archive any more. Try again, as a view may just have been rebuilt; "
    "if it takes longer than MongoDB's minSnapshotHistoryWindowInSeconds, raise that, or leave out the views"
)


async def _cluster_time(client: AsyncMongoClient[dict[str, Any]]) -> int:
    """The time of the cluster's last write that the primary knows, as one number."""
    time = (await client.admin.command("hello"))["operationTime"]
    return int(time.time << 32 | time.inc)


async def _described(database: AsyncDatabase[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Collection -> its options and its indexes."""
    described = {}
    async for collection in await database.list_collections(filter={"type": "collection"}):
        name = collection["name"]
        if not name.startswith("system."):
            indexes = [dict(index) async for index in await database[name].list_indexes()]
            described[name] = {"options": collection["options"], "indexes": indexes}
    return described


async def _collection(
    database: AsyncDatabase[dict[str, Any]], session: AsyncClientSession, folder: Path, part: str, name: str
) -> int:
    """Write its documents; how many they are."""
    count = 0
    collection = database.get_collection(name, read_preference=ReadPreference.SECONDARY_PREFERRED)
    with written(folder, part, name) as file:
        async for batch in collection.find_raw_batches({}, session=session, batch_size=1_000):
            count += await asyncio.to_thread(_write, file, cast(bytes, batch))  # what the driver's types do not say
    return count


def _write(file: Any, batch: bytes) -> int:
    file.write(batch)
    count, at = 0, 0
    while at < len(batch):
        at += int.from_bytes(batch[at : at + 4], "little")
        count += 1
    return count
