"""A relay that fails for a reason that nobody thought of leads again: nobody watches it."""

from collections.abc import Iterable

from tests.engine.integration.test_relay import LEASE, LOGS, Kept, has_published, replicas
from tests.support.appending import append
from tests.support.eventually import eventually
from twinpath.commands.relaying.progress import RelayProgress
from twinpath.commands.relaying.relay import Relay


class FailsAtFirst(RelayProgress):
    """Whose watermarks can't be read when the first leader asks for them."""

    claims = 0

    async def claim(self, logs: Iterable[str], epoch: int) -> dict[str, int]:
        """See RelayProgress.claim."""
        self.claims += 1
        if self.claims == 1:
            raise ValueError("nobody thought of that")
        return await super().claim(logs, epoch)


async def test_a_relay_that_fails_for_whatever_reason_leads_again(mongodb_url: str, unique: str) -> None:
    kept = Kept()
    async with replicas(mongodb_url, unique, kept, "a") as [a]:
        progress = FailsAtFirst(a.client, unique, "a", LEASE)
        a.relay = Relay(a.store, kept, progress, LOGS, LEASE)
        a.start()
        await append(a.store)

        await eventually(lambda: has_published(kept, 1))
        assert progress.claims == 2
