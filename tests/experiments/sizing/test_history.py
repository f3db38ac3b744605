import numpy as np
import pandas as pd
import pytest

from experiments.sizing.history import anova_icc, read_history
from recsys.errors import ConfigurationError, DatasetError


def test_icc_of_the_reference_sample() -> None:
    i = np.arange(400)
    team, arm = i % 20, i % 20 % 2
    x = (i * 7919 % 997) / 100
    y = 0.6 * x + (i * 104729 % 1009) / 200 + 0.3 * arm + 0.15 * (team * 13 % 7)
    assert anova_icc(y, team, arm) == pytest.approx(-0.00167, abs=5e-6)


def test_icc_by_hand() -> None:
    # Means 2 and 6, MSB = 2 · 2 · 2² = 16, MSW = (1 + 1 + 1 + 1) / 2 = 2: (16 - 2) / (16 + 2)
    values, clusters = np.array([1.0, 3.0, 5.0, 7.0]), np.array([0, 0, 1, 1])
    assert anova_icc(values, clusters) == pytest.approx(14 / 18)


@pytest.mark.parametrize("icc", [0.0, 0.05, 0.3])
def test_a_planted_icc_is_found_with_unequal_clusters(icc: float) -> None:
    rng = np.random.default_rng(7)
    sizes = rng.integers(2, 40, 800)
    clusters = np.repeat(np.arange(800), sizes)
    shared = rng.normal(0, np.sqrt(icc), 800)[clusters]
    values = shared + rng.normal(0, np.sqrt(1 - icc), len(clusters))
    assert anova_icc(values, clusters) == pytest.approx(icc, abs=0.02)


@pytest.mark.parametrize("clusters", [[0, 0, 0, 0], [0, 1, 2, 3]])
def test_without_two_clusters_or_two_members_nobody_is_alike(clusters: list[int]) -> None:
    assert anova_icc(np.array([1.0, 2.0, 3.0, 5.0]), np.array(clusters)) == 0


def _weeks() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "who": ["a", "a", "a", "b", "b", "c"],
            "week": [1, 2, 2, 1, 2, 1],
            "team": ["t", "t", "t", "u", "u", "u"],
            "opens": [2, 1, 3, 1, 2, 1],
            "read": [True, False, True, True, False, True],
        }
    )


def test_people_without_rows_count_as_zero() -> None:
    roster = pd.DataFrame({"who": ["a", "b", "c", "d"], "team": ["t", "u", "u", "t"]})
    history = read_history(
        _weeks(), metric="opens", unit="who", period="week", cluster="team", roster=roster
    )
    last, both = history.windows
    assert (history.n_units, history.n_without_rows, history.has_zeros) == (4, 1, True)
    # Week 2: a 1 + 3, b 2, c and d 0. Both weeks, per week: a 3, b 1.5, c 0.5, d 0.
    assert (last.baseline, both.baseline) == (6 / 4, 5 / 4)
    assert last.sd == pytest.approx(np.std([4, 2, 0, 0], ddof=1))
    assert both.correlation is None
    assert last.correlation == pytest.approx(np.corrcoef([4, 2, 0, 0], [2, 1, 1, 0])[0, 1])
    assert last.clusters is not None
    assert (last.clusters.n_clusters, last.clusters.size, last.clusters.size_cv) == (2, 2, 0)


def test_a_proportion_is_a_share_of_periods_over_several() -> None:
    history = read_history(_weeks(), metric="read:proportion", unit="who", period="week")
    last, both = history.windows
    assert (last.baseline, last.sd) == (1 / 3, None)
    assert both.baseline == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert both.sd == pytest.approx(np.std([1, 0.5, 0.5], ddof=1))


def test_nothing_is_dropped_in_silence() -> None:
    frame = pd.DataFrame(
        {
            "who": ["a", "b", None, "d", "e", " "],
            "team": ["t", None, "t", "u", "u", "u"],
            "y": [1.0, 2.0, 3.0, np.nan, np.inf, 1.0],
        }
    )
    frame = pd.concat([frame, pd.DataFrame({"who": ["f"], "team": ["u"], "y": [2.0]})])
    history = read_history(frame, metric="y", unit="who", cluster="team")
    assert history.excluded == {
        "missing_unit": 2, "missing_value": 1, "infinite_value": 1, "missing_cluster": 1,
    }  # fmt: skip
    assert history.n_units == 2


def test_a_covariate_is_worth_what_it_tells() -> None:
    rng = np.random.default_rng(2)
    before = rng.normal(size=5_000)
    frame = pd.DataFrame(
        {"who": np.arange(5_000), "x": before, "y": 0.6 * before + 0.8 * rng.normal(size=5_000)}
    )
    (window,) = read_history(frame, metric="y", unit="who", covariate="x").windows
    assert window.correlation == pytest.approx(0.6, abs=0.02)
    frame["x"] = 1.0
    (constant,) = read_history(frame, metric="y", unit="who", covariate="x").windows
    assert constant.correlation is None


@pytest.mark.parametrize(
    ("named", "error", "said"),
    [
        ({"metric": "none"}, DatasetError, "no column 'none'; the table has who, week"),
        ({"metric": "opens:share"}, ConfigurationError, "expected COL or COL:proportion"),
        ({"metric": "opens:proportion"}, ConfigurationError, "other than 0 and 1"),
        ({"metric": "opens", "covariate": "team"}, DatasetError, "'team' has no numbers"),
        ({"metric": "team"}, DatasetError, "holds 0 units"),
    ],
)
def test_wrong_columns_are_said(named: dict[str, str], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        read_history(_weeks(), unit="who", **named)  # type: ignore[arg-type]  # names of columns
