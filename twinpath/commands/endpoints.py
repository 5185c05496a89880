"""Makes the endpoints of declared commands: the body from the command's fields, the answer, the page in OpenAPI."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property, partial
from inspect import Parameter, Signature, cleandoc
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, create_model

from twinpath.commands.accepting import COMMAND_CODES, COMMAND_HEADERS, accept, accepted_response, bus_of
from twinpath.domain.aggregate import AnyAggregate, Command, CommandEndpoint, Look
from twinpath.http.documents.examples import example_of
from twinpath.http.documents.problems import BODY, CALLERS, codes_together, problem_responses
from twinpath.http.parameters import refuse_parameters
from twinpath.http.short_way import ShortWay
from twinpath.identity.permissions import allowing, permitted_router
from twinpath.ids import id_example, id_pattern, new_id

PREFIX = "/api/v1"


class Body(BaseModel):
    """The body of a command: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class DeclaredCommand:
    """A command of an aggregate with what its endpoint and its bulk lines need."""

    def __init__(self, aggregate: AnyAggregate, endpoint: CommandEndpoint) -> None:
        self.aggregate = aggregate
        self.endpoint = endpoint
        self.kind: type[Command] = endpoint.command
        self.id_name = f"{aggregate.category}_id"
        self.path = aggregate.path + endpoint.path.replace("{id}", f"{{{self.id_name}}}")
        """Below the prefix, with the name of the id in place."""

    @cached_property
    def body(self) -> type[BaseModel]:
        """The model of the body: the command's fields less the id, the time and what is looked up."""
        kind = self.kind
        left_out = {"at", kind.target, *kind.looked_up}
        fields: dict[str, Any] = {
            name: (info.annotation, info) for name, info in kind.model_fields.items() if name not in left_out
        }
        return create_model(f"{kind.__name__}Body", __base__=Body, __doc__=kind.__doc__, **fields)

    @property
    def takes_body(self) -> bool:
        """Whether the command has any field of its own."""
        return bool(self.body.model_fields)

    @property
    def example(self) -> dict[str, Any]:
        """A body: the declared example, else put together from the fields' own."""
        return dict(self.endpoint.example) or example_of(self.body)

    def id_of(self, given: str, body: BaseModel | None) -> str:
        """The aggregate that the command is for: the one that is given, or one to be created."""
        if not self.kind.creates:
            return given
        return new_id(self.aggregate.category) if self.endpoint.new_id is None else self.endpoint.new_id(body)

    async def build(self, look: Look, at: datetime, aggregate_id: str, body: BaseModel | None) -> Command:
        """The command, its facts looked up. Raises Unavailable."""
        fields = body.__dict__ if body is not None else {}
        made: dict[str, Any] = {self.kind.target: aggregate_id, "at": at, **fields}
        asked = self.kind.model_construct(**made)
        if not (look_ups := self.kind.looked_up):
            return asked
        # one after another: most are answered at once, from what the service has at hand, and a task costs more
        return self.kind.model_construct(**made, **{name: await find(look, asked) for name, find in look_ups.items()})

    @property
    def short_way(self) -> ShortWay:
        """The way past FastAPI's dispatch."""
        return ShortWay(
            self.endpoint.method, self.path, self.answer, self.endpoint.allow, self.body, needs_body=self.takes_body
        )

    def add_to(self, router: APIRouter) -> None:
        """Add the route. Its parameters are the id, the body and the request, so far as the command has them."""
        status = 201 if self.kind.creates else 200
        router.add_api_route(
            self.path,
            self._endpoint(),
            methods=[self.endpoint.method],
            status_code=status,
            summary=self.endpoint.summary,
            description=cleandoc(self.kind.__doc__ or ""),
            operation_id=self.kind.type,
            tags=[self.aggregate.path[1:]],
            responses=accepted_response(status, self._accepted()) | problem_responses(self._codes()),
            openapi_extra=allowing(self.endpoint.allow, COMMAND_HEADERS | self._body_with_example()),
        )

    async def answer(self, request: Request, *ids: str, body: BaseModel | None = None) -> Response:
        """Carry out the command that a request asks for; with `?dry_run=true` it would do another thing than meant."""
        refuse_parameters(request)
        at, aggregate_id = bus_of(request).clock(), self.id_of("".join(ids), body)
        build = partial(self.build, at=at, aggregate_id=aggregate_id, body=body)
        location = f"{PREFIX}{self.aggregate.path}/" if self.kind.creates else None
        return await accept(request, build, self.id_name, location)

    def _endpoint(self) -> Any:
        """What FastAPI documents, and asks where a path or a body is not well-formed."""

        async def endpoint(request: Request, body: BaseModel | None = None, **ids: str) -> Response:
            return await self.answer(request, *ids.values(), body=body)

        category = self.aggregate.category
        id_in_path = Annotated[str, Path(pattern=id_pattern(category), examples=[id_example(category)])]
        parameters = {
            self.id_name: None if self.kind.creates else id_in_path,
            "body": self.body if self.takes_body else None,
            "request": Request,
        }
        endpoint.__signature__ = Signature(  # type: ignore[attr-defined]
            [Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind) for name, kind in parameters.items() if kind]
        )
        return endpoint

    def _codes(self) -> dict[int, tuple[str, ...]]:
        """What it may be refused with, by status."""
        mine = () if self.kind.creates else (f"{self.aggregate.category}_not_found",)
        refuses = [*mine, *self.endpoint.refuses]
        not_yours = {403: ("not_yours",)} if self.kind.creates and self.aggregate.owner else {}
        by_rules = {
            **not_yours,
            404: tuple(code for code in refuses if code.endswith("_not_found")),
            409: tuple(code for code in refuses if not code.endswith("_not_found")),
        }
        # a body is checked on its way in, also where none is expected
        return codes_together(
            COMMAND_CODES, CALLERS, BODY, {status: codes for status, codes in by_rules.items() if codes}
        )

    def _body_with_example(self) -> dict[str, Any]:
        content = {"application/json": {"example": self.example}}
        return {"requestBody": {"content": content}} if self.takes_body else {}

    def _accepted(self) -> type[BaseModel]:
        category = self.aggregate.category
        doc = f"The command took effect: which {category}, and its version now."
        fields: dict[str, Any] = {self.id_name: (str, ...), "version": (int, ...), "status": (str, "accepted")}
        return create_model(f"{category.capitalize()}Accepted", __doc__=doc, **fields)


def declared_commands(aggregates: Iterable[AnyAggregate]) -> dict[str, DeclaredCommand]:
    """Every command that callers can send, by its stored name."""
    return {
        endpoint.command.type: DeclaredCommand(aggregate, endpoint)
        for aggregate in aggregates
        for endpoint in aggregate.endpoints
    }


def command_router(commands: Mapping[str, DeclaredCommand]) -> APIRouter:
    """The routes of these commands."""
    router = permitted_router(prefix=PREFIX)
    for command in commands.values():
        command.add_to(router)
    return router
