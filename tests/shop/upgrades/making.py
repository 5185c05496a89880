"""Makes the data of a version, for the versions after it: `python -m tests.shop.upgrades.making <version> <checkout>`.

It starts the three services of that checkout on private servers, lives a small shop's life over HTTP, and stops at a
bad moment: a stream is parked because of its document, another because of an event that no projection can apply, a
reservation runs out while nobody is there to see it, an order was taken and nothing of it has happened yet, and the
processes' checkpoints are lost. The databases as they are then go into `<version>/data.gz`. What the same version makes
of them when it starts again, its answers and what it has parked, is written to `<version>/expected.json`: every later
version must do the same.
Run it once a version, from a checkout of its tag or commit, before the next one is released.
"""

import asyncio
import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

from pymongo import MongoClient

from deploy.local.mongodb import ELECTION_TIMEOUT_MS
from deploy.local.services import NAMES
from tests.shop.upgrades.asking import ask_all, parked
from tests.shop.upgrades.dump import Document, dump
from tests.shop.upgrades.life import Life, repeat
from tests.support.eventually import eventually
from tests.support.provided.servers import LocalServers
from tests.support.services.system import System

FOLDER = Path(__file__).parent
DATABASES = {name: f"upgrades_{name}" for name in ("log", "keys", "views")}
PARTITIONS = 2
_RESERVATION_SECONDS = 45.0
"""Time enough to stop everything before the reservation runs out."""
_QUIET_SECONDS = 3.0


def main(version: str, checkout: Path) -> None:
    """Make the folder of a version from a checkout of it."""
    servers = LocalServers()
    mongodb, rabbitmq, redis = servers.mongodb(1, ELECTION_TIMEOUT_MS), servers.rabbitmq(), servers.redis()
    try:
        for server in (mongodb, rabbitmq, redis):
            server.start()
        system = System(servers.folder, mongodb.url, rabbitmq.url, redis.url, "upgrades")
        system.settings |= {"TWINPATH_ADMIN_TOKEN": "upgrades", "TWINPATH_PARTITIONS": str(PARTITIONS)}
        try:
            with MongoClient[Document](mongodb.url, tz_aware=True) as client:
                asyncio.run(_Making(system, client, rabbitmq, version, checkout).make())
        except BaseException:
            print(*(f"--- {name}\n{tail}" for name, tail in system.tails().items()), sep="\n", file=sys.stderr)
            raise
        finally:
            system.stop()
    finally:
        for server in (mongodb, rabbitmq, redis):
            server.close()
        servers.close()


class _Making:
    def __init__(
        self, system: System, client: MongoClient[Document], rabbitmq: Any, version: str, checkout: Path
    ) -> None:
        self._system = system
        self._client = client
        self._rabbitmq = rabbitmq
        self._version = version
        self._checkout = checkout

    async def make(self) -> None:
        for name in NAMES:
            self._system.add(name, self._checkout)
        self._wait_ready()
        clients = {name: self._system.client(name) for name in NAMES}
        self._life = Life(clients["command"], clients["query"])
        self._projector = clients["projector"]
        await self._life.everyday()
        await self._settled()
        await self._park()
        await self._stop_at_a_bad_moment()
        dumped_at = datetime.now(UTC)
        self._check_contents()
        folder = FOLDER / self._version
        folder.mkdir(exist_ok=True)
        dump(self._client, DATABASES, folder / "data.gz")
        expected = {"version": self._version, "commit": self._commit(), "partitions": PARTITIONS}
        expected |= {"dumped_at": dumped_at.isoformat(), "ids": self._life.ids, **await self._go_on()}
        (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
        for client in clients.values():
            await client.aclose()
        print(f"{folder}: {sum(file.stat().st_size for file in folder.iterdir()):,} bytes")

    async def _park(self) -> None:
        """A document that can't take a note, put right later; and an event that no document is there for."""
        life, broken = self._life, self._life.ids["broken"]
        details = self._client[DATABASES["views"]]["ticket_details"]
        details.update_one({"_id": broken}, {"$set": {"notes": "no list"}})
        for text in ("looked at", "looked at again"):
            await life.note("broken", text)
        await self._settled()
        command = self._system["command"]
        command.stop()
        self._insert_poison()
        command.env["TWINPATH_RESERVATION_HOURS"] = str(_RESERVATION_SECONDS / 3600)
        command.start()
        self._wait_ready()

        async def both() -> bool:
            return {stream for _, stream, _ in await parked(self._projector)} == {broken, life.ids["poison"]}

        await eventually(both)

    def _insert_poison(self) -> None:
        """A note on a ticket that was never opened: today's rules would refuse it, so it is put into the log."""
        commits = self._client[DATABASES["log"]]["commits"]
        note = commits.find_one({"stream": self._life.ids["broken"]}, sort=[("version", -1)])
        assert note is not None
        log, prefix = str(note["log"]), self._life.ids["broken"][:-6]
        streams = (f"{prefix}{number:06x}" for number in range(1000))
        stream = next(name for name in streams if f"ticket.{crc32(name.encode()) % PARTITIONS}" == log)
        last = commits.find_one({"log": log}, sort=[("position", -1)])
        assert last is not None
        position = last["position"] + last["count"]
        commits.insert_one({**note, "_id": f"poison-{stream}", "stream": stream, "version": 1, "position": position})
        self._life.ids["poison"] = stream

    async def _stop_at_a_bad_moment(self) -> None:
        """One order's reservation is about to run out; of another one nothing has happened but that it was taken."""
        system, life = self._system, self._life
        began = time.monotonic()
        await life.order("due", "ada", "rug")
        await life.becomes("due", "confirmed")
        await self._settled()
        for name in ("projector", "query"):
            system[name].stop()
        self._rabbitmq.stop()
        await life.order("waiting", "grace", "vase")
        system["command"].kill()
        assert time.monotonic() - began < _RESERVATION_SECONDS, "too slow: the reservation has run out already"
        # A process's checkpoint may be far behind what it has handled; then it handles all of it again, to no effect.
        rewound = self._client[DATABASES["log"]]["process_checkpoints"].update_many({}, {"$set": {"position": 0}})
        assert rewound.modified_count > 0

    def _check_contents(self) -> None:
        """Raises AssertionError unless everything that this is about is in the databases."""
        log = self._client[DATABASES["log"]]
        waiting = log["commits"].count_documents({"stream": self._life.ids["waiting"]})
        assert waiting == 1, "more has happened to the waiting order"
        golden = {file.name.rsplit(".", 2)[0] for file in self._checkout.glob("tests/**/golden/events/*.json")}
        types = set(log["commits"].distinct("events.type"))
        assert golden, "no golden events in the checkout"
        assert types == golden, f"the shop's life lacks {golden - types}"
        assert log["snapshots"].find_one({"_id": self._life.ids["long"]}), "no snapshot of the long stream"

    async def _go_on(self) -> dict[str, Any]:
        """What this version makes of it: it starts again, as a later one will."""
        self._rabbitmq.start()
        del self._system["command"].env["TWINPATH_RESERVATION_HOURS"]
        for name in NAMES:
            self._system[name].start()
        self._wait_ready()
        await self._life.becomes("waiting", "confirmed")
        await self._life.becomes("due", "cancelled")
        answers = await self._settled()
        waiting = await parked(self._projector)
        for command in self._life.sent:
            first = command.status, command.answer
            await repeat(self._life.command, command)
            assert (command.status, command.answer) == first, "a repeated command got another answer"
        assert await self._settled() == answers, "repeated commands changed something"
        return {"parked": waiting, "commands": self._life.written(), "answers": answers}

    async def _settled(self) -> dict[str, Any]:
        """Every answer, once none has changed for some seconds."""
        before: dict[str, Any] = {}
        since = time.monotonic()
        while time.monotonic() - since < _QUIET_SECONDS:
            answers = await ask_all(self._life.query, self._asked())
            if answers != before:
                before, since = answers, time.monotonic()
        return before

    def _asked(self) -> dict[str, str]:
        return {name: stream for name, stream in self._life.ids.items() if name != "poison"}

    def _wait_ready(self) -> None:
        for name in NAMES:
            self._system[name].wait_ready()

    def _commit(self) -> str:
        asked = ["git", "-C", str(self._checkout), "rev-parse", "HEAD"]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve())
