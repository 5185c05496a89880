"""Claims under model check: buses of several replicas whose commands take, move and release keys on one log."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

from tests.engine.model.appends import KEYS, Appends, ConnectionLost
from tests.engine.model.history import History
from tests.engine.model.mongodb import ReplicaSet
from tests.engine.model.mongodb_language import Document
from tests.engine.seats import EVENTS, REPAIR, TakeSeat
from twinpath.commands.bus import CommandBus
from twinpath.commands.envelope import Envelope
from twinpath.commands.snapshotting import Snapshots
from twinpath.domain.claim import Claim
from twinpath.errors import ConcurrencyConflict, RuleViolation, Unavailable
from twinpath.log.mongodb import MongoEventStore
from twinpath.log.snapshots import InMemorySnapshotStore
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.sealing import Seals

_NOW = datetime(2026, 3, 10, tzinfo=UTC)
_STREAMS = ("repair-a", "repair-d", "repair-b")
_SEATS = ("window", "aisle", None)


class Claims(Appends):
    """Three clients that want seats for three repairs, of which there are two; the repairs are in two logs."""

    partitions = 2

    def __init__(self, history: History, servers: ReplicaSet) -> None:
        self._buses: WeakKeyDictionary[MongoEventStore, CommandBus] = WeakKeyDictionary()
        super().__init__(history, servers)

    async def _send_all(self, client: int) -> None:
        choose = self._history.choose
        for number in range(3):
            repair, seat = _STREAMS[choose(3)], _SEATS[choose(3)]
            envelope = Envelope(TakeSeat(repair_id=repair, seat=seat, at=_NOW), derived_id=f"{client}-{number}")
            await self._send_seat(envelope, client + number)

    async def _send_seat(self, envelope: Envelope, replica: int) -> None:
        name = envelope.command_id
        for attempt in range(30):
            try:
                await self._call(replica + attempt, lambda store: self._bus(store).handle(envelope))
            except (Unavailable, ConnectionLost, ConcurrencyConflict):
                self._doubtful.add(name)
            except RuleViolation:
                if name not in self._doubtful:
                    self._refused.add(name)
                return
            else:
                return

    def _bus(self, store: MongoEventStore) -> CommandBus:
        if store not in self._buses:
            seals, snapshots = Seals(InMemoryKeyStore(), EVENTS), Snapshots(InMemorySnapshotStore())
            self._buses[store] = CommandBus(store, {"repair": REPAIR}, EVENTS, seals, snapshots)
        return self._buses[store]

    def _reached_majority(self, collection: str, before: Document | None, after: Document) -> None:
        """A reader may come at any time: after each single write a seat has one repair, whose commit holds it."""
        assert before is None or {**before, "claims": None} == {**after, "claims": None}, "a commit was changed"
        commits = self._servers.majority["commits"].values()
        newest: dict[str, Document] = {}
        for commit in sorted(commits, key=lambda commit: int(commit["version"])):
            newest[commit["stream"]] = commit
        seats = {stream: seat for stream, commit in newest.items() if (seat := _seat_of(commit)) is not None}
        assert len(set(seats.values())) == len(seats), f"a seat has two repairs: {seats}"
        for stream, seat in seats.items():
            key = Claim("seat", seat).key(b"")
            assert key in newest[stream].get("claims", ()), f"{stream} has the {seat} seat and its commit not the claim"

    def check(self) -> None:
        """What was refused took no effect."""
        for client in self._clients:
            client.result()
        for name in self._refused:
            assert name not in self._servers.majority["commits"], f"{name} was refused, yet it took effect"


def _seat_of(commit: Document) -> Any:
    return commit["events"][-1]["data"]["seat"]


def play(
    tape: bytes,
    *,
    servers: type[ReplicaSet] = ReplicaSet,
    keys: Mapping[str, Sequence[tuple[str, ...]]] = KEYS,
) -> History:
    """One history; how it went. Raises Violation."""
    history = History(tape)
    world = Claims(history, servers(history.network, keys))
    history.run(world.settled, world.check)
    return history
