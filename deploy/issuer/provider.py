"""What the provider knows: its client, its key, which customer a person is, the codes that wait."""

import json
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin
from joserfc.jwk import ECKey, KeySet

from deploy.issuer.people import Person

AUDIENCE = "twinpath"
ALGORITHM = "ES256"
CODE_SECONDS = 60


def is_here(url: str) -> bool:
    """Whether a URL leads to this machine, over plain HTTP."""
    return urlsplit(url).scheme == "http" and urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


class Client(ClientMixin):
    """A public client of development: any page or script of this machine."""

    client_id = "twinpath"

    def get_client_id(self) -> str:
        """See ClientMixin."""
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        """See ClientMixin."""
        return ""

    def get_allowed_scope(self, scope: Collection[str] | str) -> str:
        """See ClientMixin."""
        return scope if isinstance(scope, str) else " ".join(scope or ())

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Pages of this machine alone."""
        return is_here(redirect_uri)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """A public client has no secret."""
        return bool(method == "none")

    def check_response_type(self, response_type: str) -> bool:
        """See ClientMixin."""
        return bool(response_type == "code")

    def check_grant_type(self, grant_type: str) -> bool:
        """See ClientMixin."""
        return grant_type in ("authorization_code", "password")


CLIENT = Client()


@dataclass
class Code(AuthorizationCodeMixin):
    """A code that was given and waits to be exchanged."""

    person: Person
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str
    code_challenge_method: str
    made: float = field(default_factory=time.time)

    def get_redirect_uri(self) -> str:
        """See AuthorizationCodeMixin."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """See AuthorizationCodeMixin."""
        return self.scope

    def get_nonce(self) -> str | None:
        """See AuthorizationCodeMixin."""
        return self.nonce

    def get_auth_time(self) -> int:
        """See AuthorizationCodeMixin."""
        return int(self.made)

    def get_acr(self) -> None:
        """See AuthorizationCodeMixin."""

    def get_amr(self) -> None:
        """See AuthorizationCodeMixin."""


class Memory:
    """What the provider knows: its key, which customer a person is, the codes that wait.

    All but the codes is kept in `file`, where one is given: tokens stay good when the provider starts again.
    """

    def __init__(self, file: Path | None = None) -> None:
        kept = json.loads(file.read_text()) if file is not None and file.exists() else {}
        self.key = ECKey.import_key(kept["key"]) if kept else ECKey.generate_key("P-256", auto_kid=True)
        self.codes: dict[str, Code] = {}
        self.customers: dict[str, str] = kept.get("customers", {})
        self._file = file
        self._keep()

    def introduce(self, email: str, customer_id: str) -> None:
        """Remember which customer the person with this address is."""
        self.customers[email] = customer_id
        self._keep()

    def give(self, code: str, waiting: Code) -> None:
        """Let a code wait to be exchanged."""
        self.codes[code] = waiting

    def waiting(self, code: str) -> Code | None:
        """What a code was given for, unless it is too old."""
        waiting = self.codes.get(code)
        return waiting if waiting is not None and time.time() - waiting.made < CODE_SECONDS else None

    def take(self, waiting: Code) -> None:
        """A code is exchanged once."""
        self.codes = {code: other for code, other in self.codes.items() if other is not waiting}

    def _keep(self) -> None:
        if self._file is not None:
            draft = self._file.with_suffix(".draft")
            draft.touch(0o600)
            draft.write_text(json.dumps({"key": self.key.as_dict(private=True), "customers": self.customers}))
            draft.replace(self._file)

    def claims(self, person: Person) -> dict[str, Any]:
        """What a token says of a person beyond the usual."""
        customer = self.customers.get(person.email) if person.email else None
        return {"roles": [person.role], "name": person.title, **({"customer_id": customer} if customer else {})}

    @property
    def public_keys(self) -> Any:
        """The set of keys as everybody may see it."""
        return KeySet([self.key]).as_dict(private=False)
