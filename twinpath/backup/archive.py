"""An archive: a folder with a folder of collections for each database, as BSON with gzip, and a manifest.

The manifest is written last, so a folder without one is no archive.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Literal, cast

from bson import CodecOptions, decode_file_iter, json_util
from bson.raw_bson import RawBSONDocument

from twinpath.errors import TwinpathError

Kind = Literal["log", "keys"]
KINDS: tuple[Kind, ...] = ("log", "keys")
PARTS: dict[Kind, tuple[str, ...]] = {
    "log": ("log", "processes", "views", "audit", "uses"),
    "keys": ("keys", "identity"),
}
"""Kind -> the databases of such an archive, by what they are for: their names are those of the settings. The key of the
audit record's pseudonyms is beside the machine keys."""
ADDED = ("audit",)
"""What an archive adds to, and does not replace: a record to which things are only added."""
_MANIFEST = "manifest.json"
_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)


class NoArchive(TwinpathError):
    """The folder holds none, or one that is not whole."""

    code = "no_archive"


@dataclass(frozen=True)
class Manifest:
    """What an archive is, of which time of MongoDB's cluster, and how many documents.

    The log of the archive is not younger than `cluster_time`, keys are not older.
    """

    kind: Kind
    cluster_time: int
    taken_at: str
    documents: dict[str, dict[str, int]]
    """Part -> collection -> documents."""


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Make the folder an archive."""
    (folder / _MANIFEST).write_text(json.dumps(asdict(manifest), indent=1))


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an archive. Raises NoArchive."""
    try:
        manifest = Manifest(**json.loads((folder / _MANIFEST).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise NoArchive(f"{folder} is no whole archive of `twinpath backup`") from error
    if manifest.kind not in KINDS:
        raise NoArchive(f"{folder} is an archive of {manifest.kind!r}, which this version does not know")
    return manifest


def written(folder: Path, part: str, name: str) -> IO[bytes]:
    """The file for a collection's documents, to be written."""
    (folder / part).mkdir(exist_ok=True)
    return cast(IO[bytes], gzip.open(folder / part / f"{name}.bson.gz", "wb", compresslevel=1))


def write_description(folder: Path, part: str, name: str, description: dict[str, Any]) -> None:
    """Keep the options and the indexes of a collection."""
    (folder / part / f"{name}.json").write_text(json_util.dumps(description, indent=1))


def read_description(folder: Path, part: str, name: str) -> dict[str, Any]:
    """The options and the indexes of a collection. Raises NoArchive."""
    try:
        description: dict[str, Any] = json_util.loads((folder / part / f"{name}.json").read_text())
    except (OSError, ValueError) as error:
        raise NoArchive(f"{folder / part / name} can't be read") from error
    return description


def read(folder: Path, part: str, name: str) -> Iterator[RawBSONDocument]:
    """The documents of a collection, one after the other. Raises NoArchive where the file is damaged."""
    try:
        with gzip.open(folder / part / f"{name}.bson.gz", "rb") as file:
            yield from decode_file_iter(cast(IO[bytes], file), _RAW)
    except (OSError, EOFError, ValueError) as error:
        raise NoArchive(f"{folder / part / name} is damaged: {error}") from error
