"""One promise that `twinpath verify` checks."""

from collections.abc import AsyncIterator
from typing import Protocol

from twinpath.cli.progress import Advance
from twinpath.log.verification import Finding


class Check(Protocol):
    """One promise. Both methods raise Unavailable or PyMongoError when the store is away."""

    name: str
    unit: str

    async def size(self) -> int:
        """About how many units there are to look at."""
        ...

    def findings(self, advance: Advance) -> AsyncIterator[Finding]:
        """Everything that differs, as it is found."""
        ...
