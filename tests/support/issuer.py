"""A provider of tokens for tests: keys that rotate, an outage at will, a count of what was fetched."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

ISSUER = "https://issuer.test"
AUDIENCE = "shop"


class Issuer:
    """Signs claims with its newest key and answers for discovery and keys as an HTTP transport."""

    def __init__(self) -> None:
        self.is_away = False
        self.fetches = 0
        self.keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        self.rotate("first")
        self.transport = httpx.MockTransport(self._answer)

    def rotate(self, key_id: str) -> None:
        """Sign with another key from now on."""
        self.keys[key_id] = ec.generate_private_key(ec.SECP256R1())

    def token(self, now: float, key_id: str = "", **claims: Any) -> str:
        """A token with these claims beside the usual ones; None leaves a claim out."""
        key_id = key_id or list(self.keys)[-1]
        usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 300, "roles": ["agent"]}
        whole = {name: value for name, value in (usual | claims).items() if value is not None}
        return jwt.encode(whole, self.keys[key_id], "ES256", headers={"kid": key_id})

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.is_away:
            raise httpx.ConnectError("no answer", request=request)
        if request.url.path.startswith("/.well-known/"):
            return httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"})
        self.fetches += 1
        return httpx.Response(200, json={"keys": [self._public(name) for name in self.keys]})

    def _public(self, key_id: str) -> Mapping[str, Any]:
        public: dict[str, Any] = json.loads(ECAlgorithm.to_jwk(self.keys[key_id].public_key()))
        return public | {"kid": key_id, "alg": "ES256"}
