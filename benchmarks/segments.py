"""How well segments find the behavioural types of simulated companies, and how stable they are.

Run ``python -m benchmarks.segments``. Of employees with at least 60 impressions: the adjusted Rand
index against the planted types, for the segments, for k-means on raw rates, and for an oracle that
knows the generating hierarchy and everything else about every impression; the share of people per
segment; the index of two models learned from disjoint periods, asked about the same people by the
same showings, with and without the first as the start of the second, and by each period's own.
"""

import argparse
import os
import platform
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from recsys.catalogue.catalogue import Catalogue
from recsys.fitting import learnable
from recsys.schema import FORMATS
from recsys.segments.axes import FAMILY, Float, Index
from recsys.segments.fitting import fit_segments, starts_of
from recsys.segments.groups import GROUPS
from recsys.segments.model import SegmentModel
from recsys.segments.profile import read_profiles
from recsys.simulator.config import DEFAULT_START, FORMATS_IN_USE, WORLDS, Scenario
from recsys.simulator.simulated import Simulated, open_simulated
from recsys.simulator.simulation import simulate_company
from recsys.simulator.traits import TYPE_SHARES, TYPES
from recsys.state.marks import marks_of
from recsys.state.showings import Showings, showings_of
from recsys.times import DAY_US, to_micros

__all__: list[str] = []

_LEAST_IMPRESSIONS = 60
_NOBODY = -1


def main() -> None:
    """Print a line per company and the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--employees", type=int, default=300)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=4)
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    found = []
    for seed in range(2, 2 + options.seeds):
        found.append(_measure(Scenario(options.employees, options.days, seed, WORLDS["strong"])))
        print(f"seed {seed}: " + _row(found[-1]))
    print("mean: " + _row({key: float(np.mean([f[key] for f in found])) for key in found[0]}))


def _row(found: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in found.items())


@dataclass(frozen=True)
class _World:
    simulated: Simulated
    showings: Showings
    seconds: Float
    at: int
    people: Index
    """Indices of those with enough impressions."""
    types: Index
    """Of these, the planted type."""


def _measure(scenario: Scenario) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        world = _open(scenario, Path(folder))
        oracle = _oracle(world)
    _fit(world, world.showings)  # compiles
    begin = time.perf_counter()
    model = _fit(world, world.showings)
    fit_seconds = time.perf_counter() - begin
    segments = _groups(world, model, world.showings)
    middle = world.at - scenario.days // 2 * DAY_US
    first = world.showings.take(world.showings.at < middle)
    second = world.showings.take(world.showings.at >= middle)
    earlier = _fit(world, first)
    alone, refit = _fit(world, second), _fit(world, second, earlier)
    asked = [_groups(world, m, world.showings) for m in (earlier, alone, refit)]
    own = [_groups(world, earlier, first), _groups(world, refit, second)]
    both = (own[0] != _NOBODY) & (own[1] != _NOBODY)
    rand = adjusted_rand_score
    return {
        "people": len(world.people),
        "rand segments": rand(world.types, segments),
        "rand k-means": rand(world.types, _k_means(world)),
        "rand oracle": rand(world.types, oracle),
        "stable alone": rand(asked[0], asked[1]),
        "stable refit": rand(asked[0], asked[2]),
        "same label refit": float((asked[0] == asked[2]).mean()),
        "own periods": rand(own[0][both], own[1][both]),
        "fit seconds": fit_seconds,
    } | {f"share {name}": float((segments == g).mean()) for g, name in enumerate(GROUPS)}


def _open(scenario: Scenario, folder: Path) -> _World:
    simulate_company(scenario, folder / "data", folder / "truth")
    simulated = open_simulated(folder / "data", folder / "truth")
    catalogue = Catalogue.of(simulated.dataset)
    log = learnable(catalogue.encode(simulated.dataset["events"]), catalogue)
    showings = showings_of(*marks_of(log, catalogue))
    seconds = catalogue.renditions.seconds_by_format(len(catalogue.contents))
    n = np.bincount(showings.employee[showings.is_impression], minlength=len(catalogue.employees))
    people = np.flatnonzero(n >= _LEAST_IMPRESSIONS)
    at = to_micros(DEFAULT_START + timedelta(days=scenario.days))
    # Employees of the catalogue come first and in the order of the truth.
    attraction = simulated.truth.traits["attraction"][people]
    noise = scenario.world.personal_format
    types = np.array(list(TYPES.values())) * scenario.world.type_format
    far = ((attraction[:, None] - types) ** 2).sum(axis=2) / (2 * noise**2)
    return _World(
        simulated, showings, seconds, at, people, (np.log(TYPE_SHARES) - far).argmax(axis=1)
    )


def _fit(world: _World, showings: Showings, previous: SegmentModel | None = None) -> SegmentModel:
    at = int(showings.at.max()) + 1
    model = fit_segments(showings, world.seconds, at, previous)
    assert model is not None
    return model


def _groups(world: _World, model: SegmentModel, showings: Showings) -> npt.NDArray[np.int8]:
    """Return everybody's group, whatever is known of them; −1 without showings."""
    starts = starts_of(showings)
    short = model.yardstick.expectation.shortness(world.seconds[showings.content, showings.form])
    at = int(showings.at.max()) + 1
    groups = np.full(len(world.simulated.truth.employee_ids), _NOBODY, np.int8)
    profiles = read_profiles(showings, starts, short, model.yardstick, at)
    groups[showings.employee[starts[:-1]]] = model.groups(profiles)
    return groups[world.people]


def _k_means(world: _World) -> Index:
    """Group raw rates: opening, completing, completing by family, and length of what was read."""
    shown, n = world.showings, len(world.simulated.truth.employee_ids)

    def rate(success: npt.NDArray[np.bool_], rows: npt.NDArray[np.bool_]) -> Float:
        hits = np.bincount(shown.employee[rows & success], minlength=n)
        return np.asarray(hits / np.maximum(np.bincount(shown.employee[rows], minlength=n), 1))

    everything, opened, completed = shown.is_impression, shown.opened, shown.completed
    length = np.log(np.maximum(world.seconds[shown.content, shown.form], 1.0))
    taken = np.bincount(shown.employee[completed], length[completed], minlength=n)
    columns = [
        rate(opened, everything), rate(completed, opened),
        *(rate(completed, everything & (FAMILY[shown.form] == f)) for f in np.unique(FAMILY)),
        taken / np.maximum(np.bincount(shown.employee[completed], minlength=n), 1),
    ]  # fmt: skip
    rates = np.column_stack(columns)[world.people]
    rates = (rates - rates.mean(axis=0)) / rates.std(axis=0)
    return np.asarray(KMeans(len(TYPES), n_init=20, random_state=0).fit_predict(rates))


def _oracle(world: _World) -> Index:
    """Return the type that is most probable if all but types and personal tastes is known.

    Tastes are integrated out by Laplace's approximation around each type's.
    """
    truth, shown = world.simulated.truth, world.simulated.impressions()
    who = shown["employee"].to_numpy(np.int64)
    forms = world.simulated.dataset["renditions"].set_index("rendition_id")["format"]
    form = shown["rendition_id"].map(forms).map(FORMATS_IN_USE.index).to_numpy(np.int64)
    looked = shown["p_looked"].to_numpy(np.float64)
    carried = truth.response.format_attraction
    own = truth.traits["attraction"][who, form]
    opens = _logit(shown["p_open"].to_numpy(np.float64) / looked) - carried * own
    ends = _logit(shown["p_complete"].to_numpy(np.float64)) - own
    opened = shown["opened"].to_numpy(np.bool_)
    done = opened & _completed(world, shown["content"].to_numpy(np.int64), who, form)
    variance = truth.about["world"]["personal_format"] ** 2
    found = np.empty((len(world.people), len(TYPES)))
    for place, kind in enumerate(np.array(list(TYPES.values()))):
        found[:, place] = _evidence(
            kind * truth.about["world"]["type_format"], variance, who, form, looked, opens, ends,
            opened, done, carried,
        )[world.people] + np.log(TYPE_SHARES[place])  # fmt: skip
    return np.asarray(found.argmax(axis=1))


def _evidence(
    kind: Float, variance: float, who: Index, form: Index, looked: Float, opens: Float, ends: Float,
    opened: npt.NDArray[np.bool_], done: npt.NDArray[np.bool_], carried: float,
) -> Float:  # fmt: skip
    taste = np.tile(kind, (who.max() + 1, 1))
    for _ in range(6):  # scoring steps; the prior is narrow
        gradient, information = (kind - taste) / variance, np.full(taste.shape, 1 / variance)
        p = _sigmoid(opens + carried * taste[who, form])
        slope, chance = looked * p * (1 - p) * carried, looked * p
        np.add.at(gradient, (who, form), slope * (opened - chance) / (chance * (1 - chance)))
        np.add.at(information, (who, form), slope**2 / (chance * (1 - chance)))
        q = _sigmoid(ends + taste[who, form])
        np.add.at(gradient, (who, form), np.where(opened, done - q, 0.0))
        np.add.at(information, (who, form), np.where(opened, q * (1 - q), 0.0))
        taste = taste + gradient / information
    p = looked * _sigmoid(opens + carried * taste[who, form])
    q = _sigmoid(ends + taste[who, form])
    told = np.where(opened, np.log(p) + np.log(np.where(done, q, 1 - q)), np.log1p(-p))
    prior = ((taste - kind) ** 2).sum(axis=1) / (2 * variance)
    likelihood = np.bincount(who, told, minlength=len(taste))
    return np.asarray(likelihood - prior - np.log(information).sum(axis=1) / 2)


def _completed(world: _World, content: Index, who: Index, form: Index) -> npt.NDArray[np.bool_]:
    """Return whether the content of each impression was completed in the format shown."""
    truth, showings = world.simulated.truth, world.showings
    ends = showings.take(showings.completed)
    contents = Catalogue.of(world.simulated.dataset).contents.ids
    index = np.array([contents.index(name) for name in truth.content_ids])
    codes = np.array([FORMATS.index(name) for name in FORMATS_IN_USE])
    done = set(zip(ends.employee.tolist(), ends.content.tolist(), ends.form.tolist(), strict=True))
    asked = zip(who.tolist(), index[content].tolist(), codes[form].tolist(), strict=True)
    return np.array([key in done for key in asked])


def _logit(p: Float) -> Float:
    bounded = np.clip(p, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(bounded / (1 - bounded)))


def _sigmoid(logit: Float) -> Float:
    return np.asarray(1 / (1 + np.exp(-logit)))


if __name__ == "__main__":
    main()
