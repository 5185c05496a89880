"""Curves as results keep them: grouped into panels, and costs as multiples of the cost at the smallest size."""

from collections.abc import Sequence

from bench.results import Kept


def panels(figures: Sequence[Kept]) -> dict[str, list[Kept]]:
    """Quantity that grows -> the curves of it among the figures."""
    curves: dict[str, list[Kept]] = {}
    for kept in figures:
        if curve := kept.get("curve"):
            curves.setdefault(curve["quantity"], []).append(kept)
    return curves


def multiples(kept: Kept) -> list[list[float]]:
    """For every size its rounds: the cost at that size / the cost at the smallest size in the same round."""
    costs = kept["curve"]["costs"]
    return [[round_[place] / round_[0] for round_ in costs] for place in range(len(kept["curve"]["sizes"]))]
