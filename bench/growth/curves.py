"""Curves as results keep them: which share a panel, and costs as multiples of those at the smallest size."""

from collections.abc import Sequence

from bench.results import Kept


def panels(figures: Sequence[Kept]) -> dict[str, list[Kept]]:
    """The curves among the figures, by what grows."""
    found: dict[str, list[Kept]] = {}
    for kept in figures:
        if curve := kept.get("curve"):
            found.setdefault(curve["of"], []).append(kept)
    return found


def multiples(kept: Kept) -> list[list[float]]:
    """A size its rounds: each the cost there / the cost at the smallest size in the same round."""
    costs = kept["curve"]["costs"]
    return [[of_round[place] / of_round[0] for of_round in costs] for place in range(len(kept["curve"]["sizes"]))]
