"""Whether what an application declares can work: what `twinpath doctor` finds. No server is asked."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from twinpath.checking.examples import unfit_examples
from twinpath.checking.searches import unfit_searches
from twinpath.commands.processes.erasure import NAME as ERASURE
from twinpath.domain.application import Application
from twinpath.domain.carrying import rules_in
from twinpath.domain.events import SEALED, DomainEvent, happens_to
from twinpath.domain.facts import Facts
from twinpath.domain.handlers import handler_names
from twinpath.domain.process import Process
from twinpath.domain.projection import Projection
from twinpath.domain.report import Report
from twinpath.domain.resource import Dashboard, Resource
from twinpath.facts.tables import unfit
from twinpath.identity.caller import OWN, Caller
from twinpath.identity.permissions import OF_THE_ENGINE
from twinpath.projecting.groups import FACTS, OUTSIDE, VIEWS, view_projections

_TYPE = re.compile(r"[a-z]+\.[a-z0-9_]+")


def faults(application: Application) -> list[str]:
    """Everything that is declared and cannot work, a line each, which begins with what it is about.

    What depends on a part of the application that is not there, such as its resources, is not looked at.
    """
    return [fault for check in _CHECKS for fault in check(application)]


def _events(application: Application) -> Iterator[str]:
    categories = {aggregate.category for aggregate in application.aggregates}
    for event in application.events.types:
        for fault in _of_event(event):
            yield f"event {event.type}: {fault}"
        if categories and happens_to(event) not in categories:
            kind = "nobody can be erased, since" if event.erases else "nothing can record it, since"
            yield f"event {event.type}: {kind} there is no aggregate {happens_to(event)}"
        if event.personal and event.personal_of is None and not _erasable(application, event):
            yield f"event {event.type}: its personal data stay for ever, since no event of {happens_to(event)} erases"


def _of_event(event: type[DomainEvent]) -> Iterator[str]:
    fields = event.model_fields
    if not _TYPE.fullmatch(event.type):
        yield "its stored name is not category.what_happened"
    if not event.__doc__:
        yield "it has no docstring, which the outside world's page shows"
    if SEALED in fields:
        yield f"a field can't be called {SEALED}: personal data are stored there"
    for name in (*event.personal, *filter(None, [event.personal_of])):
        if name not in fields:
            yield f"it has no field {name}"
        elif name in event.personal and not _takes_none(fields[name].annotation):
            yield f"the personal field {name} must take None, as it is once its owner is erased"
    try:
        for path in rules_in(event):
            yield (
                f"{path or 'it'} is checked by a limit or a validator: rules belong to the command, since those of"
                " today must not judge what has happened"
            )
        event.model_json_schema()
        if event.erases:
            event.model_validate({})
    except ValidationError:
        yield "it erases, so each of its fields needs a default"
    except PydanticUserError as error:
        yield f"it has a field that can't be stored as JSON: {error.message}"


def _takes_none(annotation: Any) -> bool:
    try:
        TypeAdapter(annotation).validate_python(None)
    except ValidationError:
        return False
    return True


def _erasable(application: Application, event: type[DomainEvent]) -> bool:
    return any(other.erases for other in application.events.types if happens_to(other) == happens_to(event))


def _aggregates(application: Application) -> Iterator[str]:
    yield from _doubles("aggregate", (aggregate.category for aggregate in application.aggregates))
    for aggregate in application.aggregates:
        about = f"aggregate {aggregate.category}"
        if not aggregate.events:
            yield f"{about}: it has no events"
        for event in aggregate.events:
            if application.events.event_type(event.type) is not event:
                yield f"{about}: its event {event.__name__} is not in the catalogue"
            if happens_to(event) != aggregate.category:
                yield f"{about}: its event is called {event.type}, so it would be another aggregate's"
        if any(event.erases for event in aggregate.events) and aggregate.erase is None:
            yield f"{about}: an event of it erases, but no command is declared as `erase`"
        for function in ("decide", "evolve"):
            if not callable(getattr(aggregate, function)):
                yield f"{about}: it has no {function}"


def _commands(application: Application) -> Iterator[str]:
    endpoints = [(aggregate, endpoint) for aggregate in application.aggregates for endpoint in aggregate.endpoints]
    commands = {endpoint.command for _, endpoint in endpoints}
    yield from _doubles("command", (command.type for command in commands))
    yield from _doubles("stored command", {command.type: command.stored_name() for command in commands}.values())
    yield from _doubles("endpoint", (f"{way.method} {aggregate.path}{way.path}" for aggregate, way in endpoints))
    for aggregate, endpoint in endpoints:
        about = f"endpoint {endpoint.method} {aggregate.path}{endpoint.path}"
        if not endpoint.allow:
            yield f"{about}: it names no permission, so nobody may use it"
        if endpoint.command.target not in endpoint.command.model_fields:
            yield f"{about}: its command has no field {endpoint.command.target}, which is its target"


def _projections(application: Application) -> Iterator[str]:
    # here, since these bring drivers along, which the command line should not load for its help
    from twinpath.projecting.outside_events import OutsideEventsProjection
    from twinpath.views.mongodb.generations import RETIRED
    from twinpath.views.mongodb.parking import COLLECTIONS
    from twinpath.views.mongodb.stores import CHECKPOINTS

    reserved = {CHECKPOINTS, RETIRED, *COLLECTIONS, OutsideEventsProjection.name, "layout"}
    projections = view_projections(application)
    yield from _doubles("projection", (projection.name for projection in projections))
    yield from _doubles("view", (view.name for projection in projections for view in projection.views))
    for projection in projections:
        about = f"projection {projection.name}"
        if projection.name in reserved:
            yield f"{about}: the engine keeps something of its own under this name"
        yield from _handlers(application, about, type(projection), Projection)
        if [view.name for view in projection.views] != [projection.name]:
            yield f"{about}: it can't be built anew, since it does not write just one view of its own name"


def _facts(application: Application) -> Iterator[str]:
    yield from _doubles("facts", (facts.name for facts in application.facts))
    different = {facts.name: facts for facts in application.facts}.values()
    yield from _doubles("table or view of facts", (name for facts in different for name in _kept_as(facts)))
    for facts in application.facts:
        faults = list(_handlers(application, f"facts {facts.name}", type(facts), Facts))
        yield from faults or (f"facts {facts.name}: {fault}" for fault in unfit(facts, application.events))


def _kept_as(facts: Facts) -> Iterator[str]:
    """What is called by the declaration's name in the store, and by its name and something behind it."""
    for shown in (facts.name, f"{facts.name}_anew"):
        yield from (shown, *(f"{shown}_{digest}" for digest in facts.earliest))
    yield from (f"{facts.name}_rows", f"{facts.name}_rows_anew")


def _reports(application: Application) -> Iterator[str]:
    kept = {facts.name for facts in application.facts}
    for report in application.resources:
        if isinstance(report, Report) and application.facts:
            missing = [name for name in report.tables if name not in kept]
            yield from (f"report {report.path}: it reads {name}, and no facts are declared so" for name in missing)


def _permissions(application: Application) -> Iterator[str]:
    for declared in application.resources:
        if isinstance(declared, Resource | Dashboard | Report) and not declared.allow:
            yield f"resource {declared.path}: it names no permission, so nobody may read it"
    if not (application.roles and application.aggregates and application.resources):
        return
    for role, permissions in application.roles.items():
        for permission in unasked_for(application, permissions):
            yield f"role {role}: nothing asks for its permission {permission}"


def unasked_for(application: Application, permissions: Iterable[str]) -> list[str]:
    """Those of the permissions that no operation asks for, such as misspelt ones."""
    asked_for = {*OF_THE_ENGINE, *filter(None, _asked_for(application))}
    return [
        permission
        for permission in permissions
        if permission != OWN and not any(Caller("", "", frozenset([permission])).may(name) for name in asked_for)
    ]


def _asked_for(application: Application) -> Iterator[str]:
    for aggregate in application.aggregates:
        yield from (endpoint.allow for endpoint in aggregate.endpoints)
    for declared in application.resources:
        yield from (below.allow for below in getattr(declared, "sublists", ()))
        yield getattr(declared, "allow", "")


def _resources(application: Application) -> Iterator[str]:
    written = {view.name for projection in view_projections(application) for view in projection.views}
    read = {view.name for resource in application.resources for view in resource.reads()}
    if application.projections:
        yield from (f"view {name}: it is read, and no projection writes it" for name in sorted(read - written))
    if application.resources:
        own = {view.name for projection in application.projections for view in projection.views}
        yield from (f"view {name}: it is written, and no resource reads it" for name in sorted(own - read))


def _processes(application: Application) -> Iterator[str]:
    kinds = [kind for kind in application.processes if isinstance(kind, type) and issubclass(kind, Process)]
    yield from _doubles("process", (kind.name for kind in kinds))
    for kind in kinds:
        if kind.name in (VIEWS, OUTSIDE, FACTS, ERASURE):
            yield f"process {kind.name}: the engine follows logs under this name itself"
        yield from _handlers(application, f"process {kind.name}", kind, Process)


def _handlers(application: Application, about: str, kind: type, base: type) -> Iterator[str]:
    try:
        handlers = handler_names(kind, base)
    except TypeError as error:
        yield f"{about}: {error}"
        return
    if not handlers:
        yield f"{about}: none of its methods takes an event"
    for event, method in handlers.items():
        if event is not DomainEvent and application.events.event_type(event.type) is not event:
            yield f"{about}: {method} takes {event.__name__}, which is not in the catalogue"


def _doubles(kind: str, names: Iterable[str]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{kind} {name}: it is declared {count} times"


_CHECKS = (
    *(_events, _aggregates, _commands, _projections, _facts, _reports, _permissions, _resources, _processes),
    unfit_examples,
    unfit_searches,
)
