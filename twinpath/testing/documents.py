"""The documents of an application's services, made with no server: what `/openapi.json` and `/asyncapi.json` give."""

from collections.abc import Mapping
from typing import Any

from twinpath.commands.app import create_app as create_command_app
from twinpath.domain.application import Application
from twinpath.identity.actors import Actors
from twinpath.projecting.documents.asyncapi import asyncapi_of
from twinpath.projecting.documents.routes import openapi_of
from twinpath.projecting.operators import PATH, admin_app
from twinpath.projecting.parking.endpoints import parked_routes
from twinpath.projecting.parking.repairs import Repairs
from twinpath.queries.app import create_app as create_query_app
from twinpath.testing.in_memory import InMemorySystem
from twinpath.views.in_memory.cache import InMemoryViewCache


def documents_of(application: Application) -> Mapping[str, dict[str, Any]]:
    """Name -> document: `commands`, `queries`, `both` at one address, `projector`, and `events` as AsyncAPI."""
    system = InMemorySystem(application)
    repairs = Repairs({}, system.views, system.store, system.seals, application.events)
    admin = admin_app([parked_routes(repairs)], application.events.about)
    return {
        "commands": create_command_app(system.bus, application, Actors(system.keys)).openapi(),
        "queries": create_query_app(system.views, InMemoryViewCache(), application).openapi(),
        "both": system.app.openapi(),
        "projector": openapi_of(admin, PATH),
        "events": asyncapi_of(application.events),
    }
