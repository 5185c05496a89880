"""The OpenAPI documents: one problem, unique short ids, declared tags, examples that fit. The routes are the app's."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fastapi import FastAPI

from tests.engine.workshop.application import WORKSHOP
from tests.support.conforming import Documented
from tests.support.examples import unfit_examples
from twinpath.domain import About
from twinpath.http.documents.openapi import add_tags, document
from twinpath.http.documents.problems import PROBLEM_JSON
from twinpath.testing.documents import documents_of

of_each = pytest.mark.parametrize("described", ["commands", "queries", "both", "projector"], indirect=True)


@pytest.fixture(scope="module")
def documents() -> Mapping[str, dict[str, Any]]:
    return documents_of(WORKSHOP)


@pytest.fixture
def described(documents: Mapping[str, dict[str, Any]], request: pytest.FixtureRequest) -> dict[str, Any]:
    return documents[request.param]


def test_every_document_of_http_is_looked_at(documents: Mapping[str, dict[str, Any]]) -> None:
    names = [name for name, described in documents.items() if "openapi" in described]
    assert of_each.args[1] == names


def operations(described: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return (operation for methods in described["paths"].values() for operation in methods.values())


@of_each
def test_every_error_is_the_one_problem_with_an_example_a_code(described: Mapping[str, Any]) -> None:
    documented = Documented(described)
    errors = [
        (operation["operationId"], status, answer)
        for _, _, operation in documented.operations()
        for status, answer in documented.answers(operation).items()
        if status == "202" or status >= "400"
    ]

    assert errors
    for operation, status, answer in errors:
        content = answer["content"][PROBLEM_JSON]
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}, (operation, status)
        assert content["examples"], (operation, status)
        for code, example in content["examples"].items():
            assert (example["value"]["code"], example["value"]["status"]) == (code, int(status))


@of_each
def test_ids_are_unique_and_short(described: Mapping[str, Any]) -> None:
    ids = Counter(operation["operationId"] for operation in operations(described))

    assert max(ids.values()) == 1, ids.most_common(3)
    assert all("api_v1" not in name and name.isidentifier() and len(name) <= 40 for name in ids), list(ids)


@of_each
def test_every_tag_is_declared_and_every_declared_one_is_used(described: Mapping[str, Any]) -> None:
    used = {tag for operation in operations(described) for tag in operation["tags"]}

    assert {tag["name"] for tag in described["tags"]} == used
    assert all(tag["description"] for tag in described["tags"])


@of_each
def test_every_example_fits_its_schema(described: Mapping[str, Any]) -> None:
    assert not unfit_examples(described)


@of_each
def test_every_operation_says_what_it_does_and_no_header_is_filled_in(described: Mapping[str, Any]) -> None:
    for operation in operations(described):
        assert operation["summary"], operation["operationId"]
        for parameter in operation.get("parameters", ()):
            if parameter["in"] != "path":
                filled_in = parameter.keys() & {"example", "examples"}
                assert not filled_in, (operation["operationId"], parameter["name"])


@of_each
def test_schemas_have_titles_of_their_own(described: Mapping[str, Any]) -> None:
    for name, schema in described["components"]["schemas"].items():
        assert schema.get("title", name) == name
        assert name.isidentifier(), name


def test_an_example_that_does_not_fit_is_found() -> None:
    schema = {"type": "object", "required": ["at"], "properties": {"at": {"type": "string", "format": "date-time"}}}
    described = {"paths": {"/x": {"get": {"content": {"application/json": {"schema": schema, "example": {}}}}}}}

    assert len(unfit_examples(described)) == 1


def test_ids_of_a_teams_own_routes_are_short_and_clash_with_nothing() -> None:
    app = FastAPI(generate_unique_id_function=lambda route: route.name)
    document(app, About(title="Garage", contact="The team", licence="MIT"), "service")
    add_tags(app, {"own": "What the team added."})

    @app.get("/cars/{car_id}", tags=["own"])
    async def get_car(car_id: str) -> str:
        return car_id

    @app.get("/old/cars/{car_id}", tags=["own"], operation_id="get_car")
    async def get_old_car(car_id: str) -> str:
        return car_id

    described = app.openapi()
    assert [operation["operationId"] for operation in operations(described)][:2] == [
        "get_car",
        "get_car_old_cars_car_id",
    ]
    assert described["info"]["title"] == "Garage service"
    assert described["info"]["contact"] == {"name": "The team"}
    assert described["info"]["license"] == {"name": "MIT", "identifier": "MIT"}
    assert described["servers"][0]["url"] == "/"
