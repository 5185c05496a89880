"""The engine's own process: erasures that a crash cut short are ended, and the log's erasures confirm destroyed keys.

An erasure destroys the key first and appends its event then (see personal_data/). So a key that has been destroyed for
a minute without a confirmation may belong to an erasure that the log does not know of.
"""

from contextlib import suppress
from datetime import timedelta
from typing import Literal

import structlog

from twinpath.commands.envelope import Envelope
from twinpath.commands.processes.following import Handling
from twinpath.commands.processes.means import Means, derived_id
from twinpath.domain.aggregate import Command
from twinpath.domain.events import RecordedEvent, happens_to
from twinpath.errors import NotFound, TwinpathError, Unavailable
from twinpath.ids import category_of
from twinpath.personal_data.interface import KeyStore

NAME = "erasure"
_HALF_ERASED = timedelta(minutes=1)

_log = structlog.get_logger(__name__)


class Erasure(Handling):
    """A Handling. Raises ValueError when an aggregate has an erasing event but no `erase` command."""

    name = NAME
    since: Literal["beginning", "now"] = "beginning"

    def __init__(self, means: Means, keys: KeyStore) -> None:
        self._means = means
        self._keys = keys
        erasing = [event for event in means.catalogue.types if event.erases]
        self.types = frozenset(event.type for event in erasing)
        self._personal = {event.type for event in means.catalogue.types if event.personal}
        lacking = [
            category for category in sorted(set(map(happens_to, erasing))) if self._erase_command(category) is None
        ]
        if lacking:
            raise ValueError(f"aggregates with an event that erases need `erase`: {', '.join(lacking)}")

    async def handle(self, recorded: RecordedEvent) -> None:
        """See Handling.handle: the log knows of this erasure, so its key is gone and confirmed. What versions before
        had kept of the owner's commands to recognise them again goes too."""
        await self._keys.confirm(recorded.stream)
        await self._means.store.forget_fingerprints(recorded.stream, self._personal)

    async def carry_out_due(self) -> int:
        """See Handling.carry_out_due: end what a crash cut short."""
        half_erased = await self._keys.unconfirmed(self._means.clock() - _HALF_ERASED)
        return sum([await self._end(owner) for owner in half_erased])

    async def _end(self, owner: str) -> bool:
        """Whether the erasure is ended now."""
        erase = self._erase_command(category_of(owner))
        if erase is None:
            return False
        command = erase.model_validate({erase.target: owner, "at": self._means.clock()})
        try:
            with suppress(NotFound):  # whose key was destroyed before anybody was registered
                await self._means.bus.handle(Envelope(command, actor=self.name, derived_id=derived_id(owner, command)))
        except Unavailable:
            raise
        except TwinpathError as error:  # the others go on
            _log.error("erasure_fails", owner=owner, code=error.code)
            return False
        await self._keys.confirm(owner)
        return True

    def _erase_command(self, category: str) -> type[Command] | None:
        aggregate = self._means.deciders.get(category)
        return None if aggregate is None else aggregate.erase
