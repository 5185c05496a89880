"""What the engine carries out the wishes of processes with, and the ids of their commands."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

from twinpath.clock import Clock, utc_now
from twinpath.commands.bus import CommandBus
from twinpath.commands.processes.timers import Timers
from twinpath.domain.aggregate import AnyAggregate, Command
from twinpath.domain.catalogue import Catalogue
from twinpath.ids import escaped
from twinpath.log.interface import EventStore

_NAMESPACE = UUID("5f0c3c1e-6f0b-5b0e-9d3b-1d4f5a6b7c8d")


@dataclass(frozen=True)
class Means:
    """What carries out whatever processes ask for."""

    bus: CommandBus
    store: EventStore
    timers: Timers
    catalogue: Catalogue
    deciders: Mapping[str, AnyAggregate]
    clock: Clock = utc_now


def derived_id(cause: str, command: Command, key: str = "") -> str:
    """The id that an event gives to a command, the same whenever it is asked; `key` tells apart several of one kind.

    No derived id has a slash and every client's has one, so no client can take a command id away from a process.
    """
    ending = f"/{key}" if key else ""
    return str(uuid5(_NAMESPACE, f"{escaped(cause)}/{command.stored_name()}/{escaped(command.stream)}{ending}"))
