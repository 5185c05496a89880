"""How a long piece of work says how far it is."""

from collections.abc import Callable

Told = Callable[[int], None]
"""Is told how many more units are done."""

SoFar = Callable[[int, int], None]
"""Is told how many units are done, and how many there are."""
