"""The one way of every command: load, decide, append; again only when another writer was first.

A bounded cache of folded aggregates saves most loads. It may be behind another process, so a refusal (or "nothing to
do") is believed only after the events since have been read; a decision to write needs no such care, because the
append itself fails on a stale version.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any
from weakref import WeakValueDictionary

import structlog

from twinpath.clock import Clock, utc_now
from twinpath.commands.claiming import claims_of
from twinpath.commands.envelope import BusLook, Envelope
from twinpath.commands.snapshotting import Folded, Snapshots
from twinpath.domain.aggregate import AnyAggregate, Command
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.claim import Claim
from twinpath.domain.events import DomainEvent, Metadata
from twinpath.errors import (
    ClaimHeld,
    CommandIdReused,
    ConcurrencyConflict,
    NotFound,
    NotPermitted,
    RuleViolation,
    StaleVersion,
    TwinpathError,
    Unavailable,
    UnhandledCommand,
)
from twinpath.http.conditions import Condition
from twinpath.ids import category_of
from twinpath.log.interface import Appended, Commit, EventStore, NewCommit
from twinpath.personal_data.fingerprints import Fingerprints
from twinpath.personal_data.sealing import Seals, Whose

_ATTEMPTS = 20
_ALWAYS = Condition()

_log = structlog.get_logger(__name__)


OnHandled = Callable[[Command, Appended | BaseException, float], None]
"""Takes a command, its answer or what was raised, and how many seconds that took."""


class CommandBus:
    """Takes commands and says where their events stand. `deciders` are named by the category of their streams,
    `settings` are what commands may look up of the service's own.

    `on_handled` is called after each command and must not block.
    """

    def __init__(
        self,
        store: EventStore,
        deciders: Mapping[str, AnyAggregate],
        catalogue: Catalogue,
        seals: Seals,
        snapshots: Snapshots,
        cached_aggregates: int = 10_000,
        clock: Clock = utc_now,
        settings: Any = None,
    ) -> None:
        self.clock = clock
        self._settings = settings
        self._store = store
        self._catalogue = catalogue
        self._seals = seals
        self._snapshots = snapshots
        self._deciders = deciders
        self._cached_aggregates = cached_aggregates
        self._cache: OrderedDict[str, Folded] = OrderedDict()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.on_handled: OnHandled = lambda command, came, seconds: None

    async def handle(self, envelope: Envelope) -> Appended:
        """Carry out a command; a repeated idempotency key gets the first answer again.

        A command that changes nothing writes nothing: the answer names the version and position that stand.

        Raises:
            NotFound, RuleViolation: what the domain says.
            UnhandledCommand: no aggregate has the stream.
            StaleVersion: the aggregate is not at `expected_version`.
            CommandIdReused, CommitTooLarge, Unavailable, OutcomeUnknown: see EventStore.append.
            ConcurrencyConflict: other writers were first, again and again.
        """
        began = perf_counter()
        try:
            appended = await self._in_turn(envelope)
        except BaseException as error:
            self.on_handled(envelope.command, error, perf_counter() - began)
            raise
        self.on_handled(envelope.command, appended, perf_counter() - began)
        return appended

    @property
    def fingerprints(self) -> Fingerprints:
        """What tells a repetition from another command."""
        return self._seals.fingerprints

    @property
    def look(self) -> BusLook:
        """How commands look up their facts."""
        return BusLook(self._state, self._store, self._settings)

    def look_of(self, owner: str | None) -> BusLook:
        """The same for a caller who commands an owner's aggregates alone: those of others are not there."""

        async def own(stream: str) -> Any | None:
            state, decider = await self._state(stream), self._decider(stream)
            return None if state is None or decider.is_of_another(owner, stream, state) else state

        return self.look if owner is None else replace(self.look, state=own)

    async def _state(self, stream: str) -> Any | None:
        return (await self._refreshed(stream, self._cache.get(stream))).state

    async def recent(self, count: int) -> dict[str, list[str]]:
        """Category -> ids of the aggregates that the last `count` events of its logs changed, by log the latest first.

        Raises Unavailable.
        """
        recent: dict[str, dict[str, None]] = {}
        for log, head in (await self._store.heads()).items():
            for event in reversed(await self._store.read_log(log, max(0, head - count), count)):
                recent.setdefault(category_of(event.stream), {})[event.stream] = None
        return {category: list(ids) for category, ids in recent.items()}

    async def _in_turn(self, envelope: Envelope) -> Appended:
        stream = envelope.command.stream
        lock = self._locks.get(stream) or self._locks.setdefault(stream, asyncio.Lock())
        async with lock:  # commands to one aggregate queue here instead of losing races against each other
            return await self._handle(envelope, self._cache.get(stream))

    async def _handle(self, envelope: Envelope, cached: Folded | None) -> Appended:
        command = envelope.command
        if before := await self._carried_out_before(envelope):
            return await self._first_answer(envelope, before)
        # 1. load, unless the cache knows the aggregate or it is a new one
        folded, is_fresh = cached or Folded(), cached is None
        if is_fresh and not command.creates:
            folded = await self._refreshed(command.stream)
        for attempt in range(_ATTEMPTS):
            # 2. decide
            events, refusal = self._decide(envelope, folded)
            if events:
                # 3. append
                try:
                    return await self._append(envelope, folded, events)
                except ConcurrencyConflict:
                    await asyncio.sleep(0.001 * attempt)  # the winner's write may not have reached a majority yet
                except RuleViolation as refused:  # a claim is taken, or the key that seals is destroyed
                    return await self._without_events(envelope, folded, refused)
            elif is_fresh:
                return await self._without_events(envelope, folded, refusal)
            folded, is_fresh = await self._refreshed(command.stream, folded), True
        raise ConcurrencyConflict(f"{command.stream} is written by others at a rate that leaves no gap; try again")

    async def _carried_out_before(self, envelope: Envelope) -> Commit | None:
        """The commit of this command under the id that version 0.1 gave to it; that of another caller is none."""
        if envelope.command_id_before is None:
            return None
        commit = await self._store.commit_of(envelope.command_id_before)
        return commit if commit is not None and commit.events[0].actor == envelope.actor else None

    def _decide(self, envelope: Envelope, folded: Folded) -> tuple[list[DomainEvent], TwinpathError | None]:
        """The events, or why there are none. A stale version is told before a rule, a missing aggregate before both."""
        command, expected = envelope.command, envelope.expected_version
        events: list[DomainEvent] = []
        refusal: TwinpathError | None = None
        decider = self._decider(command.stream)
        try:
            if folded.state is not None:
                envelope.refuse_others(decider, folded.state)
            events = decider.decide(command, folded.state)
            if folded.state is None and envelope.owner is not None:
                envelope.refuse_others(decider, _folded(decider, None, events))
        except (NotFound, NotPermitted, RuleViolation) as error:
            events, refusal = [], error
        stale = expected not in (None, folded.version) or not (envelope.condition or _ALWAYS).holds(folded.version)
        if stale and not isinstance(refusal, NotFound | NotPermitted):
            detail = f"{command.stream} is at version {folded.version}, which the command is not meant for."
            return [], StaleVersion(detail, current_version=folded.version)
        return events, refusal

    async def _append(self, envelope: Envelope, folded: Folded, events: Sequence[DomainEvent]) -> Appended:
        command, command_id = envelope.command, envelope.command_id
        decider = self._decider(command.stream)
        state = _folded(decider, folded.state, events)
        had, has = await claims_of(decider, folded.state, self._seals), await claims_of(decider, state, self._seals)
        metadata = Metadata(
            at=command.at,
            actor=envelope.actor,
            correlation_id=envelope.correlation_id,
            causation_id=envelope.causation_id or command_id,
            traceparent=envelope.traceparent,
        )
        if any(event.erases for event in events):
            # first, so that nothing can be opened any more when others hear of it; an erasure that a crash interrupts,
            # the engine's process for erasures ends
            await self._seals.erase(command.stream)
        plain = [self._catalogue.encode(event) for event in events]
        new, whose = await self._seals.seal_of(command.stream, plain, begins=folded.version == 0)
        taken = [key for key in has if key not in had]
        try:
            fingerprint = self._fingerprint(envelope, whose)
            commit = NewCommit(command.stream, new, folded.version, command_id, metadata, fingerprint, taken)
            appended = await self._store.append(commit)
        except CommandIdReused:  # or the same command, of which another version or another owner's key made this
            before = await self._store.commit_of(command_id)
            assert before is not None, "its commit was found"
            return await self._first_answer(envelope, before)
        except ClaimHeld as held:
            await self._free(held, has[held.key])
            raise ConcurrencyConflict(f"{held.key} was held by a leftover, which is gone") from held
        if not appended.duplicate:
            grown = Folded(state, appended.version, appended.log, appended.position)
            self._remember(command.stream, grown)
            self._snapshots.grown(decider, command.stream, folded.version, grown)
            if released := had.keys() - has.keys():
                try:
                    await self._store.release(command.stream, appended.version, released)
                except Unavailable as error:  # the next one who takes it frees it
                    _log.warning("claim_not_released", stream=command.stream, error=error.detail)
        return appended

    async def _free(self, held: ClaimHeld, claim: Claim) -> None:
        """Free a claim that its holder's stream no longer has. Raises RuleViolation where it does, Unavailable."""
        holder = await self._refreshed(held.stream, self._cache.get(held.stream))
        if held.key in await claims_of(self._decider(held.stream), holder.state, self._seals):
            raise claim.refusal(held.stream)
        await self._store.release(held.stream, holder.version, [held.key])

    async def _without_events(self, envelope: Envelope, folded: Folded, refusal: TwinpathError | None) -> Appended:
        """Nothing to write; unless this is a repetition, whose first try is the reason why."""
        if envelope.may_be_repeated and (commit := await self._store.commit_of(envelope.command_id)):
            return await self._first_answer(envelope, commit)
        if refusal is not None:
            raise refusal
        return Appended(envelope.command.stream, folded.version, folded.log, folded.position)

    def _fingerprint(self, envelope: Envelope, whose: Whose | None) -> str:
        """Empty where nobody will ask for it."""
        if not envelope.may_be_repeated:
            return ""
        owner, key = (None, None) if whose is None else (whose.owner, whose.key)
        return self._seals.fingerprints.make(envelope.command.content(), owner, key)

    async def _first_answer(self, envelope: Envelope, commit: Commit) -> Appended:
        """The answer to a command id that was seen before. Raises CommandIdReused, Unavailable."""
        if not await self.fingerprints.allows(commit.fingerprint, envelope.command.content()):
            raise CommandIdReused("this idempotency key was used for another command; use a fresh one")
        return replace(commit.appended, duplicate=True)

    async def _refreshed(self, stream: str, cached: Folded | None = None) -> Folded:
        """The aggregate with the events that came since it was known, from its snapshot on where it is not."""
        decider = self._decider(stream)
        folded = cached or await self._snapshots.load(decider, stream)
        events = await self._seals.open(await self._store.load(stream, folded.version))
        for recorded in events:
            state = decider.evolve(folded.state, self._catalogue.decode(recorded))
            folded = Folded(state, recorded.version, recorded.log, recorded.position)
        if folded.version > 0:
            self._remember(stream, folded)
        return folded

    def _decider(self, stream: str) -> AnyAggregate:
        decider = self._deciders.get(category_of(stream))
        if decider is None:
            raise UnhandledCommand(f"No aggregate here handles commands to {stream!r}.")
        return decider

    def _remember(self, stream: str, folded: Folded) -> None:
        self._cache[stream] = folded
        self._cache.move_to_end(stream)
        if len(self._cache) > self._cached_aggregates:
            self._cache.popitem(last=False)


def _folded(decider: AnyAggregate, state: Any, events: Sequence[DomainEvent]) -> Any:
    for event in events:
        state = decider.evolve(state, event)
    return state
