"""What a team declares, as one value that the services, the command line and the in-memory system are made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

from twinpath.domain.catalogue import Catalogue

if TYPE_CHECKING:
    from twinpath.domain.aggregate import AnyAggregate
    from twinpath.domain.facts import Facts
    from twinpath.domain.importer import Importer
    from twinpath.domain.process import Process
    from twinpath.domain.projection import Projection
    from twinpath.domain.resource import Endpoints


@dataclass(frozen=True, eq=False)
class Application:
    """The declarations of a domain, or those that one service needs: the other fields are empty then.

    `events` are all published events; `aggregates` and `processes` run in the command service, `projections` and
    `facts` in the projector, `resources` in the query service. `roles` are sets of permissions, which a setting may
    replace. `|` puts the parts of several services together.
    """

    events: Catalogue
    aggregates: Sequence[AnyAggregate] = ()
    processes: Sequence[type[Process]] = ()
    """Classes: each is made with the settings of the command service."""
    settings: type[Any] | None = None
    """The settings of the command service, where a process has some of its own: a subclass of its Settings."""
    projections: Sequence[Projection] = ()
    facts: Sequence[Facts] = ()
    resources: Sequence[Endpoints] = ()
    importers: Sequence[type[Importer]] = ()
    """Of the command service: what `twinpath import` takes."""
    roles: Mapping[str, Collection[str]] = field(default_factory=dict)
    audited: Collection[str] = ()
    """Permissions whose use by staff goes on the audit record."""

    def __or__(self, other: Application) -> Application:
        """Both together; raises ValueError when they do not share their events."""
        if self.events is not other.events:
            raise ValueError("the parts of an application share one catalogue of events")
        joined = {f.name: (*getattr(self, f.name), *getattr(other, f.name)) for f in fields(self) if f.name in _LISTS}
        roles = {**self.roles, **other.roles}
        return Application(self.events, settings=self.settings or other.settings, roles=roles, **joined)

    @cached_property
    def deciders(self) -> dict[str, AnyAggregate]:
        """The aggregates by their category."""
        return {aggregate.category: aggregate for aggregate in self.aggregates}


_LISTS = ("aggregates", "processes", "projections", "facts", "resources", "importers", "audited")
