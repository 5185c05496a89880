"""Services that ask who calls, and what callers of every kind send to them."""

import time
from datetime import timedelta

from tests.support.issuer import AUDIENCE, ISSUER, Issuer
from twinpath.clock import utc_now
from twinpath.identity.access_tokens import AccessTokens, TokenRules
from twinpath.identity.authentication import Authentication
from twinpath.identity.in_memory import InMemoryMachineKeys
from twinpath.identity.machine_keys import MachineKeys, create_key
from twinpath.identity.signing_keys import SigningKeys

ROLES = {"staff": ("*",), "nothing": (), "owner": ("own", "*")}


class Callers:
    """A provider and machine keys; `headers` are kind -> the value of Authorization."""

    def __init__(self) -> None:
        self._issuer = Issuer()
        self._keys = InMemoryMachineKeys()
        self.headers: dict[str, bytes] = {}

    def authentication(self) -> Authentication:
        """Of a service that asks."""
        return self._of(self._issuer)

    def without_provider(self) -> Authentication:
        """Of a service whose provider has never answered."""
        away = Issuer()
        away.is_away = True
        return self._of(away)

    async def prepare(self) -> None:
        """Make the tokens and keys, for services that are made after this."""
        self._keys = InMemoryMachineKeys()
        now, ago = time.time(), timedelta(days=2)
        over = await create_key(self._keys, "over", ["*"], timedelta(days=1), lambda: utc_now() - ago)
        tokens = {
            "staff": self._issuer.token(now, roles=["staff"], exp=now + 900),
            "an owner of nothing": self._issuer.token(now, roles=["owner"], exp=now + 900),
            "without a permission": self._issuer.token(now, roles=["nothing"], exp=now + 900),
            "over": self._issuer.token(now, exp=now - 60),
            "no token": "x",
            "an unknown key": f"tpk_{'0' * 12}_{'A' * 43}",
            "a key that is over": over,
        }
        self.headers |= {kind: f"Bearer {token}".encode() for kind, token in tokens.items()}

    def _of(self, issuer: Issuer) -> Authentication:
        signing = SigningKeys(ISSUER, transport=issuer.transport)
        tokens = AccessTokens(TokenRules(ISSUER, AUDIENCE, ("ES256",), roles=ROLES), signing)
        return Authentication(tokens, MachineKeys(self._keys), signing=signing)


KINDS = ("without a permission", "over", "no token", "an unknown key", "a key that is over")
CALLERS = Callers()
