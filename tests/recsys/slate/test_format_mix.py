"""The mix of formats in a list: two forms, each against a slow second implementation."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations, product
from math import log, log1p, log2

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from recsys.errors import ConfigurationError
from recsys.slate.format_mix import (
    NO_FORMAT,
    FormatMix,
    MixCandidates,
    Mixed,
    calibrated_mix,
    sampled_mix,
)

Float = npt.NDArray[np.float64]

VIDEO, TEXT, AUDIO = range(3)


def contents(*formats: tuple[int, ...], n_formats: int = 3) -> MixCandidates:
    """Return candidates that take no time, each in the given formats."""
    has_format = np.array([[f in own for f in range(n_formats)] for own in formats], np.bool_)
    return MixCandidates(has_format.reshape(-1, n_formats), np.zeros(len(formats)))


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def both(candidates: MixCandidates, target: Float, k: int, mix: FormatMix) -> tuple[Mixed, Mixed]:
    return calibrated_mix(candidates, target, k, mix), sampled_mix(
        candidates, target, k, mix, rng()
    )


@st.composite
def problems(draw: st.DrawFn) -> tuple[MixCandidates, Float, int, FormatMix]:
    """Return candidates of which some take no format or more time than there is, and a mix."""
    source = rng(draw(st.integers(0, 2**32)))
    n, n_formats = draw(st.integers(0, 12)), draw(st.integers(1, 4))
    has_format = source.random((n, n_formats)) < draw(st.sampled_from((0.2, 0.5)))
    minutes = source.integers(0, 6, n).astype(np.float64)
    candidates = MixCandidates(has_format, minutes, draw(st.sampled_from((0.0, 9.0, np.inf))))
    target = source.dirichlet(np.ones(n_formats)) * (source.random(n_formats) < 0.8)
    strength = draw(st.sampled_from((0.0, 0.3, 0.8, 1.0)))
    return candidates, target, draw(st.integers(0, 14)), FormatMix(strength)


# ---- the calibrated form


def divergence(share: Float, counts: Float, total: float, smoothing: float) -> float:
    """Return KL(share ‖ smoothed mix) the long way; ``total`` contents, some in no format."""
    used = share > 0
    smoothed = (1 - smoothing) * counts[used] / total + smoothing * share[used]
    return float((share[used] * np.log(share[used] / smoothed)).sum())


def list_worth(places: Sequence[int], counts: Float, share: Float, mix: FormatMix) -> float:
    relevance = sum(1 / log2(2 + place) for place in places)
    lost = divergence(share, counts, counts.sum(), mix.smoothing)
    return (1 - mix.strength) * relevance - mix.strength * lost


def test_two_videos_before_a_text_are_parted_from_a_strength_that_can_be_worked_out() -> None:
    candidates, target = contents((VIDEO,), (VIDEO,), (TEXT,)), np.array([0.5, 0.5, 0.0])
    # After one video q̃ is (0.5, 0.5) with a text, (0.995, 0.005) with a second video.
    less_divergence = 0.5 * log(0.5 / 0.005) + 0.5 * log(0.5 / 0.995)
    less_relevance = 1 / log2(1 + 2) - 1 / log2(1 + 3)
    turn = less_relevance / (less_relevance + less_divergence)
    for strength, order in ((turn - 1e-6, [0, 1, 2]), (turn + 1e-6, [0, 2, 1])):
        mixed = calibrated_mix(candidates, target, 3, FormatMix(strength))
        assert mixed.places.tolist() == order
        assert mixed.propensities.tolist() == [1.0] * 3


def test_a_content_in_several_formats_counts_as_the_one_that_is_wanting() -> None:
    candidates = contents((VIDEO, TEXT), (VIDEO, TEXT), (VIDEO, TEXT), (TEXT,))
    mixed = calibrated_mix(candidates, np.array([0.7, 0.3, 0.0]), 4, FormatMix(0.5))
    # Gains are p · log1p(step / (step · count + α p)); with one of each the second video is next.
    step = 0.99 / 3
    second_video, second_text = (p * log1p(step / (step + 0.01 * p)) for p in (0.7, 0.3))
    assert second_video > second_text
    assert mixed.places.tolist() == [0, 1, 2, 3]
    assert mixed.formats.tolist() == [VIDEO, TEXT, VIDEO, TEXT]


@given(problems())
def test_every_slot_is_the_best_compromise_with_those_above_it(
    problem: tuple[MixCandidates, Float, int, FormatMix],
) -> None:
    candidates, target, k, mix = problem
    mixed = calibrated_mix(candidates, target, k, mix)
    fits = candidates.minutes <= candidates.max_minutes
    share = target * candidates.has_format[fits].any(axis=0)
    share = share / share.sum() if share.any() else share
    counts, left = np.zeros(len(target)), candidates.max_minutes
    taken: list[int] = []
    for place, form in zip(mixed.places.tolist(), mixed.formats.tolist(), strict=True):
        worth = {
            (i, f): (1 - mix.strength) / log2(2 + i)
            - mix.strength
            * divergence(share, counts + _one(f, counts), counts.sum() + 1, mix.smoothing)
            for i in range(len(fits))
            if i not in taken and candidates.minutes[i] <= left
            for f in np.flatnonzero(candidates.has_format[i]).tolist() or [NO_FORMAT]
        }
        assert worth[place, form] == pytest.approx(max(worth.values()), abs=1e-9)
        taken.append(place)
        left -= candidates.minutes[place]
        counts += _one(form, counts)
    rest = [i for i in range(len(fits)) if i not in taken and candidates.minutes[i] <= left]
    assert len(taken) == k or not rest


def _one(form: int, counts: Float) -> Float:
    return np.asarray(np.arange(len(counts)) == form, np.float64)


# Where contents have several formats, one counted early can turn out the only one for another
# format: up to 0.017 is lost on average, where the ranking as it stands is 0.18 to 1.0 short.
@pytest.mark.parametrize("strength", [0.2, 0.5, 1.0])
@pytest.mark.parametrize(("further_formats", "may_lose"), [(0.0, 1e-9), (0.2, 0.025)])
def test_choosing_one_by_one_is_as_good_as_trying_every_list(
    strength: float, further_formats: float, may_lose: float
) -> None:
    source, mix = rng(3), FormatMix(strength)
    lost = []
    for _ in range(40):
        has_format = np.eye(3, dtype=np.bool_)[source.integers(0, 3, 8)]
        has_format |= source.random((8, 3)) < further_formats
        share = source.dirichlet(np.full(3, 2.0)) * has_format.any(axis=0)
        mixed = calibrated_mix(MixCandidates(has_format, np.zeros(8)), share, 4, mix)
        share /= share.sum()
        counts = np.bincount(mixed.formats, minlength=3).astype(np.float64)
        chosen = list_worth(mixed.places.tolist(), counts, share, mix)
        lost.append(_best_worth(has_format, share, mix) - chosen)
    assert np.mean(lost) < may_lose


def _best_worth(has_format: npt.NDArray[np.bool_], share: Float, mix: FormatMix) -> float:
    """Return the worth of the best list of four, whichever formats its contents count as."""
    return max(
        list_worth(places, np.bincount(formats, minlength=3).astype(np.float64), share, mix)
        for places in combinations(range(len(has_format)), 4)
        for formats in product(*(np.flatnonzero(has_format[place]) for place in places))
    )


@given(st.integers(0, 2**32))
def test_at_full_strength_every_prefix_follows_the_target(seed: int) -> None:
    source = rng(seed)
    target = source.dirichlet(np.full(4, 2.0))
    candidates = MixCandidates(np.eye(4, dtype=np.bool_)[np.arange(400) % 4], np.zeros(400))
    mixed = calibrated_mix(candidates, target, 100, FormatMix(1.0))
    counts = np.cumsum(np.eye(4)[mixed.formats], axis=0)
    wanted = np.arange(1, 101)[:, None] * target
    assert np.abs(counts - wanted).max() < 2.0
    for form in range(4):  # of one format the best ones, in their order
        places = mixed.places[mixed.formats == form]
        assert places.tolist() == list(range(form, 400, 4))[: len(places)]


def test_equals_go_by_the_ranking_and_then_by_the_first_format() -> None:
    target = np.full(3, 1 / 3)
    mixed = calibrated_mix(
        contents((AUDIO,), (TEXT,), (VIDEO,), (TEXT, VIDEO)), target, 4, FormatMix(1.0)
    )
    assert mixed.places.tolist() == [0, 1, 2, 3]
    assert mixed.formats.tolist() == [AUDIO, TEXT, VIDEO, VIDEO]


# ---- the sampled form


def test_a_slot_is_drawn_by_format_and_its_propensity_sums_what_led_to_it() -> None:
    candidates = contents((VIDEO,), (TEXT,), (TEXT, AUDIO), (AUDIO,))
    target, mix = np.array([0.5, 0.2, 0.3]), FormatMix(0.6)
    for seed in range(20):
        mixed = sampled_mix(candidates, target, 2, mix, rng(seed))
        first = {0: 0.4 + 0.6 * 0.5, 1: 0.6 * 0.2, 2: 0.6 * 0.3}
        assert mixed.propensities[0] == pytest.approx(first[int(mixed.places[0])])
        if mixed.places[0] == 0:  # no video is left: text 0.4, audio 0.6
            second = {1: 0.4 + 0.6 * 0.4, 2: 0.6 * 0.6}
            assert mixed.propensities[1] == pytest.approx(second[int(mixed.places[1])])
        if mixed.places[0] == 1:  # the third content is the best text and the best audio
            second = {0: 0.4 + 0.6 * 0.5, 2: 0.6 * (0.2 + 0.3)}
            assert mixed.propensities[1] == pytest.approx(second[int(mixed.places[1])])


Lists = dict[tuple[int, ...], float]


def _all_lists(candidates: MixCandidates, target: Float, k: int, strength: float) -> Lists:
    """Return the probability of every list, by going through all sequences of draws."""
    found: Lists = {}
    n_formats = len(target)
    for draws in product(range(n_formats + 1), repeat=k):  # the last one: as it stands
        probability, left, chosen = 1.0, candidates.max_minutes, list[int]()
        for drawn in draws:
            remaining = [
                i
                for i in range(len(candidates.minutes))
                if i not in chosen and candidates.minutes[i] <= left
            ]
            if not remaining:
                probability *= 1.0 if drawn == n_formats else 0.0  # nothing is drawn
                continue
            by_format = {
                f: [i for i in remaining if candidates.has_format[i, f]] for f in range(n_formats)
            }
            total = sum(target[f] for f, places in by_format.items() if places)
            as_it_stands = 1 - strength if total > 0 else 1.0
            if drawn == n_formats:
                probability *= as_it_stands
                place = remaining[0]
            elif total > 0 and by_format[drawn]:
                probability *= strength * target[drawn] / total
                place = by_format[drawn][0]
            else:
                probability = 0.0
                break
            chosen.append(place)
            left -= candidates.minutes[place]
        if probability > 0:
            found[tuple(chosen)] = found.get(tuple(chosen), 0.0) + probability
    return found


def _small_problem(seed: int) -> tuple[MixCandidates, Float]:
    source = rng(seed)
    has_format = source.random((6, 3)) < 0.45
    minutes = source.integers(0, 4, 6).astype(np.float64)
    return MixCandidates(has_format, minutes, 6.0), source.dirichlet(np.ones(3))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("strength", [0.4, 1.0])
def test_propensities_multiply_to_the_probability_of_the_list(seed: int, strength: float) -> None:
    candidates, target = _small_problem(seed)
    exact = _all_lists(candidates, target, 4, strength)
    assert sum(exact.values()) == pytest.approx(1)
    for draw in range(60):
        mixed = sampled_mix(candidates, target, 4, FormatMix(strength), rng(draw))
        stated = float(np.prod(mixed.propensities))
        assert stated == pytest.approx(exact[tuple(mixed.places.tolist())])


@pytest.mark.parametrize("seed", range(3))
def test_lists_come_as_often_as_their_propensities_say(seed: int) -> None:
    candidates, target = _small_problem(seed)
    n, source = 4_000, rng(100 + seed)
    seen: Counter[tuple[int, ...]] = Counter()
    stated: Lists = {}
    for _ in range(n):
        mixed = sampled_mix(candidates, target, 3, FormatMix(0.7), source)
        places = tuple(mixed.places.tolist())
        seen[places] += 1
        stated[places] = float(np.prod(mixed.propensities))
    frequent = [places for places, p in stated.items() if n * p >= 5]  # else chi-square is crude
    observed = np.array([seen[places] for places in frequent] + [0.0])
    expected = np.array([n * stated[places] for places in frequent] + [0.0])
    observed[-1], expected[-1] = n - observed.sum(), n - expected.sum()
    used = expected > 1e-6
    assert len(frequent) > 3
    # The seeds are fixed: a false alarm is found once, by whoever changes the draws.
    assert stats.chisquare(observed[used], expected[used]).pvalue > 1e-3


def test_equal_generators_draw_equally_and_a_longer_list_begins_with_the_shorter() -> None:
    source = rng(5)
    candidates = MixCandidates(source.random((40, 4)) < 0.4, np.zeros(40))
    target = source.dirichlet(np.ones(4))
    for mix in (FormatMix(0.5), FormatMix(1.0)):
        long = both(candidates, target, 12, mix)
        short = both(candidates, target, 5, mix)
        for a, b in zip(short, long, strict=True):
            assert a.places.tolist() == b.places[:5].tolist()
            assert a.propensities.tolist() == b.propensities[:5].tolist()


# ---- what holds for both


@given(problems())
def test_lists_are_sound(problem: tuple[MixCandidates, Float, int, FormatMix]) -> None:
    candidates, target, k, mix = problem
    for mixed in both(candidates, target, k, mix):
        places = mixed.places.tolist()
        assert len(set(places)) == len(places) <= k
        assert candidates.minutes[places].sum() <= candidates.max_minutes
        if np.isinf(candidates.max_minutes):
            assert len(places) == min(k, len(candidates.minutes))
        assert ((mixed.propensities > 0) & (mixed.propensities <= 1)).all()
        for place, form in zip(places, mixed.formats.tolist(), strict=True):
            own = candidates.has_format[place]
            assert own[form] if own.any() else form == NO_FORMAT


@given(problems())
def test_without_strength_the_ranking_is_untouched(
    problem: tuple[MixCandidates, Float, int, FormatMix],
) -> None:
    candidates, target, k, _ = problem
    fitting: list[int] = []
    for place, minutes in enumerate(candidates.minutes):
        used = candidates.minutes[fitting].sum()
        if len(fitting) < k and used + minutes <= candidates.max_minutes:
            fitting.append(place)
    for mixed in both(candidates, target, k, FormatMix(0.0)):
        assert mixed.places.tolist() == fitting
        assert mixed.propensities.tolist() == [1.0] * len(fitting)


@given(problems(), st.integers(0, 2**32))
def test_the_order_of_formats_and_shares_nobody_can_have_do_not_matter(
    problem: tuple[MixCandidates, Float, int, FormatMix], seed: int
) -> None:
    candidates, target, k, mix = problem
    order = rng(seed).permutation(len(target))
    moved = MixCandidates(
        np.insert(candidates.has_format[:, order], 0, False, axis=1),
        candidates.minutes,
        candidates.max_minutes,
    )
    mixed = calibrated_mix(candidates, target, k, mix)
    again = calibrated_mix(moved, np.insert(target[order], 0, 0.7), k, mix)
    assert again.places.tolist() == mixed.places.tolist()


def test_a_target_that_nothing_has_leaves_the_ranking_as_it_is() -> None:
    candidates = contents((VIDEO,), (), (TEXT,))
    for target in (np.array([0.0, 0.0, 1.0]), np.zeros(3)):
        for mixed in both(candidates, target, 3, FormatMix(1.0)):
            assert mixed.places.tolist() == [0, 1, 2]
            assert mixed.formats.tolist() == [VIDEO, NO_FORMAT, TEXT]
            assert mixed.propensities.tolist() == [1.0] * 3


def test_nothing_to_choose_from_gives_an_empty_list() -> None:
    for mixed in both(contents(), np.ones(3), 5, FormatMix(0.5)):
        assert len(mixed.places) == len(mixed.formats) == len(mixed.propensities) == 0
        assert mixed.places.dtype == np.int64


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_is_a_share(strength: float) -> None:
    with pytest.raises(ConfigurationError, match=r"expected 0 .* to 1"):
        FormatMix(strength)


@pytest.mark.parametrize("smoothing", [0.0, 1.0, float("nan")])
def test_a_mix_without_smoothing_or_of_nothing_else_is_refused(smoothing: float) -> None:
    with pytest.raises(ConfigurationError, match="between 0 and 1"):
        FormatMix(0.5, smoothing)
