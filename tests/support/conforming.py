"""An HTTP transport for tests that holds every answer against the OpenAPI document of the app that gave it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute
from jsonschema_rs import Draft202012Validator

from twinpath.http.documents.problems import NO_OPERATION, PROBLEM_JSON

_OF_NO_OPERATION = [code for codes in NO_OPERATION.values() for code in codes]


class Documented:
    """The operations of an OpenAPI document, and whether an answer is among those that it describes."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._validators: dict[str, Any] = {}
        # a fixed path comes before one with a parameter, as it does among the routes
        paths = sorted(document["paths"], key=lambda path: path.count("{"))
        self._paths = [(re.compile(re.sub(r"{\w+}", "[^/]+", path)), path) for path in paths]

    def operation(self, method: str, path: str) -> Mapping[str, Any] | None:
        """The operation that takes a request, None where no route does."""
        for pattern, name in self._paths:
            if pattern.fullmatch(path) and method.lower() in self._document["paths"][name]:
                operation: Mapping[str, Any] = self._document["paths"][name][method.lower()]
                return operation
        return None

    def operations(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Method, path and description of each."""
        for path, methods in self._document["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def answers(self, operation: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        """Status -> description of the answers of an operation, those of components in place."""
        components = self._document["components"].get("responses", {})
        return {
            status: components[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
            for status, answer in operation["responses"].items()
        }

    def codes(self, operation: Mapping[str, Any]) -> set[tuple[int, str]]:
        """Each status of an operation with each code that it has; a success has the code ""."""
        answers = self.answers(operation).items()
        with_codes = [
            (int(status), content.get("content", {}).get(PROBLEM_JSON, {}).get("examples", {}), content.get("content"))
            for status, content in answers
        ]
        plain = {(status, "") for status, codes, content in with_codes if not codes or len(content or ()) > 1}
        return plain | {(status, code) for status, codes, _ in with_codes for code in codes}

    def complaint(self, method: str, path: str, status: int, media_type: str, body: bytes) -> str | None:
        """What the document does not have of this answer; None when all is as documented."""
        operation = self.operation(method, path)
        if operation is None or status == 405:
            return None
        answer = self.answers(operation).get(str(status))
        where = f"{operation['operationId']} answered {status}"
        problem = httpx.Response(200, content=body).json() if media_type == PROBLEM_JSON else {}
        if problem.get("code") in _OF_NO_OPERATION:
            return None
        if answer is None:
            return f"{where} {problem.get('code', '')}, which is not documented"
        content = answer.get("content", {})
        if body and media_type not in content:
            return f"{where} with {media_type}, documented are {list(content)}"
        if problem:
            codes = content[media_type]["examples"]
            if problem["code"] not in codes:
                return f"{where} with the code {problem['code']}, documented are {list(codes)}"
        return self._of_schema(where, content.get(media_type, {}).get("schema", {}), body, media_type)

    def _of_schema(self, where: str, schema: Mapping[str, Any], body: bytes, media_type: str) -> str | None:
        if not body or "json" not in media_type or "ndjson" in media_type:
            return None
        key = repr(schema)
        if key not in self._validators:
            whole = {**schema, "components": self._document.get("components", {})}
            self._validators[key] = Draft202012Validator(whole, validate_formats=True)
        errors = [
            f"{error.instance_path}: {error.message}"
            for error in self._validators[key].iter_errors(httpx.Response(200, content=body).json())
        ]
        return f"{where} with a body that its schema does not take: {errors[:3]}" if errors else None


_DOCUMENTED: dict[tuple[int, ...], tuple[Documented, list[APIRoute]]] = {}
"""Of apps that have the same routes, by the identities of these."""


def documented(app: FastAPI) -> Documented:
    """The operations of an app; apps of an application share them, as they share its routes."""
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    key = tuple(map(id, routes))
    if key not in _DOCUMENTED:
        _DOCUMENTED[key] = Documented(app.openapi()), routes  # which keeps their identities theirs
    return _DOCUMENTED[key][0]


class ConformingTransport(httpx.ASGITransport):
    """Asks the app itself; an answer that its document does not describe fails the test."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(app)
        self._documented = documented(app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx.AsyncBaseTransport."""
        answer = await super().handle_async_request(request)
        body = await answer.aread()
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        complaint = self._documented.complaint(request.method, request.url.path, answer.status_code, media_type, body)
        assert complaint is None, complaint
        return answer
