"""What each extra of pyproject.toml brings, found from the packages that are installed here."""

from collections.abc import Iterable
from importlib.metadata import requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def packages_of(extras: Iterable[str]) -> set[str]:
    """Names of all packages that Twinpath with these extras needs, itself left out."""
    found: set[str] = set()
    waiting = [("twinpath", frozenset(extras))]
    while waiting:
        package, wanted = waiting.pop()
        for line in requires(package) or []:
            requirement = Requirement(line)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *wanted)):
                name = canonicalize_name(requirement.name)
                if name not in found or requirement.extras:
                    found.add(name)
                    waiting.append((name, frozenset(requirement.extras)))
    return found
