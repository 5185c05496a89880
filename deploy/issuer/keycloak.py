"""Writes the sample people as a realm of Keycloak: `python -m deploy.issuer.keycloak`, `make pages`.

Its client and its claims are what the services' settings expect where nothing else is set.
"""

import json
from typing import Any

from deploy.checkout import CHECKOUT
from deploy.issuer.people import PEOPLE, Person
from deploy.issuer.provider import CLIENT
from shared.roles import ROLES
from twinpath.identity.settings import IdentitySettings

FILE = CHECKOUT / "deploy/issuer/keycloak-realm.json"
_CUSTOMER_ID = "customer-00000000-0000-7000-8000-{:012}"
"""To be replaced by the ids of customers whom the shop has."""


def realm() -> dict[str, Any]:
    """The realm as Keycloak imports it."""
    return {
        "realm": "shop",
        "enabled": True,
        "accessTokenLifespan": 900,
        "roles": {"realm": [{"name": role} for role in ROLES]},
        "clients": [_client()],
        "users": [_user(person, number) for number, person in enumerate(PEOPLE.values(), 1)],
    }


def _client() -> dict[str, Any]:
    return {
        "clientId": CLIENT.client_id,
        "publicClient": True,
        "standardFlowEnabled": True,
        "directAccessGrantsEnabled": False,
        "redirectUris": ["http://127.0.0.1:8000/*", "http://127.0.0.1:8001/*"],
        "webOrigins": ["+"],
        "attributes": {"pkce.code.challenge.method": "S256"},
        "protocolMappers": [
            _mapper("roles", "usermodel-realm-role", {"claim.name": _setting("roles_claim"), "multivalued": "true"}),
            _mapper(
                "customer",
                "usermodel-attribute",
                {"claim.name": _setting("owner_claim"), "user.attribute": "customer_id"},
            ),
            _mapper("audience", "audience", {"included.custom.audience": _setting("audience")}),
        ],
    }


def _mapper(name: str, kind: str, config: dict[str, str]) -> dict[str, Any]:
    typed = {"jsonType.label": "String"} if "claim.name" in config else {}
    return {
        "name": name,
        "protocol": "openid-connect",
        "protocolMapper": f"oidc-{kind}-mapper",
        "config": {"access.token.claim": "true", "id.token.claim": "true", **config, **typed},
    }


def _setting(name: str) -> str:
    """What the services expect unless they are set otherwise."""
    return str(IdentitySettings.model_fields[f"identity_{name}"].default)


def _user(person: Person, number: int) -> dict[str, Any]:
    first, last = (part.title() for part in (person.email.partition("@")[0] or f"sample.{person.role}").split("."))
    return {
        "username": person.name,
        "enabled": True,
        "firstName": first,
        "lastName": last,
        "email": person.email or f"{person.name}@example.org",
        "emailVerified": True,
        "realmRoles": [person.role],
        "attributes": {"customer_id": [_CUSTOMER_ID.format(number)]} if person.email else {},
        "credentials": [{"type": "password", "value": person.name, "temporary": True}],
    }


def page() -> str:
    """The file's text."""
    return json.dumps(realm(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(page())
