"""A private MongoDB replica set of one or three mongod processes on 127.0.0.1."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.local.ports import HOST, Port
from deploy.local.process import Process

REPLICA_SET = "rs0"
ELECTION_TIMEOUT_MS = 2_000
_ALREADY_INITIALIZED = 23


MONGOD_OPTIONS = [
    *("--replSet", REPLICA_SET),
    *("--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "256"),  # several sets fit on a small machine
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=500"),  # by default a member lingers for 15 s
]


class Mongod(Process):
    """A member of the set; it can be paused, killed and started again on the same port and folder.

    `name` is that of its data and log in the folder, made of the port unless given.
    """

    def __init__(self, program: str, folder: Path, port: Port, options: Sequence[str] = (), name: str = "") -> None:
        name = name or f"mongod-{port.number}"
        data = folder / name
        data.mkdir(parents=True, exist_ok=True)
        self._held = port
        self.port = port.number
        command = [program, "--port", str(port.number), "--dbpath", str(data.resolve()), "--bind_ip", HOST]
        command += [*MONGOD_OPTIONS, "--nounixsocket", *options]
        super().__init__(f"mongod on port {port.number}", command, folder / f"{name}.log")

    def start(self) -> None:
        """Start it and wait until it takes connections; it joins the set by itself."""
        self._held.lend()
        super().start()
        self.wait_until(lambda: member_answers(self.port), limit=60)


class Member(Protocol):
    """The operations of a member, which is a process or a container."""

    port: int

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def close(self) -> None: ...
    def wait_until(self, ready: Callable[[], bool], limit: float) -> None: ...


class MongoDB:
    """A replica set: it stops, starts, is killed, paused and resumed as a whole, and so is each of `members`.

    Args:
        members: one or three servers, not started yet.
        election_timeout_ms: how long a primary may be silent before the others elect a new one.
    """

    def __init__(self, members: Sequence[Member], election_timeout_ms: int = ELECTION_TIMEOUT_MS) -> None:
        self.members = list(members)
        self.url = replica_set_url([member.port for member in members])
        self._election_timeout_ms = election_timeout_ms

    def start(self) -> None:
        """Start every member that does not run; returns when a primary takes majority writes."""
        self._each(lambda member: member.start())
        initiate([member.port for member in self.members], self._election_timeout_ms)
        self.members[0].wait_until(lambda: takes_writes(self.url), limit=60)

    def stop(self) -> None:
        """Stop every member; data stays."""
        self._each(lambda member: member.stop())

    def kill(self) -> None:
        """Kill every member at once."""
        self._each(lambda member: member.kill())

    def pause(self) -> None:
        """Freeze every member."""
        self._each(lambda member: member.pause())

    def resume(self) -> None:
        """Let every paused member go on."""
        self._each(lambda member: member.resume())

    def close(self) -> None:
        """End every member for good."""
        self._each(lambda member: member.close())

    def _each(self, act: Callable[[Member], None]) -> None:
        with ThreadPoolExecutor(len(self.members)) as pool:
            list(pool.map(act, self.members))

    def primary(self) -> Member:
        """The member that takes the writes now; waits for an election under way."""
        port = primary_port(self.url)
        return next(member for member in self.members if member.port == port)


def replica_set_url(ports: Sequence[int]) -> str:
    """The address of a set whose members listen on these ports."""
    hosts = ",".join(f"{HOST}:{port}" for port in ports)
    return f"mongodb://{hosts}/?replicaSet={REPLICA_SET}"


def initiate(ports: Sequence[int], election_timeout_ms: int = ELECTION_TIMEOUT_MS) -> None:
    """Make a replica set of these servers. An existing set stays unchanged, unless its data are served on other ports
    now than when it was made: then it learns of them."""
    settings = {"electionTimeoutMillis": election_timeout_ms, "heartbeatIntervalMillis": election_timeout_ms // 4}
    members = [{"_id": index, "host": f"{HOST}:{port}"} for index, port in enumerate(ports)]
    with _direct(ports[0]) as client:
        try:
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members, "settings": settings})
        except OperationFailure as failure:
            if failure.code != _ALREADY_INITIALIZED:
                raise
            config = client.local["system.replset"].find_one()
            assert config is not None, "a set that is made has a configuration"
            if [member["host"] for member in config["members"]] != [member["host"] for member in members]:
                config |= {"members": members, "version": config["version"] + 1}
                client.admin.command("replSetReconfig", config, force=True)


def member_answers(port: int) -> bool:
    """Whether this server takes connections, whatever its part in the set."""
    try:
        with _direct(port) as client:
            client.admin.command("ping")
    except PyMongoError:
        return False
    return True


def takes_writes(url: str) -> bool:
    """Whether the set has a primary that a majority follows: it can be written to durably."""
    note = {"appendOplogNote": 1, "data": {"is": "ready?"}, "writeConcern": {"w": "majority", "wtimeout": 1_000}}
    try:
        with MongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=1_000, socketTimeoutMS=5_000) as client:
            client.admin.command(note)
    except PyMongoError:
        return False
    return True


def primary_port(url: str, limit: float = 30) -> int:
    """The port of the member that takes the writes.

    Raises:
        pymongo.errors.ServerSelectionTimeoutError: none was elected within `limit` seconds.
    """
    with MongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=int(limit * 1000)) as client:
        client.admin.command("ping")
        address = client.primary
        assert address is not None  # a command to `admin` goes to the primary
        return address[1]


def _direct(port: int) -> MongoClient[dict[str, Any]]:
    return MongoClient(HOST, port, directConnection=True, serverSelectionTimeoutMS=1_000, socketTimeoutMS=5_000)
