"""Spectral finds nothing in any document."""

import subprocess
from pathlib import Path

from tests.shop.pages.conftest import TOOLS

_RULES = Path(__file__).with_name("spectral.yaml")


def test_spectral_finds_nothing(documents: dict[str, Path]) -> None:
    spectral = TOOLS / "node" / "node_modules" / ".bin" / "spectral"
    command: list[str | Path] = [spectral, "lint", "--ruleset", _RULES, "--fail-severity", "hint", *documents.values()]
    linted = subprocess.run(command, capture_output=True, text=True, check=False)

    assert linted.returncode == 0, linted.stdout + linted.stderr
