"""What an erasure takes out of views before, or without, its own turn in the log."""

from collections.abc import Iterable, Set
from dataclasses import replace

import structlog

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.domain.views import Change, ChangeWhere
from twinpath.personal_data.sealing import Seals

_log = structlog.get_logger(__name__)


def wipes_of(projection: Projection, event: RecordedEvent, catalogue: Catalogue) -> list[ChangeWhere]:
    """What an event that is set aside wipes at once all the same; nothing where it is no erasure, or fails here.

    An erasure must not wait for an operator. It is applied again in its turn, which changes nothing then: with the key
    destroyed, the events before it have nothing personal left to show.
    """
    event_type = catalogue.event_type(event.type)
    if event_type is None or not event_type.erases:
        return []
    try:
        changes = projection.changes(catalogue.decode(event), event)
    except Exception as error:  # the erasure is parked for this reason, which says more
        _log.error("projection_can_not_wipe", projection=projection.name, reason=type(error).__name__)
        return []
    wipes = [change for change in changes if isinstance(change, ChangeWhere)]
    named = [change for change in changes if isinstance(change, Change) and change.set]
    return [*wipes, *(ChangeWhere(change.view, {"_id": change.id}, change.set) for change in named)]


async def late_wipes(
    seals: Seals,
    catalogue: Catalogue,
    projections: Iterable[Projection],
    opened: Set[str],
    last: RecordedEvent,
) -> list[ChangeWhere]:
    """What to wipe after a commit whose data of the `opened` owners were read with keys that are destroyed by now.

    Such a commit may have come after the erasure was projected. `last` is its last event. Documents that the erasure
    names are in the owner's own log, in order; so they are left out. Raises Unavailable.
    """
    wipes: list[ChangeWhere] = []
    for owner in sorted(await seals.erased_since(opened)):
        if (erasing := catalogue.erasure_of(owner)) is not None:
            erasure = replace(last, type=erasing.type, schema=erasing.schema_version, stream=owner, data={})
            for projection in projections:
                due = wipes_of(projection, erasure, catalogue)
                wipes += [wipe for wipe in due if "_id" not in wipe.where]
    return wipes
