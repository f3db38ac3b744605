"""Format advice from outcomes that are known exactly, worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recsys.advice.advice import MIN_TOLD, Estimate, added_by, advise
from recsys.advice.advised_story import Story
from recsys.advice.audience_people import Headcount, Panel
from recsys.advice.cells import Bools, in_cells, stand_ins
from recsys.advice.outcomes import Outcomes
from recsys.advice.readers import Readers
from recsys.advice.wording import LANGUAGES, advice_sentences
from recsys.catalogue.catalogue import Catalogue
from recsys.dataset.validation import frame_of, validate
from recsys.formats.company import Points
from recsys.formats.design import N_FORMATS, N_STAGES
from recsys.formats.stories import Float
from recsys.schema import FORMATS, TABLES
from recsys.times import NO_TIME

VIDEO, SHORT, TEXT = (FORMATS.index(name) for name in ("video", "short_video", "text_summary"))
CODES = np.array([VIDEO, SHORT, TEXT])
NAMES = [FORMATS[code] for code in CODES]
N_DRAWS = 50


def readers(n: int, told: float = 1_000.0) -> Readers:
    panel = Panel(
        np.arange(n, dtype=np.int32), np.ones(n), np.zeros(n, np.int64), n, 0.0,
        Headcount(n, n, 0, 0),
    )  # fmt: skip
    nothing, none = np.zeros((n, 0)), np.zeros(n, np.int64)
    return Readers(
        panel, nothing, nothing, nothing, nothing, np.zeros(n), np.full((n, N_FORMATS), told / n),
        none, none, none, 1.0,
    )  # fmt: skip


def story(n: int, *formats: str) -> Story:
    nowhere = np.zeros(0)
    exists = np.zeros((n, N_FORMATS), np.bool_)
    exists[:, [FORMATS.index(name) for name in formats]] = True
    return Story(
        "c", ("safety",), Points(nowhere, nowhere, nowhere, nowhere, nowhere), np.zeros(N_STAGES),
        formats, exists, np.zeros(n, np.bool_),
    )  # fmt: skip


def outcomes(taken: Float, told: float = 1_000.0) -> Outcomes:
    """Everybody is shown everything; ``taken`` is (n, n_codes) or (n, n_codes, n_draws)."""
    drawn = taken if taken.ndim == 3 else np.repeat(taken[..., None], N_DRAWS, axis=2)
    n, n_draws = len(drawn), drawn.shape[2]
    weights, seen = np.ones((n, n_draws)), np.ones((n, n_draws))
    return Outcomes(readers(n, told), CODES, weights, drawn, seen, drawn)


def lovers_and_readers() -> Float:
    """Ten who like films (0.7, 0.3, 0.1) and ten who like to read (0.1, 0.2, 0.5)."""
    return np.repeat([[0.7, 0.3, 0.1], [0.1, 0.2, 0.5]], 10, axis=0)


def exactly(value: float) -> Estimate:
    """Return what is certain, rounded as answers are (to whole per cent at the finest)."""
    return Estimate(*3 * [round(value, 2)])


def test_a_hand_worked_audience() -> None:
    advice = advise(story(20, "text_summary"), outcomes(lovers_and_readers()))
    assert advice.shown == exactly(20)
    assert advice.completions == exactly(10 * 0.1 + 10 * 0.5)
    found = {outlook.format: outlook for outlook in advice.formats}
    assert list(found) == ["video", "text_summary", "short_video"]
    assert found["video"].rate == exactly((0.7 + 0.1) / 2)
    assert found["video"].completions == exactly(10 * 0.7 + 10 * 0.1)
    assert found["video"].added == exactly(10 * (0.7 - 0.1))
    assert found["short_video"].added == exactly(10 * (0.3 - 0.1))
    assert found["text_summary"].added is None
    assert advice.lead is not None
    assert (advice.lead.verdict, advice.lead.format) == ("only", "text_summary")
    assert advice.produce is not None
    assert (advice.produce.verdict, advice.produce.format) == ("clear", "video")
    assert advice.produce.runner_up == "short_video"
    assert advice.produce.ahead == exactly(6 - 2)


def test_the_lead_is_what_most_take_in() -> None:
    advice = advise(story(20, "text_summary", "short_video"), outcomes(lovers_and_readers()))
    assert advice.lead is not None
    assert (advice.lead.verdict, advice.lead.format) == ("clear", "text_summary")
    assert advice.lead.ahead == exactly(10 * (0.1 - 0.3) + 10 * (0.5 - 0.2))


def test_a_language_nobody_reads_leads_nobody() -> None:
    asked = story(20, "text_summary", "short_video")
    asked.exists[:, TEXT] = False
    advice = advise(asked, outcomes(lovers_and_readers()))
    assert advice.lead is not None
    assert advice.lead.format == "short_video"


def test_what_may_be_no_difference_is_left_to_chance() -> None:
    """Films are ahead by 2 on average, but behind in more than a twentieth of the draws."""
    luck = np.linspace(-0.3, 0.5, N_DRAWS)
    taken = np.full((20, 3, N_DRAWS), 0.5)
    taken[:, 0] += luck
    advice = advise(story(20, "video", "text_summary"), outcomes(np.clip(taken, 0.0, 1.0)))
    assert advice.lead is not None
    assert (advice.lead.verdict, advice.lead.reason) == ("randomise", "close")
    assert advice.lead.ahead is not None
    assert advice.lead.ahead.low < 0 < advice.lead.ahead.value < advice.lead.ahead.high


def test_too_few_showings_are_left_to_chance() -> None:
    for told, verdict in ((MIN_TOLD - 1, "randomise"), (MIN_TOLD, "clear")):
        asked = outcomes(lovers_and_readers(), told)
        advice = advise(story(20, "text_summary", "short_video"), asked)
        assert advice.lead is not None
        assert advice.produce is not None
        assert (advice.lead.verdict, advice.produce.verdict) == (verdict, verdict)


def test_nobody_makes_a_film_for_less_than_one_reader() -> None:
    taken = np.full((20, 3), 0.5)
    taken[:, 0] += 0.02
    advice = advise(story(20, "text_summary"), outcomes(taken))
    assert advice.produce is not None
    assert (advice.produce.verdict, advice.produce.reason) == ("nothing", "no_gain")


@given(
    arrays(np.float64, (4, 3, 5), elements=st.floats(0, 1)),
    arrays(np.bool_, (4, 3)),
    st.sampled_from(range(3)),
)
def test_one_more_rendition_never_lowers_what_is_expected(
    taken: Float, some: Bools, more: int
) -> None:
    asked = outcomes(taken)
    exists = np.zeros((4, N_FORMATS), np.bool_)
    exists[:, CODES] = some
    before = asked.taken_by_best(exists).mean(axis=1)
    exists[:, CODES[more]] = True
    assert (asked.taken_by_best(exists).mean(axis=1) >= before - 1e-12).all()


def test_what_is_added_is_the_difference_made() -> None:
    asked, planned = outcomes(lovers_and_readers()), story(20)
    assert {name: drawn.sum(axis=0)[0] for name, drawn in added_by(planned, asked).items()} == {
        "video": pytest.approx(8),
        "short_video": pytest.approx(5),
        "text_summary": pytest.approx(6),
    }  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_verdict_has_its_sentence(language: str) -> None:
    luck = np.repeat(lovers_and_readers()[..., None], N_DRAWS, axis=2)
    luck = luck + np.linspace(-0.3, 0.3, N_DRAWS)[None, None] * np.array([1, -1, 1])[:, None]
    equal = np.full((20, 3), 0.5)
    for taken in (lovers_and_readers(), luck, equal):
        for told in (0.0, 1_000.0):
            for formats in ((), NAMES[:1], NAMES[1:], NAMES):
                advice = advise(story(20, *formats), outcomes(taken, told))
                sentences = advice_sentences(advice, language)
                assert not any("{" in sentence for sentence in sentences)
                assert len(sentences) >= 2 + len(NAMES)


class TestCells:
    def test_a_person_more_moves_a_whole_cell(self) -> None:
        """Subtracting two audiences gives the mean of a cell, nobody's own figure."""
        rng = np.random.default_rng(0)
        cell = rng.permutation(np.repeat(np.arange(6), 11))
        meant, own = rng.random(66) < 0.5, rng.random(66)
        one_more = int(np.flatnonzero(~meant)[0])
        totals = []
        for _ in range(2):
            rows, weight = stand_ins(cell, meant, np.arange(6.0), 1_000)
            totals.append(float(weight @ own[rows]))
            meant[one_more] = True
        mean = own[cell == cell[one_more]].mean()
        assert totals[1] - totals[0] == pytest.approx(mean)

    def test_weights_sum_to_those_who_are_meant_and_a_sample_is_small(self) -> None:
        rng = np.random.default_rng(1)
        cell, meant = rng.integers(0, 50, 600), rng.random(600) < 0.7
        for most in (100, 10_000):
            rows, weight = stand_ins(cell, meant, rng.random(50), most)
            assert weight.sum() == pytest.approx(np.count_nonzero(meant))
            assert len(rows) <= most
            assert (weight > 0).all()

    def test_samples_of_like_audiences_are_alike(self) -> None:
        rng = np.random.default_rng(2)
        cell, rank = np.repeat(np.arange(60), 10), rng.random(60)
        meant = rng.random(600) < 0.7
        first = set(stand_ins(cell, meant, rank, 200)[0].tolist())
        meant[np.flatnonzero(meant)[0]] = False
        assert len(first & set(stand_ins(cell, meant, rank, 200)[0].tolist())) >= 190


@given(st.lists(st.integers(1, 45), min_size=1, max_size=8).filter(lambda size: sum(size) >= 10))
def test_cells_have_ten_members_or_a_few_more(sizes: list[int]) -> None:
    """Departments of ten and more keep to themselves; none is ever alone in a cell of fewer."""
    department = np.repeat(np.arange(len(sizes)), sizes)
    rows = [{"employee_id": f"e{i}", "department": f"d{d}"} for i, d in enumerate(department)]
    catalogue = Catalogue()
    frame = validate(TABLES["employees"], frame_of(rows)).frame
    catalogue.upsert("employees", frame, valid_from=NO_TIME)
    people = np.arange(len(department), dtype=np.int32)
    cell = in_cells(catalogue, people, 0, np.random.default_rng(0).random(len(people)))
    assert np.bincount(cell).min() >= 10
    assert np.bincount(cell).max() < 20
    if min(sizes) >= 10:
        assert all(len(np.unique(department[cell == one])) == 1 for one in np.unique(cell))
