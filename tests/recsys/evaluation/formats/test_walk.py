"""The walk and what is predicted on it, in a company whose people like films or texts."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from recsys.evaluation.formats.baselines import BASELINES, PastRates
from recsys.evaluation.formats.predictions import MODELS, Predictions, Predictor
from recsys.evaluation.formats.scores import score_predictions
from recsys.evaluation.formats.walk import FormatTest, Visit, prepare_formats, walk
from recsys.schema import FORMATS
from recsys.times import HOUR_US, to_micros

if TYPE_CHECKING:
    from tests.recsys.evaluation.conftest import Randomised

_VIDEO, _TEXT = FORMATS.index("video"), FORMATS.index("text_summary")


def _predict(test: FormatTest) -> Predictions:
    predictor = Predictor(test, PastRates(test.state))
    walk(test, [predictor])
    return predictor.predictions()


@pytest.fixture(scope="module")
def test(randomised: "Randomised") -> FormatTest:
    return prepare_formats(randomised.dataset(), train_until=randomised.split, until=randomised.end)


@pytest.fixture(scope="module")
def predictions(test: FormatTest) -> Predictions:
    return _predict(test)


def test_visits_hold_every_showing_of_the_window_once(
    randomised: "Randomised", test: FormatTest
) -> None:
    shown = [
        (e["employee_id"], e["content_id"], to_micros(e["occurred_at"]))
        for e in randomised.tables["events"]
        if e["event_type"] == "impression" and e["occurred_at"] >= randomised.split
    ]
    ids = test.state.catalogue.employees.ids, test.state.catalogue.contents.ids
    found = test.showings
    rows = zip(found.employee.tolist(), found.content.tolist(), found.at.tolist(), strict=True)
    assert sorted((ids[0].id(e), ids[1].id(c), at) for e, c, at in rows) == sorted(shown)
    starts = [visit.at for visit in test.visits]
    assert starts == sorted(starts)
    end = 0
    for visit in test.visits:
        assert visit.rows.start == end
        end = visit.rows.stop
        inside = found.take(visit.rows)
        assert set(inside.employee.tolist()) == {visit.employee}
        assert inside.at[0] == visit.at
        assert np.diff(inside.at).max(initial=0) <= HOUR_US // 2
    assert end == len(found)
    assert found.completed.mean() == pytest.approx(0.375, abs=0.03)


def test_what_was_known_of_everybody_is_counted(
    randomised: "Randomised", test: FormatTest, predictions: Predictions
) -> None:
    ids = test.state.catalogue.employees.ids
    for visit in test.visits[:: len(test.visits) // 20]:
        n_shown = sum(
            e["event_type"] == "impression"
            and e["employee_id"] == ids.id(visit.employee)
            and to_micros(e["occurred_at"]) < visit.at
            for e in randomised.tables["events"]
        )
        assert set(predictions.n_before[visit.rows].tolist()) == {n_shown}


def test_what_comes_later_changes_nothing_said_before(
    randomised: "Randomised", predictions: Predictions
) -> None:
    """Neither outcomes nor showings of the future are known: without them all is the same."""
    cut = randomised.split + timedelta(days=2)
    short = prepare_formats(
        randomised.dataset(until=cut), train_until=randomised.split, until=randomised.end
    )
    early = _predict(short)
    n = len(early.p)
    assert 0 < n < len(predictions.p)
    # A visit that the cut interrupts is the last one; what was said before it is what counts.
    np.testing.assert_array_equal(early.p, predictions.p[:n])
    np.testing.assert_array_equal(early.n_before, predictions.n_before[:n])


def test_progress_counts_showings(randomised: "Randomised") -> None:
    test = prepare_formats(
        randomised.dataset(), train_until=randomised.split + timedelta(days=7),
        until=randomised.end,
    )  # fmt: skip
    seen: list[Visit] = []

    class Watcher:
        def see(self, visit: Visit) -> None:
            assert test.state.clock == visit.at
            seen.append(visit)

    done: list[int] = []
    walk(test, [Watcher()], progress=done.append)
    assert tuple(seen) == test.visits
    assert sum(done) == len(test.showings)


def test_the_baselines_are_rates_of_the_past(randomised: "Randomised") -> None:
    """At midnight all counts are those of the events before; done over with plain loops."""
    test = prepare_formats(randomised.dataset(), train_until=randomised.split, until=randomised.end)
    rates = PastRates(test.state)
    person = test.state.catalogue.employees.ids.index("e07")
    found = rates.of(person, np.array([_VIDEO, _TEXT], np.int8))
    past = [e for e in randomised.tables["events"] if e["occurred_at"] < randomised.split]
    done = {
        (e["employee_id"], e["content_id"]) for e in past if e["event_type"] == "complete"
    }  # fmt: skip

    def rate(form: str, towards: float | None, **own: int) -> float:
        shown = completed = 0
        for e in past:
            number = int(e["employee_id"][1:])
            is_own = all(number % modulus == 7 % modulus for modulus in own.values())
            if e["event_type"] == "impression" and e["rendition_id"].endswith(form) and is_own:
                shown += 1
                completed += (e["employee_id"], e["content_id"]) in done
        return completed / shown if towards is None else (completed + 20 * towards) / (shown + 20)

    n_shown = sum(e["event_type"] == "impression" for e in past)
    overall = (len(done) + 1) / (n_shown + 2)
    for row, form in enumerate(("video", "text_summary")):
        said = dict(zip(BASELINES, found[row].tolist(), strict=True))
        company = rate(form, overall)
        department = rate(form, company, department=2)
        assert said["company"] == pytest.approx(company)
        assert said["department"] == pytest.approx(department)
        assert said["personal"] == pytest.approx(rate(form, None, person=1000))
        assert said["personal_shrunken"] == pytest.approx(rate(form, department, person=1000))
    mine = [e for e in past if e["employee_id"] == "e07" and e["event_type"] == "complete"]
    used, other = found[:, BASELINES.index("last_used")]
    if mine[-1]["rendition_id"].endswith("text_summary"):
        used, other = other, used
    assert used > other + 0.1


def test_a_stranger_gets_the_rates_of_all(test: FormatTest) -> None:
    rates = PastRates(test.state)
    company, department, last_used, personal, shrunk = rates.of(-1, np.array([_VIDEO], np.int8))[0]
    assert company == department == personal == pytest.approx(shrunk)
    assert 0 < last_used < 1


def test_planted_tastes_are_predicted_better_than_by_any_rate(predictions: Predictions) -> None:
    assert predictions.p.shape == (len(predictions.completed), len(MODELS))
    assert ((predictions.p >= 0.001) & (predictions.p <= 0.999)).all()
    scores = score_predictions(predictions, np.random.default_rng(0))
    assert scores.overall is not None
    loss = dict(zip(MODELS, scores.overall.log_loss.tolist(), strict=True))
    # Who knows the planted probabilities loses 0.548 (the mean entropy of 0.6 and 0.15).
    assert loss["recsys"] < 0.575
    assert loss["company"] > 0.65
    assert loss["last_used"] == pytest.approx(0.633, abs=0.02)
    assert scores.overall.difference.high[0] < 0
    assert scores.overall.calibration_error[0] < 0.04


def test_people_who_opted_out_are_not_tested(randomised: "Randomised") -> None:
    wish = [{"employee_id": "e00", "personalization_opt_out": True}]
    world = replace(randomised, tables=randomised.tables | {"preferences": wish})
    test = prepare_formats(world.dataset(), train_until=world.split, until=world.end)
    ids = test.state.catalogue.employees.ids
    assert {ids.id(e) for e in test.showings.employee} == {f"e{i:02}" for i in range(1, 80)}
    assert len(test.state.showings.of(ids.index("e00"))) == 0
