"""From draft to decision: what may be done when, and what nobody is moved by."""

from collections import Counter
from datetime import timedelta

import pytest

from experiments.running.arms import LiveArms
from experiments.running.definition import Variant
from experiments.running.lifecycle import Experiments, UnknownExperimentError
from recsys.errors import ConfigurationError
from recsys.store.experiment_store import ExperimentConflictError
from tests.experiments.running.conftest import NOW, company, design

LATER = NOW + timedelta(days=1)


def _started(experiments: Experiments, **columns: object) -> None:
    definition = design(**columns)
    experiments.create(definition, "me", NOW)
    experiments.start(definition.key, company(), "me", NOW)


def _live(experiments: Experiments) -> LiveArms:
    arms = LiveArms(experiments.store)
    arms.refresh()
    return arms


def _variants(experiments: Experiments, surface: str = "portal") -> dict[str, str | None]:
    arms = _live(experiments)
    return {
        who: found[0].assignment.variant
        for who in (f"e{i:03d}" for i in range(240))
        if (found := arms.of(who, surface, lambda _: ""))
    }


def test_the_whole_way(experiments: Experiments) -> None:
    with pytest.raises(UnknownExperimentError, match="no experiment 'digest'"):
        experiments.get("digest")
    assert experiments.create(design(), "me", NOW)
    assert not experiments.create(design(), "me", NOW)
    with pytest.raises(ExperimentConflictError, match="version 2"):
        experiments.create(design(hypothesis="Other."), "me", NOW)
    assert _variants(experiments) == {}
    experiments.start("digest", company(), "me", NOW)
    first = _variants(experiments)
    assert Counter(first.values()) == {"a": 120, "b": 120}
    with pytest.raises(ExperimentConflictError, match="is running; to start it has to be draft"):
        experiments.start("digest", company(), "me", NOW)
    experiments.pause("digest", "me", LATER)
    assert _variants(experiments) == {}
    experiments.start("digest", company(), "me", LATER)
    assert _variants(experiments) == first
    with pytest.raises(ExperimentConflictError, match="to decide it has to be stopped"):
        experiments.decide("digest", "b", "It is better.", "me", LATER)
    experiments.stop("digest", "me", LATER)
    assert _variants(experiments) == {}
    with pytest.raises(ConfigurationError, match="has no reason"):
        experiments.decide("digest", "b", " ", "me", LATER)
    with pytest.raises(ConfigurationError, match="no variant 'c'; expected one of a, b"):
        experiments.decide("digest", "c", "It is better.", "me", LATER)
    experiments.decide("digest", "b", "It is better.", "me", LATER)
    assert [e.action for e in experiments.store.history("digest")] == [
        "create", "start", "pause", "resume", "stop", "decide",
    ]  # fmt: skip


def test_restarts_and_other_processes_say_the_same(experiments: Experiments) -> None:
    _started(experiments, unit="team", strata=("site", "engagement"))
    arms = _live(experiments)
    first = {who: arms.of(who, "portal", lambda _: "t99") for who in ("e001", "new", "")}
    arms.forget()
    again = {who: arms.of(who, "portal", lambda _: "t99") for who in ("e001", "new", "")}
    assert first == again
    assert first[""] == []
    assert not first["e001"][0].is_new
    assert first["new"][0].is_new
    assert first["new"][0].answer() == _live(experiments).of("new", "portal", lambda _: "t99")[
        0
    ].answer() | {"source": "hash", "unit_id": "t99"}


def test_reading_enrols_nobody_and_a_joiner_goes_with_their_team(experiments: Experiments) -> None:
    _started(experiments, unit="team")
    arms = _live(experiments)
    known = arms.of("e005", "portal", lambda _: "")[0].assignment
    joiner = arms.of("new", "portal", lambda _: "t05")[0].assignment
    assert (joiner.variant, joiner.unit_id) == (known.variant, "t05")
    assert experiments.store.of_employee("new") == []
    experiments.store.assign([joiner])
    arms.refresh()
    # Whoever changes teams keeps what they had.
    moved = arms.of("new", "portal", lambda _: "t06")[0]
    assert (moved.assignment, moved.is_new) == (joiner, False)


def test_two_on_one_surface_need_parts_of_their_own(experiments: Experiments) -> None:
    _started(experiments, layer=(0.0, 0.5))
    experiments.create(design(key="other", layer=(0.4, 1.0)), "me", NOW)
    with pytest.raises(ExperimentConflictError, match=r"overlaps \[0.4, 1.0\]"):
        experiments.start("other", company(), "me", NOW)
    experiments.create(design(key="teams", layer=(0.5, 1.0), unit="team"), "me", NOW)
    with pytest.raises(ExperimentConflictError, match="people would be in both"):
        experiments.start("teams", company(), "me", NOW)
    _started(experiments, key="mail", surfaces=("newsletter",))
    _started(experiments, key="third", layer=(0.5, 1.0))
    arms = _live(experiments)
    keys = Counter()  # type: ignore[var-annotated]
    for who in [*(f"e{i:03d}" for i in range(240)), *(f"new{i}" for i in range(100))]:
        found = arms.of(who, "portal", lambda _: "")
        assert len(found) <= 1
        keys.update(arm.assignment.experiment for arm in found)
        assert len(arms.of(who, "newsletter", lambda _: "")) == 1
    assert set(keys) == {"digest", "third"}
    assert keys.total() == 340


def test_who_changes_teams_gets_into_no_second_experiment(experiments: Experiments) -> None:
    _started(experiments, unit="team", layer=(0.0, 0.5))
    _started(experiments, key="other", unit="team", layer=(0.5, 1.0))
    arms = _live(experiments)
    teams = {
        key: {a.unit_id for a in experiments.store.assignments(key, 1)}
        for key in ("digest", "other")
    }
    for who in ("e000", "e001", "e002", "e003"):
        for team in sorted(teams["digest"] | teams["other"]):
            assert len(arms.of(who, "portal", {"team_id": team}.__getitem__)) == 1


def test_dropping_an_arm_moves_nobody_else(experiments: Experiments) -> None:
    _started(experiments, variants=tuple(Variant(name, 1 / 3) for name in "abc"))
    before = _variants(experiments)
    experiments.drop("digest", "b", "me", LATER)
    assert _variants(experiments) == {w: v for w, v in before.items() if v != "b"}
    with pytest.raises(ConfigurationError, match="is the control"):
        experiments.drop("digest", "a", "me", LATER)


def test_changed_weights_are_a_new_version_and_move_nobody(experiments: Experiments) -> None:
    _started(experiments)
    before = _variants(experiments)
    wide = design(version=2, variants=(Variant("a", 0.2), Variant("b", 0.8)))
    experiments.create(wide, "me", LATER)
    with pytest.raises(ExperimentConflictError, match="version 1 of experiment 'digest' is runni"):
        experiments.start("digest", company(), "me", LATER)
    assert _variants(experiments) == before


def test_a_ramp_adds_people_and_takes_nobody_out(experiments: Experiments) -> None:
    _started(experiments, pilot_share=0.05, ramp=(0.1, 0.5, 1.0))
    sizes, before = [], dict[str, str | None]()
    for step in range(4):
        if step:
            experiments.step("digest", "me", LATER)
        now = _variants(experiments)
        assert before.items() <= now.items()
        sizes.append(len(now))
        before = now
    assert sizes == [12, 24, 120, 240]
    with pytest.raises(ExperimentConflictError, match="at the last step of its ramp, 100%"):
        experiments.step("digest", "me", LATER)


def test_forced_people_are_told_so(experiments: Experiments) -> None:
    _started(experiments, pilot_share=0.05)
    quiet = next(f"e{i:03d}" for i in range(240) if f"e{i:03d}" not in _variants(experiments))
    experiments.force("digest", quiet, "b", "me", LATER)
    arm = _live(experiments).of(quiet, "portal", lambda _: "")[0]
    assert (arm.answer()["source"], arm.answer()["parameters"]) == ("forced", {"colour": "green"})
    with pytest.raises(ConfigurationError, match="id is empty"):
        experiments.force("digest", " ", "b", "me", LATER)


def test_nobody_to_draw_and_unknown_strata_are_said(experiments: Experiments) -> None:
    experiments.create(design(strata=("shoe_size",)), "me", NOW)
    with pytest.raises(ConfigurationError, match="no 'shoe_size' to balance by"):
        experiments.start("digest", company(), "me", NOW)
    experiments.create(design(key="empty"), "me", NOW)
    with pytest.raises(ConfigurationError, match="nobody can take part"):
        experiments.start("empty", company(n=0), "me", NOW)
