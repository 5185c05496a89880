"""The changes that projections make, and the operations that stores of views must offer: changes in, documents out.

A projection returns changes; a `ViewWriter` commits a batch of them with the checkpoints, as one transaction. A
`ViewReader` answers queries. A `ViewCache` holds a second copy of some views, ready to send; it may lose everything
at any time, the written views are the truth.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from twinpath.domain.views import BY_ID, NOTHING, Cached, Document, Order, Place, Range, View, ViewChange
from twinpath.errors import CheckpointMoved, CopyTrails
from twinpath.views.naming import Generation
from twinpath.views.parking import Parked, ParkingChange


@dataclass(frozen=True, slots=True)
class CheckpointMove:
    """Projection `projection` has applied `log` up to `expected` and, with this commit, up to `position`.

    `erased` is the position of the last erasure in between, 0 where there is none. `opened` are the owners whose
    personal data were opened for this commit.
    """

    projection: str
    log: str
    expected: int
    position: int
    erased: int = 0
    opened: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class StillKept:
    """The `generation` of a projection has applied no erasure of these categories' streams beyond `erased`.

    `erased` is by log the position of the last erasure, as it was before keys were asked for. So a commit of what was
    opened comes before the erasure of an owner, which then takes it out, or is refused.
    """

    projection: str
    generation: int
    erased: Mapping[str, int]
    categories: Collection[str]

    def counts(self, log: str) -> bool:
        """Whether these categories' streams are in a log."""
        return log.rpartition(".")[0] in self.categories

    def expect(self, generation: int, erased: Mapping[str, int | None]) -> None:
        """Compare with what is there now. Raises CheckpointMoved."""
        now = {log: at for log, at in erased.items() if self.counts(log)}
        if generation != self.generation or any(at != self.erased.get(log) for log, at in now.items()):
            raise CheckpointMoved(
                f"an owner was erased from {self.projection} meanwhile, or another generation is in service"
            )


@dataclass(frozen=True, slots=True)
class Batch:
    """One transaction: changes of views in this order, moves of checkpoints, changes of what is parked.

    With `kept` it is carried out only where that holds.
    """

    changes: Sequence[ViewChange] = ()
    moves: Sequence[CheckpointMove] = ()
    parking: Sequence[ParkingChange] = ()
    kept: StillKept | None = None


Checkpoints = dict[tuple[str, str], int]
"""(projection, log) -> position of the last event applied."""


Fields = frozenset[str] | None
"""Names of fields of a document that changed; None where nobody can tell which."""

NEW: Fields = frozenset({"_id"})
"""The change of a document that was not there before."""


def either(first: Fields, second: Fields) -> Fields:
    """The fields that changed when both did."""
    return None if first is None or second is None else first | second


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """A document of a view was written or removed."""

    view: str
    id: str
    fields: Fields


class BatchWriter(Protocol):
    """Takes a batch's changes together with its checkpoints: all that following a log needs."""

    async def prepare(
        self,
        views: Iterable[View] = (),
        checkpoints: Iterable[tuple[str, str]] = (),
        versions: Mapping[str, int] = NOTHING,
    ) -> None:
        """Make collections, indexes and missing checkpoints (at 0). May be called again at any time.

        `versions` are those of the projections that this writer commits for.
        """

    async def checkpoints(self) -> Checkpoints:
        """Where every projection stands. Raises Unavailable."""

    def generation(self, projection: str) -> Generation:
        """The one in service, as of the last call of `checkpoints`."""

    def erasures(self, projection: str) -> Mapping[str, int]:
        """Log -> position of the last erasure that the projection has applied, as the checkpoints last told it."""

    async def opened(self, log: str, projections: Collection[str]) -> Mapping[str, Collection[str]]:
        """By projection the owners that its last move in this log names, where it names any. Raises Unavailable."""

    parked: Parked
    """The streams that commits have parked."""

    async def commit(self, batch: Batch) -> None:
        """Apply the changes in order, move the checkpoints and change what is parked: all, exactly once, or nothing.

        It is written to the generations that were in service at the last call of `checkpoints`.

        Raises:
            CheckpointMoved: a checkpoint is not at its `expected`, since another consumer is at work; or a generation
                is no longer in service, or of another version than the projection; or `kept` no longer holds.
                ParkedMoved, one of its kind: what is parked of a stream is not as the batch says.
            KeyError: a change names a document that does not exist.
            Unavailable: the store is away. The commit may stand: read the checkpoints before going on.
        """


class ViewReader(Protocol):
    """The query service's side. It reads the generations in service, as the checkpoints last told it."""

    def generation(self, projection: str) -> Generation:
        """See BatchWriter.generation."""

    def erasures(self, projection: str) -> Mapping[str, int]:
        """See BatchWriter.erasures."""

    async def get(self, view: str, document_id: str) -> Document | None:
        """One document, as committed. Raises Unavailable."""

    async def documents(self, view: str, ids: Sequence[str]) -> list[Document]:
        """Those of the named documents that exist. Raises Unavailable."""

    async def page(
        self,
        view: str,
        where: Mapping[str, Any],
        after: Place | None,
        limit: int,
        order: Order = BY_ID,
        ranges: Mapping[str, Range] = NOTHING,
    ) -> list[Document]:
        """At most `limit` documents in this order, those beyond `after`, whose fields equal `where` and, of those named
        in `ranges`, lie within. Raises Unavailable."""

    async def checkpoints(self) -> Checkpoints:
        """Where every projection stands. Raises Unavailable."""

    def watch_checkpoints(self) -> AsyncIterator[Checkpoints]:
        """First all checkpoints, then those that moved, as they move; none, at least each second, while none moves.

        Raises Unavailable when the store goes away.
        """

    def watch_documents(self, views: Sequence[str]) -> AsyncIterator[DocumentChange]:
        """Each document of these views that changes from now on. Raises Unavailable when the store goes away."""


class ViewWriter(BatchWriter, ViewReader, Protocol):
    """The projector's side, which reads what it copies."""


FILL_SECONDS = 30
"""The longest time between two pages of a fill of a copy."""


class Copied(Protocol):
    """A document as a copy takes it."""

    @property
    def id(self) -> str:
        """Of the view's document."""

    @property
    def revision(self) -> int:
        """Of the view's document."""


Moves = Mapping[str, tuple[int, int]]
"""Log -> the position at which a copy is expected, and the one that a write moves it to."""

Item = TypeVar("Item", bound=Copied, contravariant=True)


class ViewCopy(Protocol[Item]):
    """A copy of views, fed by the projector alone.

    Per view it keeps how far each log is in it. It may lose everything at any time, the written views are the truth.
    """

    async def write(self, view: str, moves: Moves, documents: Sequence[Item], removed: Sequence[str]) -> bool:
        """Take the documents, each only over a lower revision, and move the positions of these logs.

        False, and nothing is written, when a position is not where it is expected: the copy missed something, or lost
        all. A log without a position counts as at 0. Raises Unavailable.
        """

    async def positions(self, view: str) -> dict[str, int]:
        """Log -> position of this copy; a log is missing when nothing of it was ever taken, or all was lost."""

    async def adopt(self, view: str, positions: Mapping[str, int]) -> None:
        """State by log that no document that the copy holds of it is older than this position; all or none is kept.

        What it does not hold is to be filled in: the fill state is None again, and a fill under way is refused.
        """

    async def fill_state(self, view: str) -> str | None:
        """`done` when every document was copied since the copy was empty, a token while somebody copies, or None."""

    async def begin_fill(self, view: str, token: str) -> None:
        """Make `token` the fill state, to be forgotten after FILL_SECONDS: whoever filled before is refused."""

    async def fill(self, view: str, token: str, documents: Sequence[Item], last: bool) -> bool:
        """Add what the copy has not, or has older, less what was removed since the fill began; False without `token`.

        The token is kept for another FILL_SECONDS; with the `last` documents the fill state becomes `done`.
        """

    async def forget(self, view: str) -> None:
        """Lose all of a view, which nobody reads any more. Raises Unavailable."""

    async def expunge(self, view: str) -> None:
        """Have nothing left soon of what documents were before; called before and after an erasure is written.

        A copy that overwrites in place has nothing to do. Raises Unavailable.
        """
        return


class ViewCache(ViewCopy[Cached], Protocol):
    """A copy by id of views that have `copy`. A document that is not in it says nothing: ask the ViewReader."""

    async def get(self, view: str, document_id: str, at_least: Mapping[str, int] = NOTHING) -> Cached | None:
        """One document, which says how far the copy was, or None when the copy does not have it.

        Raises:
            CopyTrails: the copy, at the moment of this read, had not reached `at_least`, log -> position.
            Unavailable: the copy can't be asked.
        """

    async def get_many(
        self, view: str, ids: Sequence[str], at_least: Mapping[str, int] = NOTHING
    ) -> list[Cached | None]:
        """Several documents in one round trip. Raises as `get` does, also for no document."""


def expect_reached(view: str, reached: Mapping[str, int], at_least: Mapping[str, int]) -> None:
    """Refuse a copy that is `reached`, log -> position, where `at_least` is asked for. Raises CopyTrails."""
    for log, position in at_least.items():
        if reached.get(log, 0) < position:
            at = reached.get(log, 0)
            raise CopyTrails(f"the copy of {view} is at {at} of {log}, its view at {position}", log=log)
