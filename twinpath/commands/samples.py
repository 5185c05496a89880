"""Commands that would be accepted now: found by asking the rules themselves about aggregates that changed lately."""

from collections.abc import Container, Mapping, Sequence
from itertools import cycle, islice
from typing import Any

from pydantic import ValidationError

from twinpath.commands.bus import CommandBus
from twinpath.commands.endpoints import DeclaredCommand
from twinpath.errors import NotFound, RuleViolation
from twinpath.http.documents.samples import Sample, ids_in, with_ids

_LATELY = 200
"""So many of a log's last events are looked through."""

_TRIES = 60
"""So many aggregates are asked a command."""

Recent = Mapping[str, Sequence[str]]
"""Category -> ids, the latest first."""


class CommandSamples:
    """Finds a request for each command. Each aggregate is used once, as long as there are others: what is tried out on
    one command then changes nothing for the next."""

    def __init__(self, bus: CommandBus, commands: Mapping[str, DeclaredCommand]) -> None:
        self._bus = bus
        self._commands = commands

    async def __call__(self) -> Mapping[str, Sample]:
        """See FindSamples."""
        recent = await self._bus.recent(_LATELY)
        used: set[str] = set()
        samples = {}
        for name, command in self._commands.items():
            if (sample := await self._accepted(command, recent, used)) is not None:
                samples[name] = sample
        return samples

    async def _accepted(self, command: DeclaredCommand, recent: Recent, used: set[str]) -> Sample | None:
        creates = command.kind.creates
        targets = cycle([""]) if creates else _unused(recent.get(command.aggregate.category, ()), used)
        others = {category: _unused(ids, used) for category, ids in recent.items()}
        best: tuple[Sample, set[str]] | None = None
        for place, aggregate_id in enumerate(islice(targets, _TRIES)):
            if best is not None and aggregate_id in used:
                break
            named = {category: ids[place % len(ids)] for category, ids in others.items()}
            body = with_ids(command.example, named.get)
            if await self._is_accepted(command, aggregate_id, body):
                owner = None if creates else await self._owner(command, aggregate_id)
                parameters = {} if creates else {command.id_name: aggregate_id}
                sample = Sample(parameters, body if command.takes_body else None)
                if best is None or owner not in used:
                    best = sample, {aggregate_id, *ids_in(body), *([owner] if owner else [])}
                if owner not in used:
                    break
        if best is None:
            return None
        used |= best[1]
        return best[0]

    async def _owner(self, command: DeclaredCommand, aggregate_id: str) -> str | None:
        """Whose the aggregate is: another command may erase its owner."""
        owner = command.aggregate.owner
        return None if owner is None else owner(aggregate_id, await self._bus.look(aggregate_id))

    async def _is_accepted(self, command: DeclaredCommand, aggregate_id: str, body: Any) -> bool:
        """Whether something would happen. Raises Unavailable."""
        try:
            model = command.body.model_validate(body) if command.takes_body else None
            built = await command.build(self._bus.look, self._bus.clock(), command.id_of(aggregate_id, model), model)
            return bool(command.aggregate.decide(built, await self._bus.look(built.stream)))
        except (RuleViolation, NotFound, ValidationError):
            return False


def _unused(ids: Sequence[str], used: Container[str]) -> list[str]:
    """Those first that no other command has."""
    return sorted(ids, key=lambda candidate: candidate in used)
