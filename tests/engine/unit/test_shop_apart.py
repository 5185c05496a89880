"""The engine, its tests and what they run with need nothing of the shop, whose folders and tests can be deleted."""

import re
from pathlib import Path

import pytest

from deploy.checkout import CHECKOUT
from tests.engine.workshop.__main__ import SHOP

SHARED = {"deploy.certificates", "deploy.checkout", "deploy.local", "deploy.manifests"}
"""The parts of the deployment that run servers and processes, and know no shop."""

_IMPORT = re.compile(r"^ *(?:from|import) ([\w.]+)", re.MULTILINE)


def imported(file: Path) -> set[str]:
    """The modules that a file imports, at whatever place: a line each, as the linter sees to."""
    return set(_IMPORT.findall(file.read_text()))


@pytest.mark.parametrize("folder", ["twinpath", "tests/engine", "tests/support", "tests/local", "deploy/local"])
def test_nothing_of_the_shop_is_imported(folder: str) -> None:
    files = list((CHECKOUT / folder).rglob("*.py"))
    shop = {
        f"{file.relative_to(CHECKOUT)}: {name}"
        for file in files
        for name in imported(file)
        if name.startswith("tests.shop")
        or (name.partition(".")[0] in SHOP and ".".join(name.split(".")[:2]) not in SHARED)
    }

    assert len(files) > 3
    assert shop == set()
