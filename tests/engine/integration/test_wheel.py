"""The wheel is the engine alone: it can be imported, and run, where there is no shop."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deploy.checkout import CHECKOUT

_SOURCES = ("pyproject.toml", "README.md", "LICENSE", "NOTICE")
_BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel installs; it is built from what the images copy, apart from the checkout."""
    source, wheels, site = (tmp_path_factory.mktemp(name) for name in ("source", "wheels", "site"))
    for name in _SOURCES:
        shutil.copy(CHECKOUT / name, source)
    shutil.copytree(CHECKOUT / "twinpath", source / "twinpath", ignore=shutil.ignore_patterns("__pycache__"))
    built = subprocess.run(
        [sys.executable, "-c", _BUILD, wheels], cwd=source, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    [wheel] = wheels.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    return site


def test_the_wheel_holds_the_engine_and_nothing_else(site: Path) -> None:
    [information] = site.glob("twinpath-*.dist-info")
    assert {path.name for path in site.iterdir()} == {"twinpath", information.name}
    wanted = {path.relative_to(CHECKOUT) for path in CHECKOUT.glob("twinpath/**/*.py")}
    assert {path.relative_to(site) for path in site.glob("twinpath/**/*.py")} == wanted
    assert (site / "twinpath/py.typed").exists()
    assert {file.name for file in (information / "licenses").iterdir()} == {"LICENSE", "NOTICE"}


# In a process of its own, whose path has the wheel's folder first and the checkout not at all.
_WITHOUT_SHOP = """
import sys
sys.path[:] = [{site!r}, *(folder for folder in sys.path if folder not in ("", {checkout!r}))]
editable = [finder for finder in sys.meta_path if getattr(finder, "__module__", "").startswith("__editable__")]
sys.meta_path[:] = [finder for finder in sys.meta_path if finder not in editable]
import importlib.util
for shop in ("command_service", "projector_service", "query_service", "shared", "deploy", "tests"):
    assert importlib.util.find_spec(shop) is None, shop
import {module}
print({module}.__file__)
"""


@pytest.mark.parametrize("module", ["twinpath.log.mongodb", "twinpath.domain.aggregate", "twinpath.http.healthcheck"])
def test_the_engine_is_imported_where_there_is_no_shop(site: Path, tmp_path: Path, module: str) -> None:
    script = _WITHOUT_SHOP.format(site=str(site), checkout=str(CHECKOUT), module=module)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(site))
