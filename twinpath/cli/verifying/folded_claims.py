"""What streams claim and what their commits hold, folded from the log: what `verify` compares and `repair` mends."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pymongo.errors import PyMongoError

from twinpath.commands.claiming import claims_of
from twinpath.domain.aggregate import AnyAggregate
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import RecordedEvent
from twinpath.errors import TwinpathError, UnknownEvent
from twinpath.ids import category_of
from twinpath.log.commits import Document, events_of
from twinpath.personal_data.sealing import Seals

_EVENTS_AT_HAND = 500


@dataclass
class StreamClaims:
    """A stream as of `version`: what it claims, since which commit (version, id), and what its commits hold."""

    stream: str
    log: str
    state: Any = None
    version: int = 0
    events: int = 0
    claimed: dict[str, tuple[int, str]] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    yielded: set[str] = field(default_factory=set)
    """Claims that another stream had already when `twinpath claims repair` first saw this one."""
    readable: bool = True
    """Every event so far could be decoded and folded."""

    @property
    def missing(self) -> dict[str, str]:
        """Claims that no commit holds since they were taken: the key, and the id of the commit that took it."""
        return {key: taker for key, (since, taker) in self.claimed.items() if self.held.get(key, 0) < since}

    @property
    def leftover(self) -> dict[str, int]:
        """Keys that a commit holds though the stream has given them up since, with a version at which it had."""
        since = {key: taken - 1 for key, (taken, _) in self.claimed.items()}
        return {key: since.get(key, self.version) for key, at in self.held.items() if at <= since.get(key, at)}


async def fold_claims(
    commits: AsyncIterator[Document], aggregates: Mapping[str, AnyAggregate], catalogue: Catalogue, seals: Seals
) -> AsyncIterator[StreamClaims]:
    """Each stream of these commits, which come by stream and version; one is at hand at a time, with some hundred
    events. A stream that can't be folded, as other checks say, is left out. Raises Unavailable, PyMongoError."""
    current: StreamClaims | None = None
    async for batch in _batches(commits):
        opened = iter(await seals.open([event for commit in batch for event in _events(commit)]))
        for commit in batch:
            if current is None or current.stream != commit["stream"]:
                if current is not None and current.readable:
                    yield current
                current = StreamClaims(commit["stream"], commit["log"])
            events = list(islice(opened, len(_events(commit))))
            try:
                await _grow(current, commit, events, aggregates[category_of(current.stream)], catalogue, seals)
            except UnknownEvent:
                current.readable = False
            except (TwinpathError, PyMongoError):
                raise
            except Exception:  # what the rules say of events that they never put there
                current.readable = False
    if current is not None and current.readable:
        yield current


async def _grow(
    stream: StreamClaims,
    commit: Document,
    events: Sequence[RecordedEvent],
    aggregate: AnyAggregate,
    catalogue: Catalogue,
    seals: Seals,
) -> None:
    for event in events:
        stream.state = aggregate.evolve(stream.state, catalogue.decode(event))
    stream.events += len(events)
    stream.version = commit["version"] + commit["count"] - 1
    stream.held |= dict.fromkeys(commit.get("claims", ()), commit["version"])
    stream.yielded |= set(commit.get("yielded", ()))
    taken = (commit["version"], commit["_id"])
    stream.claimed = {key: stream.claimed.get(key, taken) for key in await claims_of(aggregate, stream.state, seals)}


def _events(commit: Document) -> list[RecordedEvent]:
    try:
        return events_of(commit)
    except (KeyError, TypeError):
        return []  # not well formed, as another check says


async def _batches(commits: AsyncIterator[Document]) -> AsyncIterator[list[Document]]:
    batch: list[Document] = []
    waiting = 0
    async for commit in commits:
        batch.append(commit)
        waiting += len(_events(commit))
        if waiting >= _EVENTS_AT_HAND:
            yield batch
            batch, waiting = [], 0
    if batch:
        yield batch
