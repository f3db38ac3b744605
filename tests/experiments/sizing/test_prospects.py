import numpy as np
import pandas as pd
import pytest

from experiments.sizing.formulas import Promise
from experiments.sizing.prospects import Prospect, size_from_history
from experiments.sizing.wording import prospect_sentences
from experiments.texts import LANGUAGES, Language
from recsys.errors import ConfigurationError

N, TEAMS, WEEKS = 1_200, 60, 8


@pytest.fixture(scope="module")
def roster() -> pd.DataFrame:
    team = np.random.default_rng(0).integers(0, TEAMS, N)
    return pd.DataFrame({"employee_id": [f"e-{i}" for i in range(N)], "team_id": team})


@pytest.fixture(scope="module")
def past(roster: pd.DataFrame) -> pd.DataFrame:
    """What people opened in eight weeks; who did nothing in a week has no row."""
    rng = np.random.default_rng(1)
    zeal = rng.normal(0, 0.5, TEAMS)[roster["team_id"]] + rng.normal(0, 1, N)
    weeks = []
    for week in range(WEEKS):
        hit = rng.random(N) < 1 / (1 + np.exp(1 - zeal))
        opens = hit * (1 + rng.poisson(np.exp(zeal / 2)))
        weeks.append(roster.assign(week=week, opens=opens, read=1)[hit])
    return pd.concat(weeks)


def _ask(past: pd.DataFrame, roster: pd.DataFrame, **named: object) -> Prospect:
    asked = {"metric": "read:proportion", "cluster": "team_id", "period": "week"} | named
    return size_from_history(past, unit="employee_id", roster=roster, **asked)  # type: ignore[arg-type]


def test_a_large_effect_works_as_planned(past: pd.DataFrame, roster: pd.DataFrame) -> None:
    prospect = _ask(past, roster, mde=0.15)
    assert prospect.verdict == "works"
    assert prospect.best is prospect.planned
    assert prospect.planned.clusters_per_arm == TEAMS // 2


def test_a_small_effect_is_led_to_a_design_that_works(
    past: pd.DataFrame, roster: pd.DataFrame
) -> None:
    prospect = _ask(past, roster, mde=0.05)
    assert prospect.verdict == "works_otherwise"
    assert prospect.planned.is_enough is False
    assert prospect.best.changes == ("covariate", "longer")
    milder = [d for d in prospect.alternatives if len(d.changes) < len(prospect.best.changes)]
    assert not any(design.is_enough for design in milder)


def test_a_tiny_effect_cannot_work_and_the_finest_design_is_named(
    past: pd.DataFrame, roster: pd.DataFrame
) -> None:
    prospect = _ask(past, roster, metric="opens", mde=0.01)
    assert prospect.verdict == "cannot_work"
    found = [d.detectable_effect for d in prospect.alternatives]
    assert prospect.best.detectable_effect == min(f for f in found if f is not None)
    told = " ".join(prospect_sentences(prospect, "en"))
    assert "No design looked at here finds the +0.01" in told
    assert "interleave" in told


def test_without_an_effect_only_what_could_be_found_is_told(
    past: pd.DataFrame, roster: pd.DataFrame
) -> None:
    prospect = _ask(past, roster, cluster=None)
    assert prospect.verdict == "not_asked"
    assert (prospect.planned.is_enough, prospect.planned.needed) == (None, None)
    assert not any("units" in d.changes for d in prospect.alternatives)


def test_a_smaller_promise_finds_more(past: pd.DataFrame, roster: pd.DataFrame) -> None:
    strict = _ask(past, roster).planned.detectable_effect
    lax = _ask(past, roster, promise=Promise(0.1, 0.6)).planned.detectable_effect
    assert strict is not None
    assert lax is not None
    assert lax < strict


def test_without_zeros_the_reader_is_warned(past: pd.DataFrame, roster: pd.DataFrame) -> None:
    prospect = size_from_history(past, metric="opens", unit="employee_id", period="week")
    assert "Nobody in the history has a zero" in " ".join(prospect_sentences(prospect, "en"))
    assert "count as zero" in " ".join(prospect_sentences(_ask(past, roster), "en"))


def test_few_clusters_are_refused_in_words(past: pd.DataFrame, roster: pd.DataFrame) -> None:
    sites = roster.assign(site=roster["team_id"] % 6)
    prospect = _ask(past, sites, cluster="site", mde=0.1)
    told = prospect_sentences(prospect, "en")
    assert "finds no effect at all" in told[0]
    assert told[1].startswith("With fewer than 5 clusters in a group no power can be promised")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mde", [None, 0.15, 0.05, 0.001])
def test_every_sentence_is_complete(
    language: Language, mde: float | None, past: pd.DataFrame, roster: pd.DataFrame
) -> None:
    told = " ".join(prospect_sentences(_ask(past, roster, mde=mde), language))
    assert "{" not in told
    assert "None" not in told
    assert "nan" not in told


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"mde": 0.0}, "is 0, expected a difference"),
        ({"mde": 0.9}, "expected a share from 0 to 1"),
        ({"periods": 9}, "the history holds 8"),
    ],
)
def test_wrong_questions_are_said(
    named: dict[str, float], said: str, past: pd.DataFrame, roster: pd.DataFrame
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        _ask(past, roster, **named)


def test_a_metric_that_never_differs_is_said(roster: pd.DataFrame) -> None:
    with pytest.raises(ConfigurationError, match="is 2 for everybody"):
        size_from_history(roster.assign(y=2), metric="y", unit="employee_id")
