"""Survival tests run on the three services as processes; in the long form (`make survive`) each fault comes often."""

from tests.support.survival import LONG
from tests.support.system_fixtures import make_system, pytest_runtest_makereport, system

__all__ = ["make_system", "pytest_runtest_makereport", "system"]

collect_ignore = [] if LONG else ["test_disk_full.py"]
