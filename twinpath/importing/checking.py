"""A dry run: every command is checked as the command service checks it when it comes in, without any server.

Rules are asked of commands that create; what is there already, only the service knows.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from twinpath.clock import utc_now
from twinpath.commands.endpoints import DeclaredCommand, declared_commands
from twinpath.domain.application import Application
from twinpath.errors import NotFound, RuleViolation
from twinpath.ids import new_id
from twinpath.importing.batches import Asked, Refusal
from twinpath.importing.kinds import kind_of


class DryRun:
    """Remembers the ids of what would be created, so that a second of the same is told."""

    def __init__(self, application: Application) -> None:
        self._declared = declared_commands(application.aggregates)
        self._created: set[str] = set()

    def carry_out(self, commands: Sequence[Asked]) -> list[Refusal | None]:
        """Why each of the commands would not be taken, None for one that would."""
        return [self._refusal(asked) for asked in commands]

    def _refusal(self, asked: Asked) -> Refusal | None:
        try:
            self._check(asked)
            for later in asked.wanted.then:
                self._body(Asked(asked.line, later, asked.key))
        except ValidationError as error:
            [first, *_] = error.errors(include_url=False, include_context=False, include_input=False)
            fault = {"field": ".".join(map(str, first["loc"])), "code": first["type"], "message": first["msg"]}
            return Refusal(asked.line, *kind_of({"errors": [fault]}))
        except (RuleViolation, NotFound) as error:
            return Refusal(asked.line, error.code, error.detail)
        return None

    def _body(self, asked: Asked) -> tuple[DeclaredCommand, BaseModel]:
        declared = self._declared[asked.wanted.command.type]
        return declared, declared.body.model_validate(asked.wanted.body)

    def _check(self, asked: Asked) -> None:
        declared, body = self._body(asked)
        kind = declared.kind
        if not kind.creates or kind.looked_up:
            return
        make = declared.endpoint.new_id
        aggregate_id = new_id(declared.aggregate.category) if make is None else make(body)
        made: dict[str, Any] = {kind.target: aggregate_id, "at": utc_now(), **body.__dict__}
        command = kind.model_construct(**made)
        events = declared.aggregate.decide(command, None)
        state = None
        if aggregate_id in self._created:
            for event in events:
                state = declared.aggregate.evolve(state, event)
            declared.aggregate.decide(command, state)
        self._created.add(aggregate_id)
