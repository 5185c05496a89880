"""The lock files of the images: exactly what an extra brings, at the versions of requirements.lock, by hash."""

import re
from pathlib import Path

import pytest

from deploy.checkout import CHECKOUT
from tests.support.extras import IMAGES, packages_of

ROOT = CHECKOUT


def locked(file: Path) -> dict[str, str]:
    """Name -> version."""
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", file.read_text(), re.MULTILINE))


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_holds_what_its_extras_bring_and_nothing_else(image: str) -> None:
    assert locked(ROOT / f"deploy/locks/{image}.txt").keys() == packages_of(IMAGES[image]), "run `make lock`"


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_has_the_versions_that_are_tested_each_with_its_hashes(image: str) -> None:
    file = ROOT / f"deploy/locks/{image}.txt"
    assert locked(file).items() <= locked(ROOT / "requirements.lock").items(), "run `make lock`"
    entries = re.split(r"\n(?=[a-z])", file.read_text().strip())
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in file.read_text()


def test_the_wheel_is_built_with_a_version_that_is_locked() -> None:
    build = locked(ROOT / "deploy/locks/build.txt")
    assert build.keys() == {"setuptools"}
    assert build.items() <= locked(ROOT / "requirements.lock").items()
