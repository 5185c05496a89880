"""Starts a service of the workshop: `python -m tests.engine.workshop command`, `projector` or `query`.

With `memory` it tries the workshop out on the in-memory adapters, and ends. The shop can't be imported here, so that
nothing of it can be needed.
"""

import asyncio
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

SHOP = ("command_service", "projector_service", "query_service", "shared", "deploy")


class Absent:
    """A finder that refuses the shop's packages."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None for all others, which the next finder finds."""
        if name.partition(".")[0] in SHOP:
            raise ImportError(f"{name} is not there for the engine")
        return None


if __name__ == "__main__":
    sys.meta_path.insert(0, Absent())

    from tests.engine.workshop.application import COMMANDS, PROJECTIONS, QUERIES
    from twinpath.commands import service as command
    from twinpath.projecting import service as projector
    from twinpath.queries import service as query

    match sys.argv[1]:
        case "command":
            command.run(COMMANDS)
        case "projector":
            projector.run(PROJECTIONS)
        case "query":
            query.run(QUERIES)
        case "memory":
            from tests.engine.support.whole import whole_workshop
            from tests.engine.workshop.aftercare import Settings
            from tests.engine.workshop.trying import try_out

            async def whole() -> None:
                async with whole_workshop(Settings(aftercare_hours=0.0001)) as client:
                    await try_out(client, client)

            asyncio.run(whole())
