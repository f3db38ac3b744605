"""What people did, who saw what, and when one may look: by hand and against planted effects."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from experiments.running.definition import Definition, Guardrail, Variant
from experiments.running.exposing import exposures_in
from experiments.running.lifecycle import Experiments
from experiments.running.metric import BUILT_IN, MetricSpec
from experiments.running.unit_values import History, values_of
from experiments.running.watching import Watch, health_sentences
from recsys.dataset.dataset import Dataset
from recsys.errors import ConfigurationError
from recsys.store.experiment_store import ExperimentConflictError, StoredExposure
from recsys.times import to_micros
from tests.experiments.running.conftest import NOW, company, design, event, frame

DAY = timedelta(days=1)


def _values(specs: list[MetricSpec], rows: list[dict[str, object]], **people: dict[str, object]):  # type: ignore[no-untyped-def]  # noqa: ANN202
    who = ["e000", "e001", "e002"]
    begins = pd.DataFrame(
        {
            "exposure": [float(to_micros(NOW)), float(to_micros(NOW + DAY)), np.nan],
            "assignment": [float(to_micros(NOW))] * 3,
        },
        index=who,
    )
    until = to_micros(NOW + 5 * DAY)
    history = History.of(company(rows, n=3, **people))
    return values_of(history, specs, begins, window_days=2, until=until)


def test_a_window_begins_with_the_exposure_and_zeros_count() -> None:
    rows = [
        event(1, "e000", "open", NOW - DAY, content_id="c2"),
        event(2, "e000", "open", NOW),
        event(3, "e000", "open", NOW + DAY),
        event(4, "e000", "open", NOW + 2 * DAY, content_id="c1"),
        event(5, "e002", "open", NOW + DAY),
    ]
    found = _values([BUILT_IN["opens"], BUILT_IN["reach"]], rows)
    assert found["opens"].tolist()[:2] == [1.0, 0.0]  # one content twice, the next too late
    assert np.isnan(found["opens"].iloc[2])
    assert found["reach"].tolist() == [1.0, 0.0, 1.0]


def test_completions_dwell_and_own_metrics_by_hand() -> None:
    own = MetricSpec(
        "food_applications", "count", ("action",), reasons=("apply",), topics=("food",)
    )
    rows = [
        event(1, "e000", "complete", NOW),
        event(2, "e000", "progress", NOW, content_id="c1", progress_share=0.95, dwell_seconds=30.0),
        event(3, "e000", "progress", NOW, content_id="c2", progress_share=0.5, dwell_seconds=12.0),
        event(4, "e000", "action", NOW, reason="apply"),
        event(5, "e000", "action", NOW, reason="propose"),
        event(6, "e000", "action", NOW, content_id="c2", reason="apply"),
    ]
    found = _values([BUILT_IN["completions"], BUILT_IN["dwell"], own], rows)
    assert found.loc["e000"].tolist() == [2.0, 42.0, 1.0]


def test_new_faces_and_other_departments_by_hand() -> None:
    rows = [
        event(1, "e000", "open", NOW - DAY, content_id="c1"),  # its author is known from then on
        event(2, "e000", "open", NOW, content_id="c1"),
        event(3, "e000", "open", NOW, content_id="c0"),  # of the own department
        event(4, "e000", "acknowledge", NOW, content_id="c1"),
    ]
    names = ("new_face_reach", "other_department_opens", "acknowledged", "ack_shown")
    found = _values([BUILT_IN[name] for name in names], rows)
    assert found.loc["e000"].tolist() == [1.0, 1.0, 1.0, 1.0]
    both = _values([BUILT_IN["other_department_opens"]], rows, e000={"departments": "d5;d1"})
    assert both.loc["e000"].tolist() == [0.0]


def test_served_is_not_exposed_and_the_first_sign_counts() -> None:
    rows = [
        event(1, "e000", "impression", NOW - DAY),
        event(2, "e000", "impression", NOW + 2 * DAY),
        event(3, "e000", "impression", NOW + DAY),
        event(4, "e001", "impression", NOW + DAY),
        event(5, "e002", "impression", NOW + DAY, surface="newsletter"),
        event(6, "e003", "open", NOW + DAY),
    ]
    at = to_micros(NOW)
    served = [StoredExposure("digest", 1, f"e{i:03d}", "differing", at) for i in (0, 2, 3)]
    served.append(StoredExposure("digest", 1, "e001", "served", at))  # the same in every variant
    seen = exposures_in(design(), served, company(rows)["events"])
    assert seen == [StoredExposure("digest", 1, "e000", "exposed", to_micros(NOW + DAY))]


def _lived(
    experiments: Experiments, definition: Definition, lift: float, *, seed: int = 0, days: int = 25
) -> Dataset:
    """Start it, and let everybody see their variant within two days; ``b`` opens more by lift."""
    rng = np.random.default_rng(seed)
    experiments.create(definition, "me", NOW)
    experiments.start(definition.key, company(), "me", NOW)
    while experiments.get(definition.key)[1].share < 1:
        experiments.step(definition.key, "me", NOW)
    rows, served = list[dict[str, object]](), []
    for one in experiments.store.assignments(definition.key, definition.version):
        at = NOW + timedelta(hours=float(rng.uniform(1, 40)))
        served.append(
            StoredExposure(definition.key, 1, one.employee_id, "differing", to_micros(at))
        )
        rows.append(event(len(rows), one.employee_id, "impression", at))
        for _ in range(rng.poisson(4 + lift * (one.variant == "b"))):
            then = at + timedelta(hours=float(rng.uniform(0, 24 * min(days, 6))))
            rows.append(event(len(rows), one.employee_id, "like", then))
    experiments.store.expose(served)
    return company(rows)


LIKES = MetricSpec("likes", "count", ("like",))
BASE: dict[str, object] = {
    "metrics": (LIKES,), "primary": "likes", "secondary": ("open_rate",), "looks": (0.5, 1.0),
}  # fmt: skip


@pytest.mark.parametrize("unit", ["employee", "team"])
def test_a_planted_lift_lies_in_the_interval_of_a_planned_look(
    experiments: Experiments, unit: str
) -> None:
    definition = design(unit=unit, **BASE)
    watch = Watch(experiments, _lived(experiments, definition, 1.5))
    with pytest.raises(ExperimentConflictError, match="planned for 2026-03-16; effects that are l"):
        watch.look("digest", NOW + 13 * DAY)
    with pytest.raises(ConfigurationError, match="look 3 is not planned"):
        watch.look("digest", NOW + 40 * DAY, 3)
    result = watch.look("digest", NOW + 15 * DAY)
    assert result["look"]["number"] == 1
    likes, rate = result["metrics"]
    assert (likes["metric"], rate["metric"]) == ("likes", "open_rate")
    assert likes["decision_ci"][0] <= 1.5 <= likes["decision_ci"][1]
    assert likes["decision_ci"][0] > 0
    assert not rate["computable"]  # nobody opened anything
    assert rate["reason"]
    assert result["randomisation_unit"] == ("employee_id" if unit == "employee" else "unit_id")
    assert watch.look("digest", NOW + 15 * DAY) == result
    assert watch.look("digest", NOW + 30 * DAY)["look"]["number"] == 2


def test_a_harmful_variant_is_paused_by_its_guardrail_and_a_good_one_is_not(
    experiments: Experiments,
) -> None:
    guarded = BASE | {"guardrails": (Guardrail("likes", 0.5),)}
    for key, lift, status in (("bad", -2.5, "paused"), ("good", 1.0, "running")):
        definition = design(key=key, surfaces=(f"{'portal' if lift < 0 else 'mobile'}",), **guarded)
        dataset = _lived(experiments, definition, lift)
        if lift > 0:  # its people look at phones
            dataset["events"]["surface"] = "mobile"
        told = Watch(experiments, dataset).status(key, NOW + 6 * DAY)
        assert told["status"] == status
        assert experiments.get(key)[1].status == status
        assert [one["is_breached"] for one in told["guardrails"]] == [lift < 0]
        assert told["sample_ratio"]["p_value"] > 0.9
        assert not told["exposure"]["flag"]
        assert len(health_sentences(told, "ja")) == len(health_sentences(told, "en"))
    log = experiments.store.history("bad")[-1]
    assert (log.actor, log.action, log.detail) == ("guardrail", "pause", "likes")


def test_a_loss_within_the_margin_pauses_nothing(experiments: Experiments) -> None:
    definition = design(**BASE, guardrails=(Guardrail("likes", 4.0),))
    watch = Watch(experiments, _lived(experiments, definition, -2.5))
    told = watch.status("digest", NOW + 6 * DAY)
    assert told["status"] == "running"
    assert [one["is_breached"] for one in told["guardrails"]] == [False]


def test_without_effect_few_are_claimed_and_none_is_paused(
    new_experiments: Callable[[], Experiments],
) -> None:
    experiments, claimed, paused = new_experiments(), 0, 0
    for seed in range(8):
        key = f"aa{seed}"
        definition = design(key=key, **BASE, guardrails=(Guardrail("likes"),))
        watch = Watch(experiments, _lived(experiments, definition, 0, seed=seed))
        for day in (3, 6, 9):
            paused += watch.status(key, NOW + day * DAY)["status"] == "paused"
        entry = watch.look(key, NOW + 30 * DAY)["metrics"][0]
        claimed += entry["decision_p_value"] < 0.05
        if experiments.get(key)[1].status != "stopped":
            experiments.stop(key, "me", NOW + 30 * DAY)
    assert paused == 0
    assert claimed <= 3  # P(more) is 0.04 %


def test_pilots_forced_and_held_out_people_are_in_no_verdict(experiments: Experiments) -> None:
    definition = design(**BASE, pilot_share=0.1, holdout_share=0.1)
    dataset = _lived(experiments, definition, 1.0)
    experiments.force("digest", "e007", "b", "me", NOW)
    watch = Watch(experiments, dataset)
    told = watch.status("digest", NOW + 6 * DAY)
    assert told["sources"]["forced"] == 1
    held = told["sources"]["holdout"]
    # Of who is left a tenth is the pilot, but for less than one in each variant.
    assert abs(sum(told["employees"].values()) - 0.9 * (240 - held)) < 3
    n = sum(watch.look("digest", NOW + 30 * DAY)["n_units"].values())
    assert n == sum(told["employees"].values())


def test_who_moved_or_left_counts_as_assigned(experiments: Experiments) -> None:
    definition = design(unit="team", **BASE)
    dataset = _lived(experiments, definition, 0.0)
    people = dataset["employees"].copy()
    people.loc[people["employee_id"] == "e000", "team_id"] = "t23"
    people.loc[people["employee_id"] == "e001", "active"] = False
    later = Dataset(dict(dataset.frames) | {"employees": people})
    told = Watch(experiments, later).status("digest", NOW + 6 * DAY)
    assert (told["moved"], told["left"]) == (1, 1)
    assert sum(told["employees"].values()) == 240
    assert "1 people have left" in " ".join(health_sentences(told, "en"))


def test_a_stopped_experiment_has_the_looks_it_lived_to_see(experiments: Experiments) -> None:
    watch = Watch(experiments, _lived(experiments, design(**BASE), 1.0))
    experiments.stop("digest", "me", NOW + 8 * DAY)
    assert watch.look("digest", NOW + 30 * DAY)["look"]["number"] == 1
    with pytest.raises(ExperimentConflictError, match="was stopped before look 2 of 2"):
        watch.look("digest", NOW + 30 * DAY, 2)


def test_before_the_start_there_is_nothing_to_look_at(experiments: Experiments) -> None:
    experiments.create(design(**BASE), "me", NOW)
    watch = Watch(experiments, company())
    told = watch.status("digest", NOW)
    assert (told["status"], told["employees"], told["looks"]) == ("draft", {}, [])
    with pytest.raises(ExperimentConflictError, match="has not begun"):
        watch.look("digest", NOW)


def test_a_series_has_days_and_no_small_numbers(experiments: Experiments) -> None:
    definition = design(**BASE, variants=(Variant("a", 0.97), Variant("b", 0.03)))
    watch = Watch(experiments, _lived(experiments, definition, 0.0))
    experiments.store.force(
        replace(experiments.store.assignments("digest", 1)[0], employee_id="unseen"), "me", NOW
    )
    series = watch.series("digest")
    assert list(series.columns) == ["day", "variant", "taking_part", "exposed"]
    assert series.loc[series["variant"] == "a", "exposed"].is_monotonic_increasing
    assert series.loc[series["variant"] == "b", "exposed"].isna().all()


def test_few_employees_are_told_nothing_of(experiments: Experiments) -> None:
    definition = design(**BASE)
    experiments.create(definition, "me", NOW)
    experiments.start("digest", company(n=12), "me", NOW)
    watch = Watch(experiments, Dataset({"employees": company(n=12)["employees"],
                                        "events": frame("events", [])}))  # fmt: skip
    entry = watch.look("digest", NOW + 40 * DAY)["metrics"][0]
    assert "fewer than 10 employees" in entry["reason"]
    assert entry["control_mean"] is None
