"""Whatever the engine offers says what it does: each public name has a docstring, or overrides one that has."""

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

import twinpath

MODULES = [info.name for info in pkgutil.walk_packages(twinpath.__path__, "twinpath.")]


def undocumented(module: ModuleType) -> Iterator[str]:
    """The public functions, classes and methods of a module without a word."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if (inspect.isclass(thing) or inspect.isfunction(thing)) and not thing.__doc__:
            yield f"{module.__name__}.{name}"
        if inspect.isclass(thing):
            for member in vars(thing):
                if not member.startswith("_") and is_silent(thing, member):
                    yield f"{module.__name__}.{name}.{member}"


def is_silent(kind: type, name: str) -> bool:
    """Whether neither a class nor one that it inherits from says anything of a method."""
    method = inspect.getattr_static(kind, name)
    is_method = inspect.isfunction(method) or isinstance(method, (property, classmethod, staticmethod))
    return is_method and not any(vars(parent)[name].__doc__ for parent in kind.__mro__ if name in vars(parent))


def test_whatever_is_public_is_documented() -> None:
    modules = [import_module(name) for name in MODULES if not name.endswith("__main__")]
    assert len(modules) > 150
    assert [name for module in modules for name in undocumented(module)] == []
