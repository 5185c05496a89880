"""The page on which an API is tried out: Swagger UI from our own server, made fit for NDJSON and for live streams."""

from collections.abc import Sequence

import orjson
from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_oauth2_redirect_html
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from twinpath.errors import TwinpathError
from twinpath.http.documents.samples import FindSamples, with_samples

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>%(title)s</title>
<link rel="icon" href="%(root)s/static-offline-docs/favicon.png">
<link rel="stylesheet" href="%(root)s/static-offline-docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="%(root)s/static-offline-docs/swagger-ui-bundle.js"></script>
<script>
// A stream of events has no end, and Swagger UI shows an answer only when it has ended: so its first second is shown.
const STREAM_MILLISECONDS = 1000;
async function firstEvents(url, request) {
  const answer = await fetch(url, request);
  if (!(answer.headers.get("content-type") || "").startsWith("text/event-stream")) return answer;
  const reader = answer.body.getReader(), decoder = new TextDecoder();
  const over = new Promise((resolve) => setTimeout(() => resolve({ done: true }), STREAM_MILLISECONDS));
  let text = "", part;
  while (!(part = await Promise.race([reader.read(), over])).done) text += decoder.decode(part.value, { stream: true });
  reader.cancel();
  return new Response(text, { status: answer.status, headers: answer.headers });
}
// Swagger UI takes NDJSON for JSON, and an example of it for a string to be quoted.
const plainLines = () => ({
  afterLoad(system) {
    const sample = system.fn.getSampleSchema;
    system.fn.getSampleSchema = (schema, type, config, example) =>
      /ndjson/.test(type) && typeof example === "string" ? example : sample(schema, type, config, example);
  },
});
const bundle = SwaggerUIBundle({
  url: "%(root)s/docs/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [plainLines],
  requestInterceptor: (request) => Object.assign(request, { userFetch: firstEvents }),
  oauth2RedirectUrl: location.origin + "%(root)s/docs/oauth2-redirect",
  persistAuthorization: true,
});
bundle.initOAuth({ clientId: "twinpath", scopes: "openid", usePkceWithAuthorizationCodeGrant: true });
</script>
</body>
</html>
"""


def add_page(app: FastAPI, samples: Sequence[FindSamples]) -> None:
    """Add `/docs`, and `/docs/openapi.json`: the document with the samples that `samples` find when it is asked for;
    and `/redoc`, which only shows it.

    They are plain routes: FastAPI keeps its own endpoints, and with them the app, for as long as the process lives.
    """

    async def page(request: Request) -> Response:
        return HTMLResponse(_PAGE % {"title": app.title, "root": request.scope.get("root_path", "")})

    async def document(_: Request) -> Response:
        try:
            shown = await with_samples(app.openapi(), samples)
        except TwinpathError:  # the page is of use without its samples too
            shown = app.openapi()
        return Response(orjson.dumps(shown), media_type="application/json")

    async def signed_in(_: Request) -> Response:
        return get_swagger_ui_oauth2_redirect_html()

    async def read(request: Request) -> Response:
        root = request.scope.get("root_path", "")
        files = f"{root}/static-offline-docs"
        return get_redoc_html(
            openapi_url=f"{root}{app.openapi_url}",
            title=app.title,
            redoc_js_url=f"{files}/redoc.standalone.js",
            redoc_favicon_url=f"{files}/favicon.png",
            with_google_fonts=False,
        )

    app.router.routes += [
        Route("/docs", page),
        Route("/docs/openapi.json", document),
        Route("/docs/oauth2-redirect", signed_in),
        Route("/redoc", read),
    ]
