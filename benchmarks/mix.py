"""What following a reader's shares of formats costs in relevance, by strength and form.

Run ``python -m benchmarks.mix``: a simulated company of 300 people with strong tastes over 60 days.
At choices of its last two weeks the engine ranks what it would rank, and the first ten after the
mix are looked at:

- NDCG@10 of what was chosen then, and how much lower it is than without a mix (95 %, paired, over
  employees);
- KL@10 of the reader's shares (of formats that candidates have) against what the ten are counted
  as (each as the format of its own that is wanting most), and against what they are shown in, if
  each is shown in the renditions that the engine draws;
- completions that the planted truth expects of the ten if shown as counted, and as drawn.

Recommended is, for each form, the strongest mix that costs less than 0.5 % of NDCG@10: what a test
with readers could hardly tell from nothing. Takes a minute on one core.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import rel_entr

from recsys.catalogue.renditions import Rendition
from recsys.engine import Engine
from recsys.evaluation.bootstrap import cluster_bootstrap
from recsys.evaluation.data import prepare
from recsys.evaluation.engine import EngineUnderTest
from recsys.evaluation.metrics import ndcg
from recsys.fitting import Recipe
from recsys.interactions import Targets, find_targets
from recsys.schema import FORMATS
from recsys.simulator.config import WORLDS, Scenario
from recsys.simulator.response import looked_at
from recsys.simulator.simulated import Simulated, open_simulated
from recsys.simulator.simulation import simulate_company
from recsys.simulator.truth import Truth
from recsys.slate.format_mix import FormatMix, MixCandidates, Mixed, calibrated_mix, sampled_mix
from recsys.times import HOUR_US, from_micros, to_micros

__all__: list[str] = []

Float = npt.NDArray[np.float64]

_STRENGTHS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
_FORMS = ("calibrated", "sampled")
_K = 10
_DEPTH = 300  # contents among which formats are sought, as in a feed
_DRAWS = 4  # sampled lists per choice
_COST = 0.005
_RECIPE = replace(
    Recipe(),
    sampling=replace(Recipe().sampling, max_targets=3_000),
    snapshots=replace(Recipe().snapshots, n_snapshots=1),
)


@dataclass(frozen=True, slots=True)
class _Question:
    """A ranking somebody was given at the moment of a choice."""

    candidates: MixCandidates
    share: Float
    """By format, over those that candidates have; sums to 1."""
    chosen: int
    """Its place in the ranking; −1 below the depth."""
    shown: Float
    """Probability of each format by content, shape (n, n_formats)."""
    completions: Float
    """P(completed | looked at) by content and format, shape (n, n_formats)."""


def main() -> None:
    """Print a row per form and strength, and the strength to recommend."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--employees", type=int, default=300)
    parser.add_argument("--max-targets", type=int, default=1_500, help="choices looked at")
    parser.add_argument("--seed", type=int, default=7, help="of the company and all draws")
    options = parser.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    with tempfile.TemporaryDirectory() as folder:
        places = Path(folder, "data"), Path(folder, "truth")
        simulate_company(Scenario(options.employees, 60, options.seed, WORLDS["strong"]), *places)
        simulated = open_simulated(*places)
    values, employee = _measured(simulated, options.max_targets, options.seed)
    people = len(np.unique(employee))
    print(f"{len(employee):,} choices of {people} people; seed {options.seed}; {machine}")
    for form, found in zip(_FORMS, values.transpose(1, 2, 0, 3), strict=True):
        _print_table(form, found, employee)


def _print_table(form: str, found: Float, employee: npt.NDArray[np.int32]) -> None:
    """Print what was found, shape (n_strengths, n, n_measures), without a mix in the first."""
    print(f"\n{'':<10}  {'NDCG@10':<33} KL@10            completions")
    print(f"{form:<10}  {'':<8} cost (95 %)              counted  shown   counted  shown")
    baseline, best = found[0, :, 0].mean(), 0.0
    for strength, values in zip(_STRENGTHS, found, strict=True):
        lost = (found[0, :, :1] - values[:, :1]) / baseline
        cost = cluster_bootstrap(lost, employee, np.random.default_rng(0))
        value, *others = values.mean(axis=0).tolist()
        print(
            f"{strength:<10}  {value:.4f}   {cost.value[0]:6.2%} ({cost.low[0]:6.2%} to "
            f"{cost.high[0]:6.2%})" + "".join(f"{other:8.3f}" for other in others)
        )
        best = strength if cost.value[0] < _COST else best
    print(f"recommended, the strongest that costs less than {_COST:.1%}: {best}")


def _measured(simulated: Simulated, most: int, seed: int) -> tuple[Float, npt.NDArray[np.int32]]:
    """Return measures, shape (n, n_forms, n_strengths, n_measures), and who chose, shape (n,)."""
    end = simulated.dataset["events"]["occurred_at"].max().to_pydatetime()
    split = end - timedelta(days=14)
    engine = Engine.fit(simulated.dataset, split, recipe=_RECIPE, seed=seed)
    catalogue = engine.state.catalogue
    data = prepare(
        simulated.dataset, train_until=split,
        employees=catalogue.employees.ids, contents=catalogue.contents.ids,
    )  # fmt: skip
    targets = find_targets(data.log, to_micros(split), to_micros(end)).evenly_spaced(most)
    found, employees = [], []
    for number, (employee, question) in enumerate(_questions(simulated, engine, targets)):
        found.append([[_of_form(f, question, s, number) for s in _STRENGTHS] for f in _FORMS])
        employees.append(employee)
    return np.array(found), np.array(employees, np.int32)


def _questions(
    simulated: Simulated, engine: Engine, targets: Targets
) -> Iterator[tuple[int, _Question]]:
    """Walk through the choices in time order; those that were no candidates are left out."""
    world = EngineUnderTest(engine, simulated.dataset)
    chosen = zip(
        targets.employee.tolist(), targets.content.tolist(), targets.occurred_at.tolist(),
        strict=True,
    )  # fmt: skip
    for employee, content, at in chosen:
        world.advance(at)
        candidates = world.candidates(employee, at)
        if content not in candidates:
            continue
        order = np.argsort(-world.score(employee, candidates, at), kind="stable")[:_DEPTH]
        yield employee, _question(simulated.truth, engine, employee, at, candidates[order], content)


def _question(
    truth: Truth, engine: Engine, employee: int, at: int, ranked: npt.NDArray[np.int32], chosen: int
) -> _Question:
    catalogue = engine.state.catalogue
    employee_id = catalogue.employees.ids.id(employee)
    preference = engine.formats(employee_id, from_micros(at))
    shown = np.zeros((len(ranked), len(FORMATS)))
    for row, content in enumerate(ranked.tolist()):
        content_id = catalogue.contents.ids.id(content)
        chances = engine.rendition(employee_id, content_id, from_micros(at)).propensities
        shown[row] = _shown(catalogue.renditions.of(content), chances)
    share = np.array([b.share if (b := preference.formats.get(f)) else 0.0 for f in FORMATS])
    share *= (shown > 0).any(axis=0)
    return _Question(
        MixCandidates(shown > 0, np.zeros(len(ranked))),
        share / share.sum(),
        int(np.append(np.flatnonzero(ranked == chosen), -1)[0]),
        shown,
        _completions(truth, employee_id, [catalogue.contents.ids.id(c) for c in ranked], at, shown),
    )


def _shown(renditions: list[Rendition], chances: dict[str, float]) -> Float:
    shown = np.zeros(len(FORMATS))
    for rendition in renditions:
        shown[FORMATS.index(rendition.format)] += chances.get(rendition.rendition_id, 0.0)
    return shown


@cache
def _places(ids: tuple[str, ...]) -> dict[str, int]:
    return {external_id: place for place, external_id in enumerate(ids)}


def _completions(
    truth: Truth, employee_id: str, content_ids: list[str], at: int, shown: Float
) -> Float:
    """Return P(completed | looked at) of each content, on a desktop and without colleagues."""
    person = _places(tuple(truth.employee_ids))[employee_id]
    stories = _places(tuple(truth.content_ids))
    expected = np.zeros_like(shown)
    for row, form in zip(*np.nonzero(shown), strict=True):
        story = stories[content_ids[row]]
        hours = (at - int(truth.facts["published"][story])) / HOUR_US
        opened = truth.p_open(person, story, FORMATS[form], age_hours=hours)
        expected[row, form] = opened * truth.p_complete(person, story, FORMATS[form])
    return expected


def _of_form(form: str, question: _Question, strength: float, number: int) -> Float:
    """Return the measures, shape (n_measures,); of the sampled form their mean over draws."""
    mix, given = FormatMix(strength), (question.candidates, question.share, _K)
    if form == "calibrated":
        return _measures(question, calibrated_mix(*given, mix), mix)
    rng = np.random.default_rng(number)
    drawn = [_measures(question, sampled_mix(*given, mix, rng), mix) for _ in range(_DRAWS)]
    return np.asarray(np.mean(drawn, axis=0))


def _measures(question: _Question, mixed: Mixed, mix: FormatMix) -> Float:
    """Return gain, divergences and completions of a list, both counted and shown."""
    places = mixed.places
    hit = np.append(np.flatnonzero(places == question.chosen) + 1.0, np.inf)[:1]
    response = WORLDS["strong"].response
    looked = np.array([looked_at(response, position + 1) for position in range(len(places))])
    counted, shown = _counted(question, places), question.shown[places]
    kl = [
        _divergence(question.share, held.mean(axis=0), mix.smoothing) for held in (counted, shown)
    ]
    completions = [
        looked @ (h * question.completions[places]).sum(axis=1) for h in (counted, shown)
    ]
    return np.array([float(ndcg(hit, _K)[0]), *kl, *completions])


def _counted(question: _Question, places: npt.NDArray[np.int64]) -> Float:
    """Return 1 in the format each counts as, one rule for both forms; shape (m, n_formats)."""
    has_format = question.candidates.has_format[places]
    as_they_are = MixCandidates(has_format, np.zeros(len(places)))
    counted = calibrated_mix(as_they_are, question.share, len(places), FormatMix(0.0)).formats
    return np.asarray(np.eye(len(FORMATS))[counted])


def _divergence(share: Float, held: Float, smoothing: float) -> float:
    """Return KL of the shares against what a list holds, smoothed as the mix does it."""
    return float(rel_entr(share, (1 - smoothing) * held + smoothing * share).sum())


if __name__ == "__main__":
    main()
