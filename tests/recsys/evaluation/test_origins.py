"""Several origins: windows, history, figures by hand and all choices together."""

import io
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from recsys.errors import ConfigurationError
from recsys.evaluation.origins import (
    Window,
    check_history,
    origin_figures,
    pool,
    rolling_windows,
    windows_before,
)
from recsys.evaluation.origins_report import origins_json, origins_table
from recsys.evaluation.protocol import Ranks
from recsys.ids import IdMap
from recsys.interactions import Targets
from recsys.ranker.lambdarank import MIN_QUESTIONS
from recsys.times import to_micros

_LAST = Window(datetime(2016, 10, 1, tzinfo=UTC), datetime(2016, 10, 11, tzinfo=UTC))
_DAY = timedelta(days=1)


def _ranks(rank: list[list[float]], employee: list[int], n_ineligible: int = 0) -> Ranks:
    n = len(rank)
    targets = Targets(
        np.array(employee, np.int32), np.zeros(n, np.int32), np.arange(n, dtype=np.int64),
        np.zeros(n, np.int64),
    )  # fmt: skip
    table = np.array(rank, np.float64).reshape(n, 3)
    return Ranks(("recsys", "a", "b"), targets, table, np.full(n, 9, np.int32), n_ineligible)


def test_windows_go_back_by_the_length_of_the_last() -> None:
    windows = rolling_windows(_LAST, 3)
    assert [w.train_until.day for w in windows] == [11, 21, 1]
    assert windows[-1] is _LAST
    assert rolling_windows(_LAST, 1) == (_LAST,)
    assert windows_before(_LAST.until, 3, 10 * _DAY) == windows


def test_windows_before_the_calendar_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="begin before the year 1; pass fewer --origins"):
        windows_before(_LAST.until, 100, 3_000 * _DAY * 100)


@given(st.integers(1, 12), st.integers(1, 90))
def test_windows_lie_end_to_end_and_the_last_stays(n: int, days: int) -> None:
    windows = rolling_windows(_LAST, n, length=days * _DAY)
    assert len(windows) == n
    assert windows[-1] == _LAST
    for before, after in pairwise(windows):
        assert before.until == after.train_until
        assert before.until - before.train_until == days * _DAY


def test_an_origin_without_history_is_refused_and_the_possible_number_is_named() -> None:
    windows = rolling_windows(_LAST, 3)
    origins = [to_micros(window.train_until) for window in windows]
    enough = np.full(MIN_QUESTIONS, origins[0] - 1)
    check_history(windows, enough)
    with pytest.raises(ConfigurationError, match=r"2016-09-11 .* has 0 choices .*--origins 2;"):
        check_history(windows, enough + 1)
    one_short = np.full(MIN_QUESTIONS - 1, origins[0] - 1)
    with pytest.raises(ConfigurationError, match=f"has {MIN_QUESTIONS - 1} choices .* the last"):
        check_history(windows, one_short)


def test_figures_by_hand() -> None:
    ranks = _ranks([[1, 3, 1], [3, 7, 11], [12, 7, 11]], [0, 0, 1], n_ineligible=2)
    line = origin_figures(ranks, seed=0)
    ndcg = [1 / np.log2(1 + rank) for rank in (1, 3, 7)]
    assert (line.n_targets, line.n_employees, line.n_ineligible) == (3, 2, 2)
    assert line.ndcg.value[0] == pytest.approx((ndcg[0] + ndcg[1]) / 3)
    assert line.hit_rate.value[0] == pytest.approx(2 / 3)
    assert line.best_baseline == "a"
    assert line.baseline_ndcg.value[0] == pytest.approx((ndcg[1] + 2 * ndcg[2]) / 3)
    assert line.ratio.value[0] == pytest.approx((ndcg[0] + ndcg[1]) / (ndcg[1] + 2 * ndcg[2]))
    assert line.ratio.low[0] < line.ratio.value[0] < line.ratio.high[0]


def test_the_interval_of_the_ratio_is_paired() -> None:
    """Twice as good in every choice: however employees are drawn, the ratio is two."""
    rng = np.random.default_rng(0)
    hit = rng.random(60) < 0.5  # at rank 1 the NDCG is twice that at rank 3
    table = np.where(hit[:, None], [1.0, 3.0, 11.0], 99.0)
    line = origin_figures(_ranks(table.tolist(), np.repeat(np.arange(20), 3).tolist()), seed=0)
    assert [line.ratio.low[0], line.ratio.high[0]] == pytest.approx([2, 2])
    assert line.ndcg.low[0] < line.ndcg.value[0] < line.ndcg.high[0]


def test_an_employee_is_one_person_in_all_windows() -> None:
    first = _ranks([[1, 2, 3], [2, 3, 4]], [0, 1])
    second = _ranks([[5, 6, 7]], [0], n_ineligible=3)
    pooled = pool([(first, IdMap(["anna", "ben"])), (second, IdMap(["ben"]))])
    assert pooled.targets.employee.tolist() == [0, 1, 1]
    assert pooled.rank[:, 0].tolist() == [1, 2, 5]
    assert pooled.n_ineligible == 3
    line = origin_figures(pooled, seed=0)
    assert (line.n_targets, line.n_employees) == (3, 2)


def test_the_answer_is_strict_and_unknown_where_nothing_was_chosen() -> None:
    empty = origin_figures(_ranks([], []), seed=0)
    full = origin_figures(_ranks([[1, 2, 3]], [0]), seed=0)
    windows = rolling_windows(_LAST, 2)
    answer = origins_json(windows, [empty, full], full, [{"als": "absent"}, {}])
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    nothing = {"value": None, "interval": [None, None]}
    assert answer["origins"][0]["ndcg@10"] == nothing
    assert answer["origins"][0]["best_baseline"] == {"model": None, "ndcg@10": nothing}
    assert answer["origins"][0]["notes"] == {"als": "absent"}
    assert answer["origins"][1]["train_until"] == "2016-10-01T00:00:00+00:00"
    assert answer["pooled"]["ratio"]["value"] == pytest.approx(np.log2(3))


def test_the_table_has_a_line_per_origin_and_one_for_all() -> None:
    line = origin_figures(_ranks([[1, 3, 11], [1, 3, 11]], [0, 1]), seed=0)
    late = Window(_LAST.train_until + timedelta(hours=5), _LAST.until)
    console = Console(width=90, record=True, file=io.StringIO())
    console.print(origins_table(rolling_windows(late, 2), [line, line], line))
    text = console.export_text()
    assert "2 choices of 2 employees" in text
    assert "2016-09-21 10:00" in text
    assert "2016-10-11  " in text, "midnight is the day alone"
    assert text.count("2.000–2.000") == 3
    assert "…" not in text, "nothing is cut off"
    assert " all " in text
