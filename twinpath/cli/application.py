"""Finds the application whose system the command line looks at: what it declares is declared nowhere else."""

import os
import sys
import tomllib
from importlib import import_module
from pathlib import Path

from twinpath.domain.application import Application
from twinpath.errors import TwinpathError

VARIABLE = "TWINPATH_APPLICATION"
_FILE = "pyproject.toml"


class NoApplication(TwinpathError):
    """There is nothing that names an application, or nothing of that name."""

    code = "no_application"


def find_application() -> Application:
    """The application that TWINPATH_APPLICATION names as `module:attribute`, else `application` in the table
    [tool.twinpath] of the pyproject.toml in this folder or the nearest above it.

    Raises NoApplication.
    """
    if reference := os.environ.get(VARIABLE):
        return _loaded(reference, Path.cwd(), VARIABLE)
    for folder in (Path.cwd(), *Path.cwd().parents):
        file = folder / _FILE
        if file.is_file():
            declared = tomllib.loads(file.read_text()).get("tool", {}).get("twinpath", {}).get("application")
            if declared is not None:
                return _loaded(declared, folder, str(file))
    raise NoApplication(
        f"which application is this about? Set {VARIABLE} to module:attribute, as in deploy.shop:SHOP, or write "
        f'application = "module:attribute" below [tool.twinpath] in {_FILE}'
    )


def _loaded(reference: str, folder: Path, where: str) -> Application:
    """What `module:attribute` names; modules are looked for in the folder too."""
    module, _, attribute = reference.partition(":")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        named = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise NoApplication(f"{where} names the application {reference!r}, which can't be loaded: {error}") from error
    if not isinstance(named, Application):
        raise NoApplication(f"{where} names {reference!r}, which is no Application")
    return named
