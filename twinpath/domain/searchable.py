"""What of a view's documents can be searched: declared with the view."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Ranges:
    """A facet that counts the numbers between bounds: below the first, from each to the next, from the last on.

    `path` leads to the number in a document, the facet's name unless given, which is `scale` times what is shown.
    """

    name: str
    bounds: tuple[int | float, ...]
    path: str = ""
    scale: int = 1

    @property
    def number(self) -> str:
        """The path of the number."""
        return self.path or self.name


@dataclass(frozen=True)
class Searchable:
    """Fields are dotted paths, which lead through lists too.

    `text` is read word by word, the first field counting most. `exact` are numbers and names of things, such as a SKU:
    whoever types one in full finds it first, also without or with other separators; a part of it finds it too. The
    facets in `alike` count values as one that differ in upper and lower case or in composition alone. The
    words of `suggest` complete and correct what was typed. `filters` are paths that a list's filters ask for beyond
    those of the view's declaration. `computed` are fields that a document does not have but a list is filtered by.
    """

    text: tuple[str, ...]
    exact: tuple[str, ...] = ()
    facets: tuple[str | Ranges, ...] = ()
    alike: tuple[str, ...] = ()
    suggest: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    """Paths of numbers that filters bound."""
    computed: Mapping[str, Callable[[Mapping[str, Any]], Any]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if unknown := set(self.alike).difference(self.counted):
            raise ValueError(f"alike: {', '.join(sorted(unknown))} is no facet whose values are counted")

    @property
    def counted(self) -> tuple[str, ...]:
        """The facets whose values are counted one by one."""
        return tuple(facet for facet in self.facets if isinstance(facet, str))

    @property
    def ranges(self) -> tuple[Ranges, ...]:
        """The facets that count numbers between bounds."""
        return tuple(facet for facet in self.facets if isinstance(facet, Ranges))
