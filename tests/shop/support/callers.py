"""The shop in memory with identity on: two customers who have an order and a ticket each, and everybody else."""

import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import jwt
import orjson
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount

from deploy.shop import SHOP
from shared.roles import ROLES
from tests.support.issuer import AUDIENCE, ISSUER, Issuer
from twinpath.identity.access_tokens import AccessTokens, TokenRules
from twinpath.identity.authentication import Authentication
from twinpath.identity.in_memory import InMemoryMachineKeys
from twinpath.identity.machine_keys import MachineKeys, create_key
from twinpath.identity.signing_keys import SigningKeys
from twinpath.projecting.operators import PATH, admin_app
from twinpath.projecting.parking.endpoints import parked_routes
from twinpath.projecting.parking.repairs import Repairs
from twinpath.testing import InMemorySystem

API = "/api/v1"
PUBLIC = "catalogue:read"
STAFF = ("agent", "merchandiser", "warehouse", "operator")
_ADDRESS = {"street": "12 St James's Square", "city": "London", "postal_code": "SW1Y 4JH", "country": "GB"}


class CallersShop:
    """Asks as anybody; `ids` are category -> id, by the name of the customer whose it is."""

    def __init__(self, client: httpx.AsyncClient, app: FastAPI, admin: FastAPI, issuer: Issuer) -> None:
        self.client, self.app, self.admin = client, app, admin
        self._issuer = issuer
        self.ids: dict[str, dict[str, str]] = {"ada": {}, "bob": {}}
        self.machine_key = ""

    def token(self, name: str, **claims: Any) -> str:
        """The token of somebody, with other claims where they are given."""
        customer = self.ids.get(name, {}).get("customer")
        whose = {"roles": ["customer"], "customer_id": customer} if name in self.ids else {"roles": [name]}
        return self._issuer.token(time.time(), **{"sub": name, **whose, **claims})

    def headers(self, name: str) -> dict[str, str]:
        """What a caller sends; of `nobody` nothing, of `machine` its key."""
        if name == "nobody":
            return {}
        return {"Authorization": f"Bearer {self._forged(name) or self.token(name)}"}

    async def ask(self, name: str, method: str, path: str, **more: Any) -> httpx.Response:
        """What the API answers to a caller."""
        headers = {**self.headers(name), **more.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **more)

    async def fill(self, machine_keys: InMemoryMachineKeys) -> None:
        """Make a product; each customer is registered and has an order and a ticket, on which an agent makes a note."""
        self.machine_key = await create_key(machine_keys, "reader", ["orders:read"], timedelta(days=1))
        product = {"name": "Lamp", "sku": "L-1", "price": {"amount": "19.99", "currency": "EUR"}, "initial_stock": 50}
        made = await self._made("merchandiser", "product", product)
        for name, ids in self.ids.items():
            ids["product"] = made
            ids["customer"] = await self._made("agent", "customer", {"name": name, "email": f"{name}@example.org"})
            lines, address = [{"product_id": made, "quantity": 1}], {"name": name, **_ADDRESS}
            order = {"customer_id": ids["customer"], "lines": lines, "shipping_address": address}
            ids["order"] = await self._made(name, "order", order)
            ticket = {"subject": f"{name}'s lamp", "message": "It flickers.", "customer_id": ids["customer"]}
            ids["ticket"] = await self._made(name, "ticket", ticket)
            note = await self.ask("agent", "POST", f"{API}/tickets/{ids['ticket']}/notes", json={"note": "a grumbler"})
            assert note.status_code == 200, note.text

    async def _made(self, name: str, category: str, body: dict[str, Any]) -> str:
        answer = await self.ask(name, "POST", f"{API}/{category}s", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()[f"{category}_id"])

    def _forged(self, name: str) -> str | None:
        now = time.time()
        match name:
            case "machine":
                return self.machine_key
            case "customer of nobody":
                return self._issuer.token(now, sub="eve", roles=["customer"])
            case "expired":
                return self.token("operator", exp=now - 60)
            case "not yet":
                return self.token("operator", nbf=now + 3600)
            case "wrong audience":
                return self.token("operator", aud="another shop")
            case "wrong issuer":
                return self.token("operator", iss="https://elsewhere.test")
            case "wrong signature":
                return Issuer().token(now, "first", sub="operator", roles=["operator"])
            case "no algorithm" | "confused algorithm":
                return self._unsigned(name, now)
        return None

    def _unsigned(self, name: str, now: float) -> str:
        """A token with no signature, or one by the public key as a shared secret."""
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "operator", "exp": now + 300, "roles": ["operator"]}
        if name == "no algorithm":
            return jwt.encode(claims, "", "none", headers={"kid": "first"})
        key = self._issuer.keys["first"].public_key()
        secret = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        header = {"alg": "HS256", "typ": "JWT", "kid": "first"}
        signed = b".".join(_encoded(orjson.dumps(part)) for part in (header, claims))
        return b".".join((signed, _encoded(hmac.digest(secret, signed, "sha256")))).decode()


def _encoded(part: bytes) -> bytes:
    return urlsafe_b64encode(part).rstrip(b"=")


INVALID = (
    "expired",
    "not yet",
    "wrong audience",
    "wrong issuer",
    "wrong signature",
    "no algorithm",
    "confused algorithm",
)


@asynccontextmanager
async def callers_shop() -> AsyncIterator[CallersShop]:
    """The shop, filled; its administration stands where the projector has it."""
    issuer, machine_keys = Issuer(), InMemoryMachineKeys()
    signing = SigningKeys(ISSUER, transport=issuer.transport)
    tokens = AccessTokens(TokenRules(ISSUER, AUDIENCE, ("ES256",), roles=ROLES), signing)
    authentication = Authentication(tokens, MachineKeys(machine_keys), frozenset([PUBLIC]), signing)
    system = InMemorySystem(SHOP, authentication=authentication)
    repairs = Repairs({}, system.views, system.store, system.seals, SHOP.events)
    admin = admin_app([parked_routes(repairs)], authentication=authentication)
    whole = Starlette(routes=[Mount(PATH, admin), Mount("", system.app)])
    async with (
        system.app.router.lifespan_context(system.app),
        httpx.AsyncClient(transport=httpx.ASGITransport(whole), base_url="http://shop") as client,
    ):
        shop = CallersShop(client, system.app, admin, issuer)
        await shop.fill(machine_keys)
        await system.settled()
        yield shop
    await authentication.close()
