"""A command bus on any store, with keys and snapshots in memory."""

from collections.abc import Mapping

from command_service.command_bus import CommandBus
from command_service.domain.decider import AnyDecider
from command_service.domain.deciders import DECIDERS
from command_service.snapshotting import Snapshots
from shared.event_store.interface import EventStore
from shared.event_store.snapshots import InMemorySnapshotStore, SnapshotStore
from shared.events.catalogue import CATALOGUE, Catalogue
from shared.personal_data.in_memory import InMemoryKeyStore
from shared.personal_data.interface import KeyStore
from shared.personal_data.sealing import Seals


def bus_on(
    store: EventStore,
    *,
    keys: KeyStore | None = None,
    snapshots: SnapshotStore | None = None,
    cached_aggregates: int = 10_000,
    deciders: Mapping[str, AnyDecider] = DECIDERS,
    catalogue: Catalogue = CATALOGUE,
) -> CommandBus:
    """A bus with every decider of the shop; what is not given is fresh and in memory."""
    kept = Snapshots(snapshots or InMemorySnapshotStore())
    seals = Seals(keys or InMemoryKeyStore(), catalogue)
    return CommandBus(store, deciders, catalogue, seals, kept, cached_aggregates)


def seals_of(keys: KeyStore) -> Seals:
    """Seals with these keys and every event of the shop."""
    return Seals(keys, CATALOGUE)
