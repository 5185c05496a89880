"""The logs of a long filling are shared among processes, as many as pay."""

import pytest

from twinpath.cli.rebuilding.processes import shares_of

LOGS = ["order.0", "order.1", "order.2"]


@pytest.mark.parametrize(
    ("events", "processes", "shares"),
    [
        (1_000_000, 2, [["order.0", "order.2"], ["order.1"]]),
        (1_000_000, 8, [["order.0"], ["order.1"], ["order.2"]]),
        (1_000_000, 1, [LOGS]),
        (100, 8, [LOGS]),
        (0, 8, [LOGS]),
    ],
)
def test_logs_are_shared_where_a_process_more_pays(events: int, processes: int, shares: list[list[str]]) -> None:
    assert shares_of(LOGS, events, processes) == shares
