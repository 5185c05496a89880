"""Routes whose endpoints the engine makes: FastAPI reads the parameters that a declaration asks for."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from inspect import Parameter, Signature
from typing import Annotated, Any, get_origin

from fastapi import Path
from fastapi.params import Query as QueryParameter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from twinpath.http.parameters import refuse_repeated
from twinpath.http.short_way import ShortWay
from twinpath.identity.permissions import allowing, permitted_router
from twinpath.ids import id_example, id_pattern

Handler = Callable[..., Awaitable[Response]]
"""Takes the request and the values of its parameters, in their order."""


class Routes:
    """The routes below /api/v1, and those that are answered past FastAPI's dispatch."""

    def __init__(self) -> None:
        self.router = permitted_router(prefix="/api/v1")
        self.short_ways: list[ShortWay] = []
        self.tags: dict[str, str] = {}
        """What each tag of the OpenAPI document stands for."""

    def get(
        self,
        path: str,
        handler: Handler,
        parameters: Mapping[str, Any],
        operation: str,
        allow: str | Sequence[str],
        **options: Any,
    ) -> None:
        """Add `GET <path>` for callers with the permissions `allow`; `parameters` are annotations by name, as FastAPI
        takes them."""
        tag = path[1:].partition("/")[0]
        name = operation.replace("-", "_").replace("/", "_")
        options["openapi_extra"] = allowing(allow, options.get("openapi_extra"))
        self.router.add_api_route(path, _endpoint(handler, parameters), operation_id=name, tags=[tag], **options)

    def short(self, path: str, handler: Handler, allow: str) -> None:
        """Let a well-formed request reach the handler past FastAPI's dispatch."""
        self.short_ways.append(ShortWay("GET", path, handler, allow))


def id_in_path(category: str) -> Any:
    """The annotation of an aggregate's id."""
    return Annotated[str, Path(pattern=id_pattern(category), examples=[id_example(category)])]


def in_query(model: type[Any]) -> Any:
    """The annotation of query parameters that are the fields of a model."""
    return Annotated[model, QueryParameter()]


def _endpoint(handler: Handler, parameters: Mapping[str, Any]) -> Handler:
    lists = {name for annotation in parameters.values() for name in _lists_in(annotation)}

    async def endpoint(request: Request, **values: Any) -> Response:
        refuse_repeated(request, lists)
        return await handler(request, *(values[name] for name in parameters))

    annotated = {"request": Request, **parameters}
    signature = [Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind) for name, kind in annotated.items()]
    endpoint.__signature__ = Signature(signature)  # type: ignore[attr-defined]
    return endpoint


def _lists_in(annotation: Any) -> list[str]:
    """The fields of a query's model that take several values."""
    model = getattr(annotation, "__origin__", None)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    fields = model.model_fields.items()
    return [name for name, field in fields if get_origin(field.annotation) in (list, set, tuple, frozenset)]
