"""The workshop's services in this process, behind the real server, each also in every trouble that it can have."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from tests.engine.http.served import served
from tests.engine.http.statuses.asking import HOST, ORIGIN, Operation
from tests.engine.http.statuses.callers import CALLERS
from tests.engine.http.statuses.troubled import Troubled
from tests.engine.support.commanding import bus_on, seals_of
from tests.engine.support.poisoning import AlsoSeen, Notes, Seen, in_one_log
from tests.engine.workshop.application import COMMANDS, EVENTS, QUERIES, WORKSHOP
from tests.support.conforming import Documented
from twinpath.commands.app import create_app as command_app
from twinpath.errors import Unavailable
from twinpath.http.health import health_routes
from twinpath.http.problem_details import install_problem_details
from twinpath.http.settings import HttpSettings
from twinpath.http.site import Site
from twinpath.http.starting import RefusedUntilStarted
from twinpath.identity.actors import Actors
from twinpath.identity.authentication import OPEN, Authentication
from twinpath.identity.caller import EVERYTHING
from twinpath.identity.rates import CallerRates
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.projecting.documents.routes import openapi_of
from twinpath.projecting.operators import PATH, admin_app
from twinpath.projecting.parking.endpoints import parked_routes
from twinpath.projecting.parking.repairs import Repairs
from twinpath.queries.app import create_app as query_app
from twinpath.queries.endpoints.seats import Seats
from twinpath.running.starting import Start
from twinpath.testing import InMemorySystem
from twinpath.views.in_memory.cache import InMemoryViewCache

PARKED = in_one_log(200)
"""Streams that wait for their second event."""

_SITE = Site(HOST.decode(), ORIGIN.decode())
_WELL = HttpSettings(allowed_origins=ORIGIN.decode())
_HASTY = _WELL.model_copy(update={"http_head_seconds": 0.3, "http_body_seconds": 0.3, "http_connections": 16})


@dataclass
class Service:
    """A service by its document, and the port of each of its states.

    `plain` is well. `hasty` has no patience and room for few connections, `troubled` has stores that raise what a test
    wants, and `down` a dependency that is away.
    """

    document: Mapping[str, Any]
    apps: Mapping[str, Any]
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def documented(self) -> Documented:
        """Its document."""
        return Documented(self.document)

    @property
    def administers(self) -> bool:
        """Whether it has what operators ask for."""
        return any(path.startswith(PATH) for path in self.document["paths"])

    @property
    def operations(self) -> list[Operation]:
        """All that it has."""
        return [Operation(*operation, self.document) for operation in self.documented.operations()]


@dataclass
class Workshop:
    """The services, and the stores of those that are troubled."""

    services: Mapping[str, Service]
    store: Troubled
    views: Troubled
    parked: Troubled
    system: InMemorySystem

    def trouble(self, error: Exception | None) -> None:
        """Let every store raise this, or nothing."""
        self.store.trouble = self.views.trouble = self.parked.trouble = error


@asynccontextmanager
async def served_workshop() -> AsyncIterator[Workshop]:
    """All of it, until the test ends."""
    system = InMemorySystem(WORKSHOP)
    store, views = Troubled(system.store), Troubled(system.views)
    notes = await _parked_notes()
    parked = Troubled(notes.views, "parked")
    apps = {
        "command": _command_apps(system, store),
        "query": _query_apps(system, views),
        "projector": _projector_apps(notes, parked),
    }
    documents = {name: states["plain"].openapi() for name, states in apps.items() if name != "projector"}
    documents["projector"] = openapi_of(_admin(notes.views, notes), PATH)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(system.app.router.lifespan_context(system.app))
        services = {name: Service(documents[name], apps[name]) for name in apps}
        for name, states in apps.items():
            for state, app in states.items():
                settings = _HASTY if state == "hasty" else _WELL
                services[name].ports[state] = (await stack.enter_async_context(served(app, settings))).port
        yield Workshop(services, store, views, parked, system)


def _once() -> Authentication:
    """Everybody may ask for anything once an hour."""
    return Authentication(public=frozenset({EVERYTHING}), rates=CallerRates(address_rate="1/hour"))


async def _away() -> None:
    raise Unavailable("it is away")


def _not_started(app: Any) -> Any:
    """The app as it is before its service has begun to work."""
    app.add_middleware(RefusedUntilStarted, Start(_nothing))
    return app


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


def _command_apps(system: InMemorySystem, store: Any) -> dict[str, Any]:
    troubled = bus_on(store, keys=system.keys)

    def app(bus: Any = system.bus, **options: Any) -> Any:
        return command_app(bus, COMMANDS, Actors(system.keys), site=_SITE, **options)

    return {
        "plain": app(),
        "hasty": app(),
        "limited": app(authentication=_once()),
        "troubled": app(troubled),
        "troubled in writing": app(troubled),
        "down": app(required={"store": _away}),
        "starting": _not_started(app()),
        "asking": app(authentication=CALLERS.authentication()),
        "without provider": app(authentication=CALLERS.without_provider()),
    }


def _query_apps(system: InMemorySystem, views: Any) -> dict[str, Any]:
    def app(reader: Any = system.views, **options: Any) -> Any:
        given = {"causal_wait_seconds": 0.02, "site": _SITE, "index": system.search, **options}
        return query_app(reader, InMemoryViewCache(), QUERIES, **given)

    return {
        "plain": app(),
        "hasty": app(),
        "limited": app(authentication=_once()),
        "troubled": app(views),
        "down": app(required={"views": _away}),
        "starting": _not_started(app()),
        "asking": app(authentication=CALLERS.authentication()),
        "without provider": app(authentication=CALLERS.without_provider()),
        "without search": app(index=None),
        "full": app(seats=Seats(0, 1)),
        "full of one caller": app(seats=Seats(1, 0)),
    }


async def _parked_notes() -> Notes:
    notes = Notes()
    for stream in PARKED:
        await notes.add(stream, 2)
    poison = [f"{stream}@2" for stream in PARKED]
    await notes.project(Seen(poison), AlsoSeen(poison[:1]))
    return notes


class _Newer(AlsoSeen):
    """The same projection of a version that is not in service."""

    version = 2


def _admin(views: Any, notes: Notes, authentication: Authentication = OPEN) -> Any:
    projections = {"seen": (Seen([f"{stream}@2" for stream in PARKED]), views), "also_seen": (_Newer(), views)}
    repairs = Repairs(projections, views, notes.store, seals_of(InMemoryKeyStore()), EVENTS)
    return admin_app([parked_routes(repairs)], site=_SITE, authentication=authentication)


def _projector_apps(notes: Notes, troubled: Any) -> dict[str, Any]:
    def app(admin: ASGIApp, **required: Any) -> Starlette:
        whole = Starlette(routes=[*health_routes(required), Mount(PATH, admin)])
        install_problem_details(whole, _SITE)
        return whole

    return {
        "plain": app(_admin(notes.views, notes)),
        "hasty": app(_admin(notes.views, notes)),
        "limited": app(_admin(notes.views, notes, _once())),
        "troubled": app(_admin(troubled, notes)),
        "down": app(_admin(notes.views, notes), feed=_away),
        "asking": app(_admin(notes.views, notes, CALLERS.authentication())),
        "without provider": app(_admin(notes.views, notes, CALLERS.without_provider())),
    }
