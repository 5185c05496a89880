"""One version of the past: its data, what it made of them itself, and its code."""

import io
import json
import subprocess
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from deploy.checkout import CHECKOUT
from tests.shop.upgrades.asking import ask_all
from tests.shop.upgrades.comparing import differences
from tests.shop.upgrades.dump import Document, load
from tests.shop.upgrades.life import ADMIN_TOKEN, Sent
from tests.support.services.system import System

FOLDER = Path(__file__).parent
VERSIONS = sorted(file.parent.name for file in FOLDER.glob("*/expected.json"))


@dataclass(frozen=True)
class Past:
    """What `making` left in a version's folder."""

    version: str
    commit: str
    partitions: int
    dumped_at: datetime
    ids: dict[str, str]
    parked: list[list[Any]]
    answers: dict[str, Any]
    commands: list[Sent]

    @classmethod
    def of(cls, version: str) -> "Past":
        """The one of a version."""
        read = json.loads((FOLDER / version / "expected.json").read_text())
        read["dumped_at"] = datetime.fromisoformat(read["dumped_at"])
        read["commands"] = [Sent(**command) for command in read["commands"]]
        return cls(**read)

    def load_into(self, system: System) -> None:
        """Write the data into the system's databases, and have its services started with the settings of then."""
        system.settings |= {"TWINPATH_ADMIN_TOKEN": ADMIN_TOKEN, "TWINPATH_PARTITIONS": str(self.partitions)}
        databases = {name: f"{system.unique}_{name}" for name in ("log", "keys", "views")}
        with MongoClient[Document](system.mongodb_url, tz_aware=True) as client:
            load(client, databases, FOLDER / self.version / "data.gz")

    async def unlike(self, system: System, leave_out: Iterable[str] = ()) -> list[str]:
        """Where the system's answers are not those of then, but for the documents to leave out."""
        asked = {name: stream for name, stream in self.ids.items() if name not in {*leave_out, "poison"}}
        async with system.client("query") as query:
            answers = await ask_all(query, asked)
        expected = {path: self.answers[path] for path in answers}
        return list(differences(expected, answers, self.dumped_at))

    def checkout(self, folder: Path) -> Path:
        """The code of then, from this repository's history."""
        archive = subprocess.run(["git", "archive", self.commit], cwd=CHECKOUT, capture_output=True, check=False)
        assert archive.returncode == 0, f"the history here lacks {self.commit}: {archive.stderr.decode()}"
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(folder, filter="data")
        return folder
