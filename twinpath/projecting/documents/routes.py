"""The routes of the projector's documents: made once, sent as ready bytes, and needing nothing from elsewhere."""

from typing import Any

import orjson
from asyncapi_viewer.assets import VIEWER_IIFE, static_path
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from twinpath.domain.catalogue import Catalogue
from twinpath.http.documents.openapi import completed
from twinpath.http.health import HEALTH_PATHS
from twinpath.projecting.documents.asyncapi import asyncapi_of

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<link rel="icon" href="data:,">
<script src="asyncapi-viewer.js" defer></script>
</head>
<body style="margin: 0"><asyncapi-viewer src="asyncapi.json" sidebar></asyncapi-viewer></body>
</html>
"""


def document_routes(catalogue: Catalogue, admin: FastAPI, prefix: str) -> list[Route]:
    """`/asyncapi`, `/asyncapi.json`, the page's script, and `/openapi.json` of the administration below `prefix`."""
    events = asyncapi_of(catalogue)
    return [
        Route("/asyncapi", _sent(HTMLResponse(_PAGE.format(title=events["info"]["title"])))),
        Route("/asyncapi.json", _sent(_json(events))),
        Route(
            "/asyncapi-viewer.js", _sent(Response(static_path(VIEWER_IIFE).read_bytes(), media_type="text/javascript"))
        ),
        Route("/openapi.json", _sent(_json(openapi_of(admin, prefix)))),
    ]


def openapi_of(admin: FastAPI, prefix: str) -> dict[str, Any]:
    """The whole service's document: the administration where it is mounted, and health."""
    alone = admin.openapi()
    paths = {prefix + path: methods for path, methods in alone["paths"].items() if path not in HEALTH_PATHS}
    schemes = alone["components"]["securitySchemes"]
    whole = completed({**alone, "paths": paths})
    whole["components"]["securitySchemes"] = schemes
    return whole


def _json(document: dict[str, Any]) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")


def _sent(ready: Response) -> Any:
    """An endpoint that sends the same bytes each time."""

    async def send(request: Request) -> Response:
        return ready

    return send
