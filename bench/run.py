"""A run of the measurements: it counts rounds, collects figures and data, and shows the progress."""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.figures import Curve, Figure, Goal
from bench.sizes import Sizes


class Run:
    """The run that every script gets. A context manager: the progress bar is shown inside."""

    def __init__(self, sizes: Sizes, scripts: int) -> None:
        self.sizes = sizes
        self._figures: list[Figure] = []
        self.data: dict[str, dict[str, Any]] = {}
        """Name of a script -> the results that are no figures."""
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
        """A script has ended; returns the figures that have all rounds."""
        figures = [figure for figure in self._figures if len(figure.rounds) == self.sizes.rounds]
        for figure in figures:
            self.say(str(figure))
        self._progress.advance(self._all)
        return figures

    def figure(self, name: str, goal: Goal, unit: str) -> Figure:
        """A new figure of this script, without rounds."""
        self._figures.append(Figure(name, goal, unit))
        return self._figures[-1]

    def keep(self, name: str, data: dict[str, Any]) -> None:
        """Keep plain data beside the figures, for docs/scaling-tables.md."""
        self.data[name] = data

    def curve(self, quantity: str, line: str, sizes: Sequence[int], goal: Goal, unit: str) -> Figure:
        """A figure of this script with a cost at every size of the quantity that grows, the smallest first."""
        figure = self.figure(f"{line}; {quantity}: {sizes[-1]:,} / {sizes[0]:,}", goal, unit)
        figure.curve = Curve(quantity, line, sizes)
        return figure

    def rounds(self) -> Iterator[int]:
        """Yield 1, 2, 3 …; after every round, show a line for every figure that got a value."""
        for number in range(1, self.sizes.rounds + 1):
            before = [len(figure.rounds) for figure in self._figures]
            yield number
            for figure, count in zip(self._figures, before, strict=True):
                if len(figure.rounds) > count:
                    self.say(f"round {number}, {figure.latest()}")
            self._progress.advance(self._one)

    def say(self, text: str) -> None:
        """Show a line above the bar."""
        self._progress.console.print(text, highlight=False, markup=False, soft_wrap=True)
