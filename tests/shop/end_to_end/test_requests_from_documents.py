"""Schemathesis makes requests from each service's own OpenAPI document, good and bad: no 5xx, all as documented."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any, cast

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deploy.sample import load_sample
from tests.support.services.system import System

_SECONDS_AN_OPERATION = 1.0
_REQUESTS_AN_OPERATION = 25
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@schemathesis.serializer("application/x-ndjson")
def _lines(context: Any, value: Any) -> bytes:
    """What was generated for NDJSON, as it is."""
    return str(value).encode("utf-8", "surrogatepass")


@pytest.fixture
def administered(stopped_system: System, monkeypatch: pytest.MonkeyPatch) -> System:
    for name, value in stopped_system.settings.items():
        monkeypatch.setenv(name, value)  # by which the sample finds the databases
    asyncio.run(load_sample(stopped_system.mongodb_url))
    stopped_system.settings |= {"TWINPATH_CAUSAL_WAIT_SECONDS": "0.05"}
    stopped_system.start()
    return stopped_system


@pytest.mark.timeout(300)
def test_every_answer_is_as_documented(administered: System) -> None:
    complaints: dict[str, str] = {}
    with requests.Session() as session:
        for name in ("command", "query", "projector"):
            url = administered[name].url
            operations = list(_finite_operations(f"{url}/openapi.json"))
            assert operations
            for operation in operations:
                complaints |= _complaints(operation, partial(_called, url, session))
    assert not complaints, "\n\n".join(complaints.values())


def _called(url: str, session: requests.Session, case: Any) -> Any:
    return case.call(url, session, timeout=10)


def _finite_operations(url: str) -> Iterator[Any]:
    """All but the streams of events, which last for as long as somebody listens."""
    for result in schemathesis.openapi.from_url(url).get_all_operations():
        operation: Any = cast(Any, result).ok()
        content = operation.definition.raw["responses"].get("200", {}).get("content", {})
        if "text/event-stream" not in content:
            yield operation


def _complaints(operation: Any, call: Callable[[Any], Any]) -> dict[str, str]:
    """Label -> the first answer that is not as documented."""
    complaints: dict[str, str] = {}
    deadline = monotonic() + _SECONDS_AN_OPERATION

    for mode in GenerationMode:

        @seed(20260101)
        @settings(
            max_examples=_REQUESTS_AN_OPERATION,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            if monotonic() > deadline or complaints:
                return
            try:
                answer = call(case)
                off = answer.status_code == 503 and answer.json()["code"] == "analytics_off"  # no ClickHouse is here
                checks = [check for check in _CHECKS if not (off and check is not_a_server_error)]
                case.validate_response(answer, checks=checks)
            except FailureGroup as failed:
                complaints[operation.label] = f"{operation.label}: {failed}\n{failed.exceptions}"

        with suppress(Unsatisfiable):  # nothing can be wrong with a request that takes nothing
            ask()
    return complaints
