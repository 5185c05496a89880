"""A claim: what one stream alone may have at a time, such as an e-mail address, and how it stands in the log."""

import hmac
import re
from dataclasses import dataclass
from hashlib import sha256

import orjson

from twinpath.errors import RuleViolation

_KIND = re.compile(r"[a-z][a-z_]*")


@dataclass(frozen=True, init=False)
class Claim:
    """One holder at a time, among all streams: `Claim("slot", workshop, day)`.

    Two claims are the same when kind and parts are; what else shall be the same, the caller normalises, as with
    `case_folded`. A `personal` one is stored as a keyed hash, so that the log does not show it. A command that would
    take what another stream has is refused with `code`, by default `<kind>_taken`, and `detail`; `holder_as` names the
    fact in which the caller is told who has it, by default none.

    Raises:
        ValueError: the kind is not of small letters and underscores.
    """

    kind: str
    parts: tuple[str | int, ...]
    personal: bool
    code: str
    detail: str
    holder_as: str | None

    def __init__(
        self,
        kind: str,
        *parts: str | int,
        personal: bool = False,
        code: str | None = None,
        detail: str | None = None,
        holder_as: str | None = None,
    ) -> None:
        if _KIND.fullmatch(kind) is None:
            raise ValueError(f"a claim's kind is of small letters and underscores, not {kind!r}")
        values = {
            "kind": kind,
            "parts": parts,
            "personal": personal,
            "code": code or f"{kind}_taken",
            "detail": detail or f"This {kind.replace('_', ' ')} is taken.",
            "holder_as": holder_as,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def key(self, secret: bytes) -> str:
        """What stands for it in a commit; `secret` hashes a personal one.

        JSON keeps the parts apart whatever is in them, and begins with a bracket, as no hashed key does.
        """
        plain = orjson.dumps([self.kind, *self.parts])
        return f"{self.kind}:{hmac.digest(secret, plain, sha256).hex()}" if self.personal else plain.decode()

    def refusal(self, holder: str) -> RuleViolation:
        """Why a command that would take it from this stream is refused."""
        facts = {} if self.holder_as is None else {self.holder_as: holder}
        return RuleViolation(self.detail, code=self.code, **facts)
