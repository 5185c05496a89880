"""Databases as one small file: a line of extended JSON a collection, with its options, indexes and documents."""

import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bson import json_util
from pymongo import MongoClient

Document = dict[str, Any]
_EXACT = json_util.CANONICAL_JSON_OPTIONS.with_options(tz_aware=True)


def dump(client: MongoClient[Document], databases: Mapping[str, str], file: Path) -> None:
    """Write these databases (name in the file -> name on the server) into a compressed file, the same for the same."""
    entries = [entry for name, database in databases.items() for entry in _entries(client, name, database)]
    lines = [json_util.dumps(entry, json_options=_EXACT) for entry in entries]
    file.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))


def load(client: MongoClient[Document], databases: Mapping[str, str], file: Path) -> None:
    """Write the contents of a file into these databases, which must be empty."""
    for line in gzip.decompress(file.read_bytes()).decode().splitlines():
        entry = json_util.loads(line, json_options=_EXACT)
        database = client[databases[entry["database"]]]
        database.create_collection(entry["collection"], **entry["options"])
        collection = database[entry["collection"]]
        for name, index in entry["indexes"].items():
            keys = [(field, direction) for field, direction in index.pop("key")]
            collection.create_index(keys, name=name, **index)
        if entry["documents"]:
            collection.insert_many(entry["documents"])


def _entries(client: MongoClient[Document], name: str, database: str) -> Iterator[Document]:
    for found in sorted(client[database].list_collections(), key=lambda found: str(found["name"])):
        collection = client[database][found["name"]]
        indexes = {key: _index(index) for key, index in collection.index_information().items() if key != "_id_"}
        yield {
            "database": name,
            "collection": found["name"],
            "options": found["options"],
            "indexes": indexes,
            "documents": list(collection.find(sort=[("_id", 1)])),
        }


def _index(information: Mapping[str, Any]) -> Document:
    """What `create_index` takes, from what MongoDB shows of an index."""
    shown = {field: value for field, value in information.items() if field not in ("v", "ns")}
    return {**shown, "key": [list(pair) for pair in information["key"]]}
