"""What a team tests with: rules as sentences, and the whole system in memory."""

from twinpath.testing.in_memory import InMemorySystem
from twinpath.testing.scenario import given

__all__ = ("InMemorySystem", "given")
