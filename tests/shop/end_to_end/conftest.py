"""End-to-end tests run on the three services as processes."""

from tests.support.services.system_fixtures import make_system, pytest_runtest_makereport, stopped_system, system

__all__ = ["make_system", "pytest_runtest_makereport", "stopped_system", "system"]
