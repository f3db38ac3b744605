import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.interleaving import Interleaved, Preference, credit, preference, team_draft

rankings = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8)


@given(a=rankings, b=rankings, k=st.integers(0, 10), seed=st.integers(0, 2**32))
def test_a_slate_holds_the_best_of_both_fairly(
    a: list[str], b: list[str], k: int, seed: int
) -> None:
    slate = team_draft(a, b, k, np.random.default_rng(seed))
    assert len(slate.contents) == len(set(slate.contents)) == min(k, len({*a, *b}))
    for team, ranking in (("a", a), ("b", b)):
        places = [
            ranking.index(c) for c, t in zip(slate.contents, slate.teams, strict=True) if t == team
        ]
        assert places == sorted(places)
        # Nothing that the ranker prefers was passed over.
        assert all(
            set(ranking[:place]) <= set(slate.contents[: slate.contents.index(ranking[place])])
            for place in places
        )


@given(seed=st.integers(0, 2**32))
def test_picks_are_even_after_every_round(seed: int) -> None:
    slate = team_draft("abcdefgh", "hgfedcba", 8, np.random.default_rng(seed))
    assert all(set(slate.teams[n : n + 2]) == {"a", "b"} for n in range(0, 8, 2))


def test_the_coin_decides_who_gets_a_content_both_put_first() -> None:
    rng = np.random.default_rng(3)
    firsts = [team_draft("ab", "ac", 3, rng).teams[0] for _ in range(2_000)]
    assert firsts.count("a") == pytest.approx(1_000, abs=100)


def test_clicks_count_for_who_put_the_content_there() -> None:
    slate = Interleaved(("x", "y", "z"), ("a", "b", "a"))
    assert credit(slate, ["z", "x", "x", "elsewhere"]) == (2, 0)
    assert credit(slate, {"y"}) == (0, 1)


def _preference(scores: list[tuple[int, int]], seed: int = 0) -> Preference:
    a, b = np.array(scores).T
    names = [f"e-{i}" for i in range(len(scores))]
    return preference(names, a, b, np.random.default_rng(seed))


def test_few_people_are_judged_by_all_sign_patterns() -> None:
    # Six who all prefer B: of 64 patterns only all + and all - are as extreme.
    found = _preference([(0, 1)] * 6)
    assert (found.preference, found.p_value) == (1.0, 2 / 64)
    assert found.interval == pytest.approx((1.0, 1.0))
    mixed = _preference([(0, 1)] * 5 + [(1, 0)])
    assert mixed.p_value == pytest.approx(stats.binomtest(5, 6).pvalue)


def test_many_people_are_judged_by_student() -> None:
    rng = np.random.default_rng(5)
    clicks = [(int(a), int(b)) for a, b in rng.poisson((0.8, 1.1), (90, 2))]
    scores = [(b - a) / (a + b) for a, b in clicks if a + b]
    test = stats.ttest_1samp(scores, 0)
    found = _preference(clicks)
    assert found.n_with_clicks == len(scores) < found.n_employees == 90
    assert found.p_value == pytest.approx(test.pvalue)
    assert found.interval == pytest.approx(tuple(test.confidence_interval()))


def test_swapping_the_rankers_turns_everything_around() -> None:
    rng = np.random.default_rng(9)
    clicks = [(int(a), int(b)) for a, b in rng.poisson((0.8, 1.3), (25, 2))]
    there, back = _preference(clicks), _preference([(b, a) for a, b in clicks])
    assert there.preference == -(back.preference or 0.0)
    assert there.interval is not None
    assert back.interval is not None
    assert there.interval == pytest.approx((-back.interval[1], -back.interval[0]), abs=1e-9)
    assert (there.p_value, there.prefer_a) == (back.p_value, back.prefer_b)


def test_one_person_with_many_slates_is_one_person() -> None:
    names = ["eager"] * 500 + [f"e-{i}" for i in range(7)]
    for_b = np.array([1] * 500 + [0, 1, 0, 1, 0, 1, 0])
    found = preference(names, 1 - for_b, for_b, np.random.default_rng(0))
    assert (found.n_employees, found.prefer_a, found.prefer_b) == (8, 4, 4)
    assert found.preference == 0


def test_too_few_people_get_a_reason_and_no_number() -> None:
    found = _preference([(0, 1)] * 5 + [(0, 0)] * 20)
    assert (found.reason, found.p_value, found.preference) == ("too_few_employees", None, None)
    assert found.n_employees == 25


def _day(rng: np.random.Generator, n_people: int, better: float) -> Preference:
    """Simulate people of different zeal who click what is relevant, in interleaved slates."""
    names, wins = [], []
    for person in range(n_people):
        for _ in range(1 + rng.poisson(2)):
            relevance = rng.normal(size=12)
            orders = [np.argsort(-(relevance * b + rng.normal(size=12))) for b in (0.5, better)]
            worse_order, order = ([str(c) for c in order] for order in orders)
            slate = team_draft(worse_order, order, 6, rng)
            chance = {c: 1 / (1 + np.exp(1.5 - relevance[int(c)])) for c in slate.contents}
            wins.append(credit(slate, [c for c in slate.contents if rng.random() < chance[c]]))
            names.append(f"e-{person}")
    a, b = np.array(wins).T
    return preference(names, a, b, rng)


def test_equal_rankers_are_rarely_told_apart_and_a_better_one_usually() -> None:
    rng = np.random.default_rng(21)
    equal = [_day(rng, 45, better=0.5) for _ in range(120)]
    better = [_day(rng, 45, better=2.0) for _ in range(20)]
    alarms = sum((p.p_value or 0) <= 0.05 for p in equal)
    assert alarms <= 13  # of 120 at 5 %: more would come once in 200 such tests
    assert sum((p.p_value or 1) <= 0.05 and (p.preference or 0) > 0 for p in better) >= 15


@pytest.mark.slow
@pytest.mark.parametrize("n_people", [12, 30, 60])
def test_size_of_the_test_over_two_thousand_equal_pairs(n_people: int) -> None:
    rng = np.random.default_rng(n_people)
    alarms = [(_day(rng, n_people, better=0.5).p_value or 1) <= 0.05 for _ in range(2_000)]
    assert 0.03 <= np.mean(alarms) <= 0.065
