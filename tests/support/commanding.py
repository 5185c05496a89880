"""A command bus on any store, with keys and snapshots in memory."""

from collections.abc import Mapping
from typing import Any

from twinpath.commands.bus import CommandBus
from twinpath.commands.snapshotting import Snapshots
from twinpath.domain.aggregate import AnyAggregate
from twinpath.domain.catalogue import Catalogue
from twinpath.log.interface import EventStore
from twinpath.log.snapshots import InMemorySnapshotStore, SnapshotStore
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.interface import KeyStore
from twinpath.personal_data.sealing import Seals


def bus_on(
    store: EventStore,
    *,
    deciders: Mapping[str, AnyAggregate],
    catalogue: Catalogue,
    keys: KeyStore | None = None,
    snapshots: SnapshotStore | None = None,
    cached_aggregates: int = 10_000,
    settings: Any = None,
) -> CommandBus:
    """A bus; what is not given is fresh and in memory."""
    kept = Snapshots(snapshots or InMemorySnapshotStore())
    seals = Seals(keys or InMemoryKeyStore(), catalogue)
    return CommandBus(store, deciders, catalogue, seals, kept, cached_aggregates, settings=settings)
