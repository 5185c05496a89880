"""`twinpath backup` and `restore` on real data: of one moment, keys apart, whole again, and nothing else is taken."""

import asyncio
import gzip
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.shop.support.written_log import Written

Content = dict[str, dict[str, Any]]


@pytest.fixture
def written(mongodb_url: str, unique: str) -> Iterator[Written]:
    written = Written(mongodb_url, unique)
    asyncio.run(written.write(20))
    with written.client:
        yield written


def archive(written: Written, kind: str, folder: Path, *options: str) -> Path:
    """The archive that the command line makes."""
    result = written.run("backup", kind, str(folder), "--json", *options)
    assert result.exit_code == 0, result.output
    return Path(json.loads(result.stdout)["archive"])


def content(database: Database[dict[str, Any]]) -> Content:
    """Every document and every index."""
    return {
        name: {
            "documents": sorted(database[name].find(), key=lambda document: str(document["_id"])),
            "indexes": database[name].index_information(),
        }
        for name in database.list_collection_names()
    }


def test_what_is_restored_is_what_was_there_whatever_stands_there_now(written: Written, tmp_path: Path) -> None:
    before = [content(database) for database in (written.log, written.keys)]
    log, keys = archive(written, "log", tmp_path / "log"), archive(written, "keys", tmp_path / "keys")
    asyncio.run(written.write(3))  # beyond the archives
    written.keys.personal_keys.update_many({}, {"$set": {"key": None}})
    written.views["left"].insert_one({})

    restored = written.run("restore", "--yes", str(log), str(keys))

    assert restored.exit_code == 0, restored.output
    assert [content(database) for database in (written.log, written.keys)] == before
    assert written.views.list_collection_names() == []
    assert written.run("verify", "--no-views").exit_code == 0
    (customer,) = (commit["stream"] for commit in written.log.commits.find({"version": 2}).limit(1))
    assert '"Bea"' in written.run("inspect", "stream", customer, "--json", "--open").stdout.replace(" ", "")


def test_machine_keys_come_back_with_the_keys_and_the_audit_record_loses_no_entry(
    written: Written, tmp_path: Path
) -> None:
    identity = written.client[written.environment["TWINPATH_IDENTITY_DATABASE"]]
    record = written.client[f"{identity.name}_audit"]["entries"]
    identity["machine_keys"].insert_one({"_id": "shop"})
    record.create_index("at")
    record.insert_many([{"_id": "1", "what": "refused"}, {"_id": "2", "what": "lost"}])
    log, keys = archive(written, "log", tmp_path), archive(written, "keys", tmp_path)
    identity["machine_keys"].drop()
    record.delete_one({"_id": "2"})
    record.insert_one({"_id": "3", "what": "after the archive"})

    assert written.run("restore", "--yes", str(log), str(keys)).exit_code == 0

    assert list(identity["machine_keys"].find()) == [{"_id": "shop"}]
    assert sorted(entry["_id"] for entry in record.find()) == ["1", "2", "3"]
    assert "at_1" in record.index_information()


def test_an_archive_that_is_taken_while_commands_are_taken_is_of_one_moment(written: Written, tmp_path: Path) -> None:
    ended, accepted = threading.Event(), 0

    def write_on() -> None:
        nonlocal accepted
        while not ended.is_set():
            accepted += len(asyncio.run(written.write(5)))

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        log = archive(written, "log", tmp_path)
        keys = archive(written, "keys", tmp_path)
    finally:
        ended.set()
        writer.join()
    assert accepted
    assert written.run("restore", "--yes", str(log), str(keys)).exit_code == 0
    verified = written.run("verify", "--no-views")
    assert verified.exit_code == 0, verified.output
    assert written.log.commits.count_documents({}) < 40 + 2 * accepted


def test_no_archive_holds_both_keys_and_what_they_open(written: Written, tmp_path: Path) -> None:
    log, keys = archive(written, "log", tmp_path), archive(written, "keys", tmp_path)
    unpacked = {
        of: b"".join(gzip.decompress(file.read_bytes()) for file in of.rglob("*.bson.gz")) for of in (log, keys)
    }
    secrets = [document["key"] for document in written.keys.personal_keys.find({"key": {"$ne": None}})]
    assert len(secrets) > 20
    assert not [secret for secret in secrets if bytes(secret) in unpacked[log]]
    assert all(bytes(secret) in unpacked[keys] for secret in secrets)
    boxes = [commit["events"][0]["data"]["sealed"]["box"] for commit in written.log.commits.find({"version": 1})]
    assert not [box for box in boxes if str(box).encode() in unpacked[keys]]
    assert all(str(box).encode() in unpacked[log] for box in boxes)
    for of in (log, keys):
        assert of.stat().st_mode & 0o077 == 0, "nobody else may look into it"


def test_a_log_is_not_restored_without_keys_or_with_older_ones(written: Written, tmp_path: Path) -> None:
    older = archive(written, "keys", tmp_path / "older")
    asyncio.run(written.write(1))
    log = archive(written, "log", tmp_path)
    before = content(written.log)
    for archives, why in (((log,), "with its keys"), ((log, older), "older than the log"), ((log, log), "at most one")):
        refused = written.run("restore", "--yes", *map(str, archives))
        assert refused.exit_code == 2
        assert why in refused.stderr
    assert content(written.log) == before


def test_keys_alone_are_brought_back(written: Written, tmp_path: Path) -> None:
    before = content(written.keys)
    keys = archive(written, "keys", tmp_path)
    written.client.drop_database(written.keys.name)
    assert written.run("restore", "--yes", str(keys)).exit_code == 0
    assert content(written.keys) == before


@pytest.mark.parametrize("damage", ["cut", "missing", "unfinished", "nothing"])
def test_what_is_no_whole_archive_is_refused_by_name(written: Written, tmp_path: Path, damage: str) -> None:
    keys = archive(written, "keys", tmp_path)
    file = keys / "keys" / "personal_keys.bson.gz"
    match damage:
        case "cut":
            file.write_bytes(file.read_bytes()[:-30])
        case "missing":
            file.unlink()
        case "unfinished":
            (keys / "manifest.json").unlink()
        case _:
            keys = tmp_path / "elsewhere"
    refused = written.run("restore", "--yes", str(keys))
    assert refused.exit_code == 2
    assert str(keys) in refused.stderr.replace("\n", "")


def test_views_may_be_left_out_and_are_then_dropped_when_the_log_is_restored(written: Written, tmp_path: Path) -> None:
    written.views["some"].insert_one({"_id": "1"})
    log = archive(written, "log", tmp_path, "--no-views")
    keys = archive(written, "keys", tmp_path)
    said = written.run("restore", "--yes", str(log), str(keys))
    assert "dropped, to be made from the log" in said.stdout
    assert written.views.list_collection_names() == []


def test_without_a_yes_nothing_is_replaced(written: Written, tmp_path: Path) -> None:
    keys = archive(written, "keys", tmp_path)
    written.keys.personal_keys.delete_many({})
    assert written.run("restore", str(keys)).exit_code == 1
    assert written.keys.personal_keys.count_documents({}) == 0
