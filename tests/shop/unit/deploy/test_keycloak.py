"""Keycloak's example realm has the sample people, and says of them in its tokens what the services read."""

import json
from typing import Any

import pytest

from deploy.issuer.keycloak import FILE, page
from deploy.issuer.people import PEOPLE, Person
from deploy.issuer.provider import Memory, is_here
from shared.roles import ROLES
from tests.support.issuer import ISSUER, Issuer
from twinpath.clock import utc_now
from twinpath.identity.access_tokens import AccessTokens, TokenRules
from twinpath.identity.settings import IdentitySettings
from twinpath.identity.signing_keys import SigningKeys

REALM: dict[str, Any] = json.loads(FILE.read_text())
(CLIENT,) = REALM["clients"]
USERS = {user["username"]: user for user in REALM["users"]}


def test_the_file_is_what_is_made_of_the_people() -> None:
    assert FILE.read_text() == page(), "run `make pages`"
    assert USERS.keys() == PEOPLE.keys()
    assert {role["name"] for role in REALM["roles"]["realm"]} == ROLES.keys()


def test_the_client_is_public_needs_pkce_and_leads_back_to_this_machine_alone() -> None:
    assert CLIENT["publicClient"]
    assert CLIENT["attributes"]["pkce.code.challenge.method"] == "S256"
    assert not CLIENT["directAccessGrantsEnabled"]  # a password belongs to Keycloak's own page
    assert all(is_here(url) for url in CLIENT["redirectUris"])


def claims_of(user: dict[str, Any]) -> dict[str, Any]:
    """What the mappers of the client put into this user's token (Keycloak, Server Administration Guide)."""
    claims: dict[str, Any] = {}
    for mapper in CLIENT["protocolMappers"]:
        config = mapper["config"]
        assert config["access.token.claim"] == "true"
        match mapper["protocolMapper"]:
            case "oidc-usermodel-realm-role-mapper":
                claims[config["claim.name"]] = user["realmRoles"]
            case "oidc-usermodel-attribute-mapper":
                for value in user["attributes"].get(config["user.attribute"], []):
                    claims[config["claim.name"]] = value
            case "oidc-audience-mapper":
                claims["aud"] = config["included.custom.audience"]
    return claims


@pytest.mark.parametrize("person", PEOPLE.values(), ids=lambda person: person.name)
async def test_a_service_knows_whom_a_token_of_it_names(person: Person) -> None:
    issuer, settings = Issuer(), IdentitySettings()
    keys = SigningKeys(ISSUER, transport=issuer.transport)
    rules = TokenRules(
        ISSUER,
        settings.identity_audience,
        roles_claim=settings.identity_roles_claim,
        owner_claim=settings.identity_owner_claim,
        roles=ROLES,
    )
    memory = Memory()
    memory.introduce(person.email, "customer-1")
    for claims in (claims_of(USERS[person.name]), {"aud": settings.identity_audience, **memory.claims(person)}):
        token = issuer.token(utc_now().timestamp(), sub=person.name, **{"roles": None, **claims})
        caller = await AccessTokens(rules, keys).caller(token)
        assert set(caller.permissions) == set(ROLES[person.role])
        assert (caller.owner is not None) == bool(person.email)
    await keys.close()
