"""Rows kept from night to night: what may be reused, what is taken anew, what is left out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recsys.dataset.dataset import Dataset
from recsys.engine import DEFAULT_LATENESS
from recsys.fitting import fit_affinities
from recsys.times import DAY_US, to_micros
from tests.training.conftest import SMALL
from training.history import History
from training.kept_rows import MOST_DAYS, KeptRows, read_kept, why_not
from training.material import Material
from training.rows import Wanted, everything, new_choices, rows_of, take

_RECIPE = replace(SMALL, sampling=replace(SMALL.sampling, max_targets=120))


def _quiet(*_: object) -> None:
    pass


def _history(material: Material, *, days_less: int = 0, dataset: Dataset | None = None) -> History:
    less = timedelta(days=days_less)
    return History.of(
        Material(
            dataset or material.dataset, material.since, material.split - less,
            material.until - less,
        )
    )  # fmt: skip


def _take(wanted: Wanted, history: History) -> KeptRows:
    affinities = fit_affinities(
        history.catalogue, history.found[0], wanted.moments, recipe=_RECIPE, seed=0,
        progress=_quiet,
    )  # fmt: skip
    return take(wanted, history, affinities, recipe=_RECIPE, seed=0, progress=_quiet)


@dataclass(frozen=True)
class _Nights:
    """A full run, a day later an incremental one."""

    before: History
    kept: KeptRows
    now: History
    wanted: Wanted
    added: KeptRows


@pytest.fixture(scope="module")
def nights(material: Material) -> _Nights:
    before, now = _history(material, days_less=1), _history(material)
    kept = _take(everything(before, _RECIPE, "same"), before)
    wanted = new_choices(now, _RECIPE, kept)
    assert isinstance(wanted, Wanted)
    return _Nights(before, kept, now, wanted, _take(wanted, now))


def test_only_choices_since_the_last_run_and_its_lateness_are_taken(nights: _Nights) -> None:
    start = nights.kept.about.until - DEFAULT_LATENESS
    taken = nights.wanted.to_take.occurred_at
    assert 0 < len(taken) < len(nights.wanted.targets) / 2
    assert taken.min() >= start
    assert nights.wanted.moments == (start,)
    assert nights.wanted.texts_until == start
    assert nights.added.about.until == to_micros(nights.now.until)
    assert nights.added.about.full_until == to_micros(nights.before.until)


def test_both_kinds_of_night_learn_from_the_same_choices(nights: _Nights) -> None:
    full = everything(nights.now, _RECIPE, "same")
    for name in ("employee", "content", "occurred_at"):
        np.testing.assert_array_equal(
            getattr(full.targets, name), getattr(nights.wanted.targets, name)
        )
    n = _RECIPE.sampling.max_targets
    latest = nights.now.choices.latest(n)
    rows = rows_of(nights.added, latest, nights.now)
    assert len(rows.group_sizes) + rows.n_missed == n
    np.testing.assert_array_equal(rows.depth, latest.depth)


def test_rows_depend_on_nothing_after_their_choice(nights: _Nights) -> None:
    """Taken a day later with models of the same moments they are equal to the last bit."""
    late = everything(nights.now, _RECIPE, "same")
    early = everything(nights.before, _RECIPE, "same")
    same_models = replace(late, moments=early.moments, texts_until=early.texts_until)
    later = _take(replace(same_models, about=nights.kept.about), nights.now)
    places = nights.kept.places(later.keys)
    known = places >= 0
    assert 100 < known.sum() < len(places)
    mine, theirs = later.rows.take(np.flatnonzero(known)), nights.kept.rows.take(places[known])
    for name in ("features", "weight", "sizes", "is_missed"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name))


def test_what_is_kept_is_what_was_taken(nights: _Nights, tmp_path: Path) -> None:
    nights.kept.write(tmp_path)
    again = read_kept(tmp_path)
    assert again is not None
    assert again.about == nights.kept.about
    np.testing.assert_array_equal(again.keys, nights.kept.keys)
    np.testing.assert_array_equal(again.rows.features, nights.kept.rows.features)
    (tmp_path / "rows.npz").write_bytes(b"damaged")
    assert read_kept(tmp_path) is None
    assert read_kept(tmp_path / "nowhere") is None


def _erased(dataset: Dataset, employee_id: str) -> Dataset:
    events, employees = dataset["events"], dataset["employees"]
    return Dataset(
        {
            **dataset.frames,
            "events": events[events["employee_id"] != employee_id],
            "employees": employees[employees["employee_id"] != employee_id],
        }
    )


def _opted_out(dataset: Dataset, employee_id: str) -> Dataset:
    preferences = dataset["preferences"]
    others = preferences[preferences["employee_id"] != employee_id]
    own = pd.DataFrame({"employee_id": [employee_id], "personalization_opt_out": [True]})
    own = own.reindex(columns=others.columns).astype(
        {name: kind for name, kind in others.dtypes.items() if name != "personalization_opt_out"}
    )
    return Dataset({**dataset.frames, "preferences": pd.concat([others, own], ignore_index=True)})


@pytest.mark.parametrize("leave", [_erased, _opted_out])
def test_rows_of_who_left_are_found_by_nobody(
    leave: Callable[[Dataset, str], Dataset], nights: _Nights, material: Material
) -> None:
    start = nights.kept.about.until - DEFAULT_LATENESS
    targets = nights.wanted.targets
    old = targets.employee[targets.occurred_at < start]
    somebody = int(np.bincount(old).argmax())
    employee_id = nights.now.catalogue.employees.ids.id(somebody)
    without = _history(material, dataset=leave(material.dataset, employee_id))
    wanted = new_choices(without, _RECIPE, nights.kept)
    assert isinstance(wanted, Wanted)
    used = set(wanted.places[wanted.places >= 0].tolist())
    theirs = targets.take(targets.employee == somebody)
    own = nights.kept.places(nights.kept.about.keys(theirs, nights.now.catalogue))
    own = own[own >= 0]
    assert len(own)
    assert not used & set(own.tolist())


def test_a_log_that_has_changed_under_the_rows_is_noticed(nights: _Nights) -> None:
    fewer = nights.kept.rows.span(0, 20)
    few = KeptRows(nights.kept.about, nights.kept.keys[:20], fewer)
    reason = new_choices(nights.now, _RECIPE, few)
    assert isinstance(reason, str)
    assert "were not known to the last run" in reason


def test_why_there_is_nothing_to_build_on(nights: _Nights) -> None:
    about = nights.kept.about

    def reason(kept: KeptRows | None = nights.kept, **changed: object) -> str | None:
        asked = {"made_by": "same", "split": about.known_until, "until": about.until} | changed
        return why_not(kept, **asked)  # type: ignore[arg-type]  # by name

    assert reason() is None
    assert reason(until=about.until + MOST_DAYS * DAY_US) is None
    assert "no rows of an earlier run" in str(reason(None))
    assert "recipe, seed or code" in str(reason(made_by="other"))
    assert "ends earlier" in str(reason(until=about.until - 1))
    assert "test window begins earlier" in str(reason(split=about.known_until - 1))
    assert "8 days ago" in str(reason(until=about.until + MOST_DAYS * DAY_US + 1))
