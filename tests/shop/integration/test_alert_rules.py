"""The alert rules, as promtool judges them."""

import subprocess

import pytest

from deploy.checkout import CHECKOUT
from deploy.local.prometheus import find_or_install

FOLDER = CHECKOUT / "deploy/observability"


def promtool(*arguments: str) -> str:
    """What it says. Raises AssertionError with it when it is not content."""
    run = subprocess.run(
        [find_or_install().promtool, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_prometheus_would_start_with_this_configuration() -> None:
    assert "SUCCESS" in promtool("check", "config", "prometheus.yml")


@pytest.mark.parametrize("tests", ["alerts_test.yml", "error_budget_test.yml"])
def test_alerts_tell_what_they_must_and_nothing_else(tests: str) -> None:
    promtool("test", "rules", tests)
