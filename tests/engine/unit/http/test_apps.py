"""Apps are made of declarations: those of an application share what is made of it, and none outlives its use."""

import asyncio
import gc
import weakref

from fastapi.routing import APIRoute

from tests.engine.workshop.application import WORKSHOP
from twinpath.testing import InMemorySystem


def routes_of(system: InMemorySystem) -> list[APIRoute]:
    return [route for route in system.app.routes if isinstance(route, APIRoute)]


def test_apps_of_an_application_share_its_routes() -> None:
    first, second = routes_of(InMemorySystem(WORKSHOP)), routes_of(InMemorySystem(WORKSHOP))

    assert len(first) > 10
    assert [id(route) for route in first] == [id(route) for route in second]


def test_an_app_that_nobody_holds_is_gone_with_its_adapters() -> None:
    async def served() -> tuple[weakref.ref[object], weakref.ref[object]]:
        system = InMemorySystem(WORKSHOP)
        async with system.app.router.lifespan_context(system.app):
            assert system.app.openapi()["paths"]
        return weakref.ref(system.app), weakref.ref(system.store)

    app, store = asyncio.run(served())
    gc.collect()

    assert (app(), store()) == (None, None)
