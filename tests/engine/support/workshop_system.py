"""The workshop's three services as processes."""

import sys
from pathlib import Path

from deploy.local.services import Service
from tests.support.services.system import System


class WorkshopSystem(System):
    """The workshop's services, from which the shop can't be imported."""

    def add(self, name: str, checkout: Path | None = None, **env: str) -> Service:
        """See System.add."""
        service = Service(name, self._log_of(name), {**self.settings, **env})
        service.command = [sys.executable, "-m", "tests.engine.workshop", name]
        return self._added(name, service)
