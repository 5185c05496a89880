"""Finds the classes that the modules of a package declare, so that nobody keeps a list of them."""

import pkgutil
from importlib import import_module
from typing import TypeVar

_Kind = TypeVar("_Kind")


def classes_in(package: str, kind: type[_Kind]) -> list[type[_Kind]]:
    """The subclasses of `kind` by the modules' names, then in the order in which a module declares them.

    Modules whose name begins with `_`, such as `__main__`, are left out.
    """
    names = [info.name for info in pkgutil.walk_packages(import_module(package).__path__, f"{package}.")]
    modules = [import_module(name) for name in names if not name.rpartition(".")[2].startswith("_")]
    return [
        declared
        for module in modules
        for declared in vars(module).values()
        if isinstance(declared, type) and issubclass(declared, kind) and declared.__module__ == module.__name__
    ]
