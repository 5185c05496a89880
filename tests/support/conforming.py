"""An HTTP transport for tests that holds every answer against the OpenAPI document of the app that gave it."""

import re
from collections.abc import Mapping
from typing import Any

import httpx
from fastapi import FastAPI
from jsonschema_rs import Draft202012Validator

from twinpath.http.documents.problems import PROBLEM_JSON

_ROUTER_CODES = ("no_such_route", "method_not_allowed", "internal_error")
"""What belongs to no operation."""


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

    def complaint(self, method: str, path: str, status: int, media_type: str, body: bytes) -> str | None:
        """What the document does not have of this answer; None when all is as documented."""
        operation = self.operation(method, path)
        if operation is None or status == 405:
            return None
        answer = operation["responses"].get(str(status))
        where = f"{operation['operationId']} answered {status}"
        problem = httpx.Response(200, content=body).json() if media_type == PROBLEM_JSON else {}
        if problem.get("code") in _ROUTER_CODES:
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


class ConformingTransport(httpx.ASGITransport):
    """Asks the app itself; an answer that its document does not describe fails the test."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(app)
        self._documented = Documented(app.openapi())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx.AsyncBaseTransport."""
        answer = await super().handle_async_request(request)
        body = await answer.aread()
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        complaint = self._documented.complaint(request.method, request.url.path, answer.status_code, media_type, body)
        assert complaint is None, complaint
        return answer
