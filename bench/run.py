"""One run of the measurements: it counts the rounds, collects the figures and shows where it is."""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.figures import Curve, Figure, Goal
from bench.sizes import Sizes


class Run:
    """What every script is given. To be used as a context: the progress bar is shown within."""

    def __init__(self, sizes: Sizes, scripts: int) -> None:
        self.sizes = sizes
        self._figures: list[Figure] = []
        self.kept: dict[str, dict[str, Any]] = {}
        """What scripts have found that is no figure, by their names."""
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        )
        self._all = self._progress.add_task("figures", total=scripts)
        self._one = self._progress.add_task("", total=None, visible=False)

    def __enter__(self) -> "Run":
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    def begin(self, script: str) -> None:
        """A script begins."""
        self._figures = []
        self._progress.reset(self._one, total=self.sizes.rounds, description=script, visible=True)

    def end(self) -> list[Figure]:
        """A script has ended: those of its figures that have as many rounds as they should."""
        figures = [figure for figure in self._figures if len(figure.rounds) == self.sizes.rounds]
        for figure in figures:
            self.say(str(figure))
        self._progress.advance(self._all)
        return figures

    def figure(self, name: str, goal: Goal, unit: str) -> Figure:
        """A figure of this script, empty yet."""
        self._figures.append(Figure(name, goal, unit))
        return self._figures[-1]

    def keep(self, name: str, found: dict[str, Any]) -> None:
        """Have something kept beside the figures: plain data for a page of its own."""
        self.kept[name] = found

    def curve(self, of: str, line: str, sizes: Sequence[int], goal: Goal, unit: str) -> Figure:
        """A figure of this script that has a cost at each of these sizes of what grows, the smallest first."""
        figure = self.figure(f"{line}; {of}: {sizes[-1]:,} / {sizes[0]:,}", goal, unit)
        figure.curve = Curve(of, line, sizes)
        return figure

    def rounds(self) -> Iterator[int]:
        """1, 2, 3 …; after each round a line a figure that has grown."""
        for number in range(1, self.sizes.rounds + 1):
            before = [len(figure.rounds) for figure in self._figures]
            yield number
            for figure, count in zip(self._figures, before, strict=True):
                if len(figure.rounds) > count:
                    self.say(f"round {number}, {figure.latest()}")
            self._progress.advance(self._one)

    def say(self, text: str) -> None:
        """A line above the bar."""
        self._progress.console.print(text, highlight=False, markup=False, soft_wrap=True)
