"""A front of OpenSearch for tests: TLS and a password for each account, which the server alone does not ask for."""

import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientSession, web

from deploy.certificates import make_certificates
from deploy.local.ports import HOST


@asynccontextmanager
async def guarded(server: str, folder: Path, accounts: Mapping[str, str]) -> AsyncIterator[str]:
    """The host and port where a server is spoken to over TLS, by these accounts; `folder/trusted/ca.crt` vouches."""
    make_certificates(folder, {"search": (HOST, "localhost")})
    known = {f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}" for user, password in accounts.items()}

    async with ClientSession() as session:

        async def passed_on(request: web.Request) -> web.Response:
            if request.headers.get("Authorization") not in known:
                return web.json_response({"error": "Unauthorized", "status": 401}, status=401)
            kind = {"Content-Type": request.headers.get("Content-Type", "application/json")}
            url, body = f"{server}{request.path_qs}", await request.read()
            async with session.request(request.method, url, data=body, headers=kind) as answer:
                return web.Response(
                    body=await answer.read(), status=answer.status, headers={"Content-Type": "application/json"}
                )

        app = web.Application(client_max_size=1 << 28)
        app.router.add_route("*", "/{path:.*}", passed_on)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(folder / "search/tls.crt", folder / "search/tls.key")
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0, ssl_context=context)
        await site.start()
        try:
            yield f"{HOST}:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()
