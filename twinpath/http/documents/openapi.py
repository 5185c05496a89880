"""The OpenAPI document of a service: FastAPI's, with what is true of every route added once."""

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from fastapi import FastAPI

from twinpath.domain.about import About
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import happens_to
from twinpath.http.documents.examples import with_nulls
from twinpath.http.documents.problems import add_the_edge, edge_responses, problem_schemas
from twinpath.http.health import HEALTH_PATHS
from twinpath.identity.permissions import security_schemes

Document = dict[str, Any]

_SERVERS = [{"url": "/", "description": "the service that this document comes from"}]
"""Relative, as the same service is reached at another address from each network."""


def document(app: FastAPI, about: About, what: str, issuer: str | None = None) -> None:
    """Let `app.openapi()` tell all of it: who answers for it, the problem component, health, an id an operation.

    `what` ends the title: "command service". `issuer` is the provider that callers are known by.
    """
    app.title = f"{about.title} {what}"
    app.contact = about.contact_entry
    app.license_info = {"name": about.licence, "identifier": about.licence} if about.licence else None
    app.servers = _SERVERS
    app.openapi_tags = [{"name": "health", "description": "Whether a service lives, and whether it is ready."}]
    by_fastapi = app.openapi

    def whole() -> Document:
        if app.openapi_schema is None:
            with warnings.catch_warnings():  # ids that clash are made unique below
                warnings.filterwarnings("ignore", "Duplicate Operation ID")
                app.openapi_schema = completed(by_fastapi(), issuer)
        return app.openapi_schema

    app.openapi = whole  # type: ignore[method-assign]


def add_tags(app: FastAPI, tags: Mapping[str, str]) -> None:
    """Declare tags, name -> description, that the app does not have yet."""
    declared = app.openapi_tags or []
    names = {tag["name"] for tag in declared}
    app.openapi_tags = [*declared, *({"name": n, "description": d} for n, d in tags.items() if n not in names)]


def tag_of_category(category: str, catalogue: Catalogue) -> str:
    """The description of a tag: the category, and what can happen to it."""
    events = [f"`{event.type}`" for event in catalogue.types if happens_to(event) == category]
    return (
        f"Aggregates of the category `{category}`, with the events {', '.join(events)}."
        if events
        else f"Every {category}."
    )


def completed(described: Document, issuer: str | None = None) -> Document:
    """The document with what callers need, the component of problems, the answers of the edge, the paths of health,
    unique operation ids and names of schemas."""
    described = _with_plain_names(described)
    schemas = described.setdefault("components", {}).setdefault("schemas", {})
    schemas |= problem_schemas()
    described["components"]["responses"] = edge_responses()
    described["paths"] |= deepcopy(HEALTH_PATHS)
    for _, operation in _operations(described):
        streamed = "application/x-ndjson" in operation.get("requestBody", {}).get("content", {})
        # a body that is read as it comes may have any length
        operation["responses"] = add_the_edge(operation["responses"], without=(413,) if streamed else ())
    for media_type in _media_types(described):
        media_type["example"] = with_nulls(media_type["example"], media_type["schema"], schemas)
    components = described["components"]
    components["securitySchemes"] = security_schemes(issuer)
    used = _used([described["paths"], components["responses"]], schemas)
    components["schemas"] = {name: schema for name, schema in schemas.items() if name in used}
    times: Counter[str] = Counter()
    for path, operation in _operations(described):
        name = operation["operationId"]
        times[name] += 1
        if times[name] > 1:
            operation["operationId"] = f"{name}_{_words(path)}"
    return described


def _with_plain_names(described: Document) -> Document:
    """The document whose schemas have titles of their own, and names that are names in a programming language too.

    FastAPI calls two models of one name `Price-Input` and `Price-Output`, both with the title `Price`: generators then
    make one class of them.
    """
    names = list(described.get("components", {}).get("schemas", {}))
    plain = {name: name.removesuffix("-Output").replace("-Input", "Input") for name in names if "-" in name}
    plain = {name: new for name, new in plain.items() if new not in names}
    references = {f"#/components/schemas/{name}": f"#/components/schemas/{new}" for name, new in plain.items()}

    def renamed(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: renamed(value) for key, value in part.items()}
        if isinstance(part, list):
            return [renamed(item) for item in part]
        return references.get(part, part) if isinstance(part, str) else part

    described = renamed(described)
    if names:
        schemas = described["components"]["schemas"]
        described["components"]["schemas"] = {
            plain.get(name, name): {**schemas[name], "title": plain.get(name, name)} for name in names
        }
    return described


def _used(paths: Any, schemas: Mapping[str, Any]) -> set[str]:
    """The schemas that the paths refer to, also through others: pydantic describes more than requests and answers."""
    used: set[str] = set()
    waiting = [paths]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            waiting += part.values()
            name = str(part.get("$ref", "")).removeprefix("#/components/schemas/")
            if name in schemas and name not in used:
                used.add(name)
                waiting.append(schemas[name])
    return used


def _operations(described: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for operation in methods.values():
            yield path, operation


def _media_types(described: Document) -> Iterator[dict[str, Any]]:
    """The contents of requests and of answers that have an example."""
    for _, operation in _operations(described):
        for holder in (operation.get("requestBody", {}), *operation["responses"].values()):
            yield from (content for content in holder.get("content", {}).values() if "example" in content)


def _words(path: str) -> str:
    """The path as part of a name: `api_v1_tickets_ticket_id`."""
    return "_".join(path.replace("{", "").replace("}", "").replace("-", "_").strip("/").split("/"))
