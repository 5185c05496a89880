"""Which generation of a view is in service, and what each is called in the stores."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Generation:
    """Which of a view's generations: the `number`-th, counted from 1, written by this `version` of its projection.

    A view whose projection has another name is never built anew and so stays in its first generation.
    """

    number: int
    version: int


FIRST_GENERATION = Generation(1, 1)


def generation_name(view: str, number: int) -> str:
    """What a view's generation, its projection and its copy are called in the stores: `customers@2`, the first one
    as the view itself."""
    return view if number == 1 else f"{view}@{number}"
