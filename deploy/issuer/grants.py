"""The provider's OAuth 2 side, by Authlib: the authorisation code with PKCE, and a token by name for scripts."""

from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, ResourceOwnerPasswordCredentialsGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask
from joserfc.jwk import ECKey

from deploy.issuer.people import Person, person_named
from deploy.issuer.provider import ALGORITHM, AUDIENCE, CLIENT, Client, Code, Memory

TOKEN_SECONDS = 8 * 3600


class Server(AuthorizationServer):
    """The logic of an app's endpoints; `issuer` is the URL in the tokens."""

    def __init__(self, app: Flask, memory: Memory, issuer: str) -> None:
        super().__init__(
            app,
            query_client=lambda client_id: CLIENT if client_id == CLIENT.client_id else None,
            save_token=lambda token, request: None,
        )
        self.memory = memory
        self.register_grant(_CodeGrant, [CodeChallenge(required=True), _IdTokens(memory, issuer)])
        self.register_grant(_NameGrant)
        self.register_token_generator("default", _AccessTokens(memory, issuer))


class _CodeGrant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)
    server: Server

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        payload = request.payload
        assert payload is not None, "a grant that got here has its parameters"
        assert request.user is not None, "nobody is refused before this"
        data = payload.data
        waiting = Code(
            request.user,
            payload.redirect_uri,
            payload.scope or "",
            data.get("nonce"),
            data.get("code_challenge", ""),
            data.get("code_challenge_method", "S256"),
        )
        self.server.memory.give(code, waiting)

    def query_authorization_code(self, code: str, client: ClientMixin) -> Code | None:
        return self.server.memory.waiting(code)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        self.server.memory.take(authorization_code)

    def authenticate_user(self, authorization_code: Code) -> Person:
        return authorization_code.person


class _NameGrant(ResourceOwnerPasswordCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def authenticate_user(self, username: str, password: str) -> Person | None:
        return person_named(username)


class _IdTokens(OpenIDCode):
    def __init__(self, memory: Memory, issuer: str) -> None:
        super().__init__()
        self._memory = memory
        self._issuer = issuer

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        return any(code.nonce == nonce for code in self._memory.codes.values())

    def resolve_client_private_key(self, client: Client) -> ECKey:
        return self._memory.key

    def get_client_claims(self, client: Client) -> dict[str, str]:
        return {"iss": self._issuer}

    def get_client_algorithm(self, client: Client) -> str:
        return ALGORITHM

    def generate_user_info(self, user: Person, scope: str) -> UserInfo:
        return UserInfo(sub=user.name, **self._memory.claims(user))


class _AccessTokens(JWTBearerTokenGenerator):
    def __init__(self, memory: Memory, issuer: str) -> None:
        super().__init__(issuer, ALGORITHM, expires_generator=lambda client, grant_type: TOKEN_SECONDS)
        self._memory = memory

    def get_jwks(self) -> ECKey:
        return self._memory.key

    def get_extra_claims(self, client: Client, grant_type: str, user: Person, scope: str) -> dict[str, Any]:
        return self._memory.claims(user)

    def get_audiences(self, client: Client, user: Person, scope: str) -> str:
        return AUDIENCE
