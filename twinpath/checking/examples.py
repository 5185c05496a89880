"""Whether the examples that an application declares for its documents are what they stand for."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from twinpath.commands.endpoints import declared_commands
from twinpath.domain.application import Application
from twinpath.domain.report import Report
from twinpath.domain.resource import Dashboard, Listing, Resource
from twinpath.http.documents.examples import takes_none
from twinpath.queries.endpoints.models import shown_model


def unfit_examples(application: Application) -> Iterator[str]:
    """Those of commands and resources that their models do not take, a line each; what may be null may be left out."""
    for command in declared_commands(application.aggregates).values():
        yield from _unfit(f"command {command.kind.type}", command.body, command.example)
    for declared in application.resources:
        match declared:
            case Report():
                yield from _unfit(f"report {declared.path}", declared.row, declared.example)
            case Dashboard():
                yield from _unfit(f"dashboard {declared.path}", declared.model, declared.example)
            case Resource():
                model = shown_model(declared.document.model, declared.join)
                yield from _unfit(f"resource {declared.category}", model, declared.example)
                for listing in (declared.listing, *(sublist.listing for sublist in declared.sublists)):
                    if listing is not None:
                        yield from _of_list(listing)


def _of_list(listing: Listing) -> Iterator[str]:
    yield from _unfit(f"list of {listing.view.name}", shown_model(listing.rows, listing.join), listing.example)


def _unfit(about: str, model: type[BaseModel], example: Mapping[str, Any]) -> Iterator[str]:
    nulls = {name: None for name, info in model.model_fields.items() if info.is_required() and takes_none(info)}
    try:
        model.model_validate(nulls | {**example})
    except ValidationError as error:
        for fault in error.errors():
            yield f"{about}: its example does not fit, {'.'.join(map(str, fault['loc']))}: {fault['msg']}"
