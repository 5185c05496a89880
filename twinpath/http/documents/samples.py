"""Examples that exist: an OpenAPI document whose ids are those of data that is there, for a page to try things out."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from twinpath.http.documents.examples import category_of_id


@dataclass(frozen=True)
class Sample:
    """A request that would be taken now: the values of its path's parameters by name, and its body."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


FindSamples = Callable[[], Awaitable[Mapping[str, Sample]]]
"""Gives operation id -> sample; `*` holds parameters for every operation. Raises Unavailable."""


async def with_samples(document: Mapping[str, Any], finders: Iterable[FindSamples]) -> dict[str, Any]:
    """The document with these samples as its examples, as far as there are any. Raises Unavailable."""
    samples: dict[str, Sample] = {}
    for find in finders:
        samples |= await find()
    shown = deepcopy(dict(document))
    everywhere = samples.get("*", Sample())
    for methods in shown["paths"].values():
        for operation in methods.values():
            sample = samples.get(operation["operationId"], Sample())
            _put(operation, Sample({**everywhere.parameters, **sample.parameters}, sample.body))
    return shown


def with_ids(example: Any, id_of: Callable[[str], str | None]) -> Any:
    """The example with each id in it replaced by what `id_of` gives for its category, unless that is None."""
    if isinstance(example, dict):
        return {name: with_ids(value, id_of) for name, value in example.items()}
    if isinstance(example, list):
        return [with_ids(item, id_of) for item in example]
    category = category_of_id(example)
    return example if category is None else id_of(category) or example


def ids_in(example: Any) -> set[str]:
    """Every id in an example."""
    if isinstance(example, dict):
        return {text for value in example.values() for text in ids_in(value)}
    if isinstance(example, list):
        return {text for item in example for text in ids_in(item)}
    return set() if category_of_id(example) is None else {example}


def _put(operation: dict[str, Any], sample: Sample) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path" and parameter["name"] in sample.parameters:
            parameter["example"] = sample.parameters[parameter["name"]]
            parameter.pop("examples", None)
            parameter["schema"].pop("examples", None)
        elif parameter.get("required") and parameter["schema"].get("examples"):
            parameter["example"] = parameter["schema"]["examples"][0]
    if sample.body is not None:
        for content in operation["requestBody"]["content"].values():
            content["example"] = sample.body
