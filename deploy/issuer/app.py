"""The provider's web pages and endpoints: discovery, keys, a page to choose a person, tokens."""

from typing import Any

from authlib.oauth2 import OAuth2Error
from flask import Flask, Response, request
from markupsafe import escape

from deploy.issuer.grants import Server
from deploy.issuer.people import PEOPLE
from deploy.issuer.provider import ALGORITHM, Memory, is_here

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in for development</title>
<style>body{{font:1rem/1.5 system-ui;max-width:32rem;margin:4rem auto}}button{{display:block;width:100%;margin:.5rem 0;
padding:.7rem;font:inherit;text-align:left;cursor:pointer}}</style>
<h1>Who are you today?</h1><p>This is the development issuer of Twinpath: nobody is asked for a password.</p>
<form method="post">{buttons}</form></html>"""


def create_app(issuer: str, memory: Memory | None = None, inside: str = "") -> Flask:
    """The provider at this URL; `inside` is its name on a network of containers, for what asks without a browser."""
    memory = memory or Memory()
    app = Flask("issuer")
    server = Server(app, memory, issuer)

    @app.get("/.well-known/openid-configuration")
    def discovery() -> dict[str, Any]:
        is_inside = request.host.partition(":")[0] == inside
        return _discovery(issuer, request.host_url.rstrip("/") if is_inside else issuer)

    @app.get("/keys")
    def keys() -> dict[str, Any]:
        return dict(memory.public_keys)

    @app.route("/authorize", methods=["GET", "POST"])
    def authorize() -> Any:
        grant = server.get_consent_grant()  # type: ignore[no-untyped-call]
        if request.method == "POST":
            person = PEOPLE.get(request.form.get("person", ""))
            return server.create_authorization_response(grant=grant, grant_user=person)
        return _page()

    @app.route("/token", methods=["POST", "OPTIONS"])
    def token() -> Any:
        return Response() if request.method == "OPTIONS" else server.create_token_response()

    @app.put("/customers/<email>")
    def customer(email: str) -> dict[str, str]:
        """Which customer a person is: the sample says it when it has registered them."""
        memory.introduce(email, str(request.get_json()["customer_id"]))
        return {}

    @app.errorhandler(OAuth2Error)
    def refused(error: OAuth2Error) -> Any:
        return str(error), 400

    _open_to_this_machine_alone(app, inside)
    return app


def _discovery(issuer: str, here: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{here}/token",  # as it was reached, by those inside: Keycloak's "dynamic back channel"
        "jwks_uri": f"{here}/keys",
        "scopes_supported": ["openid"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": ["authorization_code"],
        "token_endpoint_auth_methods_supported": ["none"],
    }


def _page() -> str:
    buttons = "".join(
        f'<button name="person" value="{escape(person.name)}"><b>{escape(person.name)}</b>: {escape(person.title)}'
        "</button>"
        for person in PEOPLE.values()
    )
    return _PAGE.format(buttons=buttons)


def _open_to_this_machine_alone(app: Flask, inside: str) -> None:
    @app.before_request
    def not_by_another_name() -> Response | None:
        """A page elsewhere whose name leads to this machine signs nobody in; services fetch keys by any name."""
        named = request.path in ("/keys", "/.well-known/openid-configuration") or is_here(f"http://{request.host}")
        named = named or (request.path == "/token" and request.host.partition(":")[0] == inside)
        return None if named else Response("This is no name of the development issuer.", 421)

    @app.after_request
    def open_to_pages_of_this_machine(response: Response) -> Response:
        if is_here(origin := request.headers.get("Origin", "")):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, X-Requested-With"
            response.headers["Vary"] = "Origin"
        return response
