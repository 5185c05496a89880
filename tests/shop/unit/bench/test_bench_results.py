"""What `make bench` keeps and shows: medians, goals, the newest of each figure, the table between the markers."""

from datetime import date
from pathlib import Path

import pytest

from bench.figures import Figure, at_least, at_most
from bench.page import BEGIN, END, put, table, write
from bench.results import newest_data, newest_figures
from bench.results import write as keep
from bench.sizes import RESULTS, TRIALS, Sizes
from deploy.checkout import CHECKOUT

MACHINE = {
    "cores": 4,
    "memory": 8 * 2**30,
    "python": "3.11.7",
    "libraries": {"pymongo": "4.20.0"},
    "servers": {"mongod": "6.0.5"},
}


def figure(name: str, *rounds: tuple[float, float | None], bound: float = 5.0, most: bool = False) -> Figure:
    made = Figure(name, at_most(bound, "ms") if most else at_least(bound), "ms" if most else "/s")
    for ours, against in rounds:
        made.add(ours, against)
    return made


def test_the_ratio_is_the_median_of_the_rounds_not_the_ratio_of_the_medians() -> None:
    kept = figure("append", (10, 1), (20, 10), (60, 20)).as_json()
    assert (kept["ratio"], kept["ours"], kept["against"]) == (3, 20, 10)
    assert kept["reached"] is False


def test_a_goal_counts_from_its_bound_on() -> None:
    assert figure("append", (5, 1)).reached
    assert not figure("append", (4.99, 1)).reached
    assert figure("lag", (15, None), bound=15, most=True).reached
    assert not figure("lag", (15.1, None), bound=15, most=True).reached


def test_a_figure_without_a_limit_has_no_ratio() -> None:
    kept = figure("lag", (12, None), (14, None), (13, None), bound=15, most=True).as_json()
    assert (kept["ratio"], kept["against"], kept["ours"], kept["reached"]) == (None, None, 13, True)


def test_one_figure_measured_again_replaces_itself_alone(tmp_path: Path) -> None:
    first, second = date(2026, 11, 21), date(2026, 11, 22)
    keep(tmp_path, first, MACHINE, [figure("append", (5, 1)), figure("query", (2, 1))])
    keep(tmp_path, first, MACHINE, [figure("query", (3, 1))])
    keep(tmp_path, second, MACHINE, [figure("append", (6, 1))])
    newest = [(kept["figure"], kept["ratio"], kept["date"]) for kept in newest_figures(tmp_path)]
    assert newest == [("append", 6, "2026-11-22"), ("query", 3, "2026-11-21")]


def test_data_are_kept_beside_the_figures_and_the_newest_are_read(tmp_path: Path) -> None:
    first, second = date(2026, 11, 21), date(2026, 11, 22)
    keep(tmp_path, first, MACHINE, [figure("append", (5, 1))], {"costs": {"us": 1}, "knee": {"rate": 2}})
    keep(tmp_path, first, MACHINE, [figure("query", (3, 1))])
    keep(tmp_path, second, MACHINE, [], {"costs": {"us": 3}})
    data = newest_data(tmp_path)
    assert (data["costs"]["us"], data["costs"]["date"]) == (3, "2026-11-22")
    assert (data["knee"]["rate"], data["knee"]["machine"]) == (2, MACHINE)
    assert [kept["figure"] for kept in newest_figures(tmp_path)] == ["append", "query"]


def test_the_table_stands_between_the_markers_and_the_rest_of_the_page_stays(tmp_path: Path) -> None:
    keep(tmp_path, date(2026, 11, 21), MACHINE, [figure("append", (5, 1), (7, 1), (6, 1))])
    page = tmp_path / "performance.md"
    page.write_text(f"# Performance\n\n{BEGIN}\n\nold\n\n{END}\n\n## What limits the append\n")
    for _ in range(2):
        write(page, page, newest_figures(tmp_path), MACHINE, "performance.png")
    text = page.read_text()
    assert text.startswith("# Performance\n")
    assert text.endswith(f"{END}\n\n## What limits the append\n")
    assert "old" not in text
    row = "| append | 6.00 (5.00 to 7.00) | 6 /s | 1 /s | at least 5 | yes | 2026-11-21 |"
    assert text.count(row) == 1
    assert text.count("![") == 1


def test_the_plot_of_the_curves_is_shown_once_there_is_one(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"{BEGIN}\n{END}\n")
    kept = [{**figure("append", (5, 1)).as_json(), "date": "2026-11-21"}]
    write(page, page, kept, MACHINE, "performance.png")
    assert "growth.png" not in page.read_text()
    write(page, page, kept, MACHINE, "performance.png", "growth.png")
    assert page.read_text().count("](growth.png)") == 1


def test_a_lag_is_shown_with_its_spread_and_without_a_ratio() -> None:
    kept = {**figure("lag", (12, None), (14, None), bound=15, most=True).as_json(), "date": "2026-11-21"}
    row = "| lag |  | 13.00 (12.00 to 14.00) ms |  | at most 15 ms | yes | 2026-11-21 |"
    assert row in table([kept], MACHINE)


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="has no"):
        put("# Performance", "a table")


def test_the_page_has_its_markers() -> None:
    assert put((CHECKOUT / "docs" / "performance.md").read_text(), "| made here |").count("| made here |") == 1


def test_a_run_of_other_sizes_is_a_trial_and_writes_nowhere_in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Sizes.model_fields:
        monkeypatch.delenv(f"TWINPATH_BENCH_{name.upper()}", raising=False)
    assert Sizes().folder == RESULTS
    monkeypatch.setenv("TWINPATH_BENCH_ROUNDS", "1")
    assert Sizes().folder == TRIALS
