"""What is copied, as the view has it."""

from collections.abc import Iterable, Sequence
from contextlib import suppress

import structlog

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.domain.views import BY_ID, Cached, ChangeWhere, Document, Place, View, ViewChange
from twinpath.log.interface import EventLog
from twinpath.log.verification import erases
from twinpath.projecting.copying.steps import Step, step_of
from twinpath.views.interface import ViewWriter

_log = structlog.get_logger(__name__)


async def documents_of(writer: ViewWriter, view: View, ids: Sequence[str]) -> dict[str, Document]:
    """Those documents that exist, by id. Raises Unavailable."""
    return {document["_id"]: document for document in await writer.documents(view.name, ids)} if ids else {}


async def met_by(writer: ViewWriter, change: ChangeWhere, page: int) -> list[str]:
    """Ids of the documents that a change met, read in pages; it must not set what it asks for. Raises Unavailable."""
    ids: list[str] = []
    after: Place | None = None
    while documents := await writer.page(change.view, change.where, after, page):
        ids += [document["_id"] for document in documents]
        after = BY_ID.place_of(documents[-1])
    return ids


def changes_of(projection: Projection, events: Iterable[RecordedEvent], catalogue: Catalogue) -> list[ViewChange]:
    """The changes that events make to views; nothing of a poison event is in a view."""
    changes: list[ViewChange] = []
    for event in events:
        with suppress(Exception):
            changes += projection.changes(catalogue.decode(event), event)
    return changes


async def missed(
    source: EventLog,
    catalogue: Catalogue,
    projection: Projection,
    view: View,
    spans: Iterable[tuple[str, int, int]],
    most: int,
) -> list[Step]:
    """The steps of a view that the events of these logs make necessary, after one position and up to another.

    The pure methods tell. At most so many events are read; what is left waits. Raises Unavailable.
    """
    steps: list[Step] = []
    for log, after, end in spans:
        count = min(most, end - after)
        if count > 0 and (events := await source.read_log(log, after, count)):
            most -= len(events)
            erased = any(erases(event, catalogue) for event in events)
            changes = changes_of(projection, events, catalogue)
            steps.append(step_of(view, log, after, events[-1].position, changes, erased))
    return steps


def rendered(view: View, documents: Iterable[Document]) -> list[Cached]:
    """Ready to send, less what can't be rendered: a query for such a document reads the view, and alone fails."""
    ready: list[Cached] = []
    for document in documents:
        try:
            ready.append(view.rendered(document))
        except Exception as error:
            _log.error("can_not_be_rendered", view=view.name, id=document["_id"], error=type(error).__name__)
    return ready
