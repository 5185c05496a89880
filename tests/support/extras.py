"""What each extra of pyproject.toml brings, found from the packages that are installed here."""

import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.checkout import CHECKOUT

IMAGES = {
    "command": ["command", "shop-command"],
    "projector": ["projector"],
    "query": ["query"],
    "issuer": ["issuer"],
    "tools": ["command", "projector", "query", "cli", "shop-command"],
}
"""Image -> the extras that are installed in it."""
LEFT_OUT = {"opensearch-protobufs"}
"""What a package names and does not import: gRPC, 19 MB, of a client that is spoken to over HTTP."""


def packages_of(extras: Iterable[str]) -> set[str]:
    """Names of all packages that Twinpath with these extras needs, itself left out."""
    found: set[str] = set()
    waiting = [*_declared(extras)]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name not in LEFT_OUT and (name not in found or requirement.extras):
            found.add(name)
            waiting += _taken((Requirement(line) for line in requires(name) or []), requirement.extras)
    return found


def _declared(extras: Iterable[str]) -> Iterator[Requirement]:
    """From the file, not from what is installed of Twinpath, which may be of an earlier day."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return _taken(map(Requirement, lines), ())


def _taken(requirements: Iterable[Requirement], extras: Iterable[str]) -> Iterator[Requirement]:
    for requirement in requirements:
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield requirement
