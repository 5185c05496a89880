"""An access token from an issuer of development, which takes a name alone."""

import httpx

from twinpath.errors import NotAuthenticated


def token_of(issuer: str, person: str) -> str:
    """The token, by the grant with which such an issuer signs in whoever is named.

    Raises:
        HTTPError, NotAuthenticated: the issuer does not answer, or knows no such person.
    """
    with httpx.Client(timeout=10.0) as client:
        discovery = client.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        form = {"grant_type": "password", "username": person, "password": person, "client_id": "twinpath"}
        answer = client.post(discovery.raise_for_status().json()["token_endpoint"], data=form)
    if answer.status_code != httpx.codes.OK:
        raise NotAuthenticated(f"The issuer signs in no {person!r}: {answer.text}")
    return str(answer.json()["access_token"])
