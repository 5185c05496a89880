"""Brings archives back: the keys first, and a log only with keys that are not older than it.

With older keys, the personal data of whoever came in between would be unreadable for ever; services that start without
keys would make views of that.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from twinpath.backup.archive import ADDED, KINDS, Kind, Manifest, NoArchive, read, read_description, read_manifest
from twinpath.errors import TwinpathError
from twinpath.mongo_client import durable_database

_DOCUMENTS_AT_ONCE = 1_000
_DUPLICATE = 11_000


class KeysMissing(TwinpathError):
    """The keys that are to be restored would not open all of the log."""

    code = "keys_missing"


async def restore(
    client: AsyncMongoClient[dict[str, Any]], databases: Mapping[str, str], archives: Sequence[Path]
) -> AsyncIterator[str]:
    """Replace the databases that the archives hold, whatever their order; yields a line for each that is done.

    Nothing else may use them meanwhile. The audit record keeps what it has, and gets what it lacks. Views that the
    log's archive leaves out are dropped, as they would be beyond that log's end: they are made anew from it. It can be
    done again.

    Args:
        databases: part -> its database's name.

    Raises:
        NoArchive: a folder is none, or is not whole; before anything is changed, but for damage within a file.
        KeysMissing: a log without keys, or with older ones. Nothing is changed.
        PyMongoError: MongoDB does not answer or refuses.
    """
    chosen = _chosen(archives)
    for kind in reversed(KINDS):
        if kind not in chosen:
            continue
        folder, manifest = chosen[kind]
        for part, documents in manifest.documents.items():
            if part not in ADDED:
                await client.drop_database(databases[part])
            for name, expected in documents.items():
                await _collection(durable_database(client, databases[part]), folder, part, name, expected)
            yield f"{databases[part]}: {sum(documents.values())} documents in {len(documents)} collections"
        if kind == "log" and "views" not in manifest.documents:
            await client.drop_database(databases["views"])
            yield f"{databases['views']}: dropped, to be made from the log"


def _chosen(archives: Sequence[Path]) -> dict[Kind, tuple[Path, Manifest]]:
    """The archive of each kind. Raises NoArchive, KeysMissing."""
    chosen: dict[Kind, tuple[Path, Manifest]] = {}
    for folder in archives:
        manifest = read_manifest(folder)
        chosen[manifest.kind] = (folder, manifest)
    if len(chosen) != len(archives):
        raise NoArchive("at most one archive of the log and one of the keys can be restored at a time")
    if "log" in chosen:
        if "keys" not in chosen:
            raise KeysMissing(
                "a log is restored with its keys: name an archive of keys of the same night, or a later one"
            )
        log, keys = chosen["log"][1], chosen["keys"][1]
        if keys.cluster_time < log.cluster_time:
            raise KeysMissing(
                f"the keys of {keys.taken_at} are older than the log of {log.taken_at}, and may not open all of it"
            )
    return chosen


async def _collection(
    database: AsyncDatabase[dict[str, Any]], folder: Path, part: str, name: str, expected: int
) -> None:
    """Make a collection that is not there, or add what it lacks. Raises NoArchive, PyMongoError."""
    description = read_description(folder, part, name)
    if name not in await database.list_collection_names():
        await database.create_collection(name, **description["options"])
    indexes = [index for index in description["indexes"] if index["name"] != "_id_"]
    if indexes:
        await database.command("createIndexes", name, indexes=indexes)
    documents, count = read(folder, part, name), 0
    while some := list(islice(documents, _DOCUMENTS_AT_ONCE)):
        try:
            await database[name].insert_many(some, ordered=False)
        except BulkWriteError as failure:
            if part not in ADDED or any(error["code"] != _DUPLICATE for error in failure.details["writeErrors"]):
                raise
        count += len(some)
    if count != expected:
        raise NoArchive(f"{folder / part / name} is damaged: it holds {count} documents of {expected}")
