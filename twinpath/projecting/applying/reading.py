"""Makes events readable to projections, each on its own: opens the sealed, decodes old schemas as events of today."""

from collections.abc import Sequence

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import DomainEvent, RecordedEvent
from twinpath.errors import TwinpathError
from twinpath.personal_data.sealing import Seals

Readable = dict[int, tuple[DomainEvent | Exception, RecordedEvent]]
"""Position -> what the event says, or why it can't be read, and its record with the personal data put back."""


class EventReader:
    """Reads events with the keys and the catalogue of today."""

    def __init__(self, seals: Seals, catalogue: Catalogue) -> None:
        self._seals = seals
        self._catalogue = catalogue

    async def read(self, events: Sequence[RecordedEvent]) -> tuple[Readable, frozenset[str]]:
        """The events as stored, and the owners whose data were opened. Raises Unavailable."""
        try:
            opened, owners = await self._seals.open_of(events)
        except (TwinpathError, MemoryError):
            raise
        except Exception as error:  # one of them is malformed: the others must not suffer for it
            if len(events) == 1:
                return {events[0].position: (error, events[0])}, frozenset()
            alone = [await self.read([event]) for event in events]
            together = {position: reading for readable, _ in alone for position, reading in readable.items()}
            return together, frozenset().union(*(owners for _, owners in alone))
        return {event.position: (self._decoded(event), event) for event in opened}, owners

    def _decoded(self, event: RecordedEvent) -> DomainEvent | Exception:
        try:
            return self._catalogue.decode(event)
        except MemoryError:
            raise
        except Exception as error:
            return error
