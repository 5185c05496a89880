"""The version stands in pyproject.toml; where it must stand again, it is the same."""

import re
import tomllib
from pathlib import Path

import pytest

from deploy.checkout import CHECKOUT

VERSION = str(tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"])
_PRODUCTION = Path("deploy/kubernetes/overlays/production")
REPEATED = {
    Path("deploy/Dockerfile"): r'image\.version="([^"]+)"',
    _PRODUCTION / "kustomization.yaml": r"newName: registry\.example\.com/twinpath/\w+, newTag: ([^}]+)}",
    _PRODUCTION / "redis-values.yaml": r"registry\.example\.com/twinpath/tools:(\S+)",
    Path("deploy/kubernetes/restore.yaml"): r"registry\.example\.com/twinpath/\w+:(\S+)",
    Path("deploy/kubernetes/rendered/production.yaml"): r"registry\.example\.com/twinpath/\w+:(\S+)",
}


@pytest.mark.parametrize("file", REPEATED, ids=str)
def test_the_version_is_the_same_wherever_it_stands(file: Path) -> None:
    assert set(re.findall(REPEATED[file], (CHECKOUT / file).read_text())) == {VERSION}


def test_the_newest_entry_of_the_changelog_is_of_this_version() -> None:
    [newest, *_] = re.findall(r"^## \[([^\]]+)\]", (CHECKOUT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest == VERSION
