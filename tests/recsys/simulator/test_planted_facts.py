"""What was planted can be found again, and only where it was planted."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from recsys.simulator.card import draw_card, gini
from recsys.simulator.config import WORLDS
from recsys.simulator.simulated import Simulated
from recsys.simulator.simulation import EXPERIMENT_FILE


def _z(outcome: npt.ArrayLike, probability: npt.ArrayLike) -> float:
    """Standardised difference between what happened and its true probability."""
    p = np.asarray(probability, float)
    return float((np.asarray(outcome) - p).sum() / np.sqrt((p * (1 - p)).sum()))


def test_opens_happen_with_their_true_probability_at_every_position(strong: Simulated) -> None:
    shown = strong.impressions()
    assert abs(_z(shown["opened"], shown["p_open"])) < 4
    for position in range(1, 13):
        rows = shown[shown["position"] == position]
        assert abs(_z(rows["opened"], rows["p_open"])) < 4.5, position
        assert rows["p_looked"].to_numpy() == pytest.approx(position**-0.55, rel=1e-5)


def test_opens_are_calibrated_over_the_range_of_probabilities(strong: Simulated) -> None:
    shown = strong.impressions()
    for _, rows in shown.groupby(pd.qcut(shown["p_open"], 10)):
        assert abs(_z(rows["opened"], rows["p_open"])) < 4.5


def test_completion_follows_the_rule_and_its_true_probability(strong: Simulated) -> None:
    """Progress >= 0.9 or dwell >= 0.7 of the expected time finds the completed, no one else."""
    dataset = strong.dataset
    renditions = dataset["renditions"].set_index("rendition_id")
    taken = dataset["events"].query("event_type in ['read', 'progress']")
    rendition = renditions.loc[taken["rendition_id"]]
    expected = rendition["duration_seconds"].fillna(rendition["word_count"] / 240 * 60)
    by_dwell = taken["dwell_seconds"].to_numpy() >= 0.7 * expected.to_numpy()
    finished = by_dwell | (taken["progress_share"].to_numpy() >= 0.9)
    key = ["session_id", "content_id"]
    done = pd.MultiIndex.from_frame(dataset["events"].query("event_type == 'complete'")[key])
    explicit = pd.MultiIndex.from_frame(taken[key]).isin(done)
    assert finished[explicit].all()
    shown = strong.impressions().query("opened").set_index(["request_id", "content_id"])
    rows = pd.MultiIndex.from_frame(taken[["request_id", "content_id"]])
    both = rows.isin(shown.index)
    p_complete = shown.loc[rows[both], "p_complete"]
    assert abs(_z(finished[both], p_complete)) < 4


def test_interest_raises_opens_where_it_was_planted(strong: Simulated, none: Simulated) -> None:
    for simulated, is_planted in ((strong, True), (none, False)):
        truth, shown = simulated.truth, simulated.impressions()
        employee, content = shown["employee"], shown["content"]
        match = np.einsum(
            "nt,nt->n", truth.traits["interest"][employee], truth.facts["topics"][content]
        )
        gap = match[shown["opened"]].mean() - match[~shown["opened"]].mean()
        assert gap > 0.8 if is_planted else gap == 0.0


def test_the_world_without_taste_treats_all_alike(none: Simulated) -> None:
    truth = none.truth
    assert not truth.traits["interest"].any()
    assert not truth.traits["attraction"].any()
    assert not truth.traits["pressure"].any()
    assert (truth.facts["language"] == -1).all()
    response = WORLDS["none"].response
    assert (response.own_department, response.colleagues, response.mobile_format) == (0, 0, 0)
    a, b = 4, 9
    odds = [truth.p_open(e, 5, "video") for e in (a, b)]
    utility = [
        np.log(p / (1 - p)) - truth.traits["openness"][e] for p, e in zip(odds, (a, b), strict=True)
    ]
    assert utility[0] == pytest.approx(utility[1])
    assert truth.p_complete(a, 5, "video") == truth.p_complete(b, 5, "video", mobile=True)


def test_personal_knowledge_helps_only_where_taste_was_planted(
    strong: Simulated, none: Simulated
) -> None:
    cards = [draw_card(s.directory, s.truth_directory) for s in (strong, none)]
    gains = [c.ndcg["truth_personal"] - c.ndcg["truth_impersonal"] for c in cards]
    # Two standard errors of a paired mean over some 1,000 targets are about 0.02.
    assert gains[0] > 0.03
    assert gains[1] == pytest.approx(0.0, abs=1e-12)
    for card in cards:
        assert card.ndcg["truth_impersonal"] > card.ndcg["newest_first"]
        assert card.ndcg["popularity_1h"] > 0.15


def test_the_card_shows_a_fresh_and_long_tailed_log(strong: Simulated) -> None:
    card = draw_card(strong.directory, strong.truth_directory)
    # Bands around the figures of Deskdrop's public log: 0.65, 0.75 and 0.52.
    assert 0.5 < card.shape["reads_within_24h_share"] < 0.75
    assert 0.55 < card.shape["gini_activity"] < 0.8
    assert 0.35 < card.shape["gini_popularity"] < 0.65


def test_gini_of_a_hand_worked_example() -> None:
    # Sorted 0, 1, 3: (-2*0 + 0*1 + 2*3) / (3 * 4)
    assert gini([3, 0, 1]) == pytest.approx(0.5)
    assert gini([2, 2, 2]) == pytest.approx(0.0)
    assert np.isnan(gini([0, 0]))


def test_format_and_topic_are_confounded(none: Simulated) -> None:
    """Without any taste, video still looks better than text: its topics are easier."""
    facts, about = none.truth.facts, none.truth.about
    formats = np.array(about["axes"]["formats"])[facts["lead"]]
    ease = pd.Series(facts["ease"]).groupby(formats).mean()
    assert ease["video"] > ease["article"] + 0.3
    shown = none.impressions()
    form = none.dataset["renditions"].set_index("rendition_id")["format"]
    shown["format"] = form[shown["rendition_id"]].to_numpy()
    shown["ease"] = facts["ease"][shown["content"]]
    opened = shown[shown["opened"] & shown["format"].isin(["video", "short_video"])].copy()
    key = ["session_id", "content_id"]
    done = none.dataset["events"].query("event_type == 'complete'")[key]
    opened["completed"] = pd.MultiIndex.from_frame(opened[key]).isin(pd.MultiIndex.from_frame(done))
    rates = opened.groupby("ease")["completed"].mean()
    assert rates.loc[0.7] > rates.loc[-0.5] + 0.1


def test_colleagues_draw_each_other(strong: Simulated) -> None:
    truth = strong.truth
    alone, together = (truth.p_open(3, 5, "article", colleagues=n) for n in (0.0, 4.0))
    assert together > alone


def test_the_planted_experiment_is_found(strong: Simulated) -> None:
    units = pd.read_csv(strong.directory / EXPERIMENT_FILE)
    planted = strong.truth.about["experiment"]
    assert planted["open_logit"] == pytest.approx(0.35)
    assert 0.0 < planted["open_probability"] < 0.1
    assert units.groupby("team_id")["variant"].nunique().max() == 1
    shown = strong.impressions()
    assert units["impressions_before"].sum() + units["impressions"].sum() == len(shown)
    assert units["opens_before"].sum() + units["opens"].sum() == shown["opened"].sum()


def test_topics_are_sometimes_blank_or_wrong(strong: Simulated) -> None:
    contents, truth = strong.dataset["contents"], strong.truth
    main = np.array(truth.about["axes"]["topics"])[truth.facts["topics"].argmax(axis=1)]
    blank = contents["topics"].isna()
    wrong = [
        m not in t.split(";") for t, m in zip(contents["topics"][~blank], main[~blank], strict=True)
    ]
    assert 0.02 < blank.mean() < 0.12
    assert 0.02 < np.mean(wrong) < 0.12
