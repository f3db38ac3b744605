"""How well format tastes are found in simulated companies whose tastes are known.

Run ``python -m benchmarks.formats``. Of employees with at least 30 impressions: how much the format
believed best falls short of the truly best one (regret, in completions per impression) and how
often it is the best one; for raw personal rates, the rates used without a model, the model, and an
oracle that knows the generating hierarchy and everything else about every impression. Then how
often the 90 % interval holds the truth, and the calibration error of ``p_complete``.
"""

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.catalogue.catalogue import Catalogue
from recsys.engine import DEFAULT_LATENESS
from recsys.fitting import learnable
from recsys.formats.beliefs import format_preference
from recsys.formats.taste_fitting import fit_tastes
from recsys.formats.tastes import FormatTastes
from recsys.schema import FORMATS
from recsys.simulator.config import DEFAULT_START, FORMATS_IN_USE, WORLDS, Scenario, WorldName
from recsys.simulator.simulated import Simulated, open_simulated
from recsys.simulator.simulation import simulate_company
from recsys.simulator.traits import TYPE_SHARES, TYPES
from recsys.state.live import LiveState
from recsys.times import to_micros

__all__: list[str] = []

Float = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_LEAST_IMPRESSIONS = 30
_MANY_IMPRESSIONS = 120
_DRAWS = 1_500  # of tastes from the hierarchy; a posterior of a few hundred showings is wide
_SAMPLED_CONTENTS = 40
_N_CIRCUMSTANCES = 12
_CODES = np.array([FORMATS.index(name) for name in FORMATS_IN_USE])


def main() -> None:
    """Print a table per world and what part of the gap to the oracle is closed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--employees", type=int, default=400)
    parser.add_argument("--days", type=int, default=75)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    worlds: tuple[WorldName, ...] = ("strong", "none")
    for name in worlds:
        found = []
        for seed in range(1, options.seeds + 1):
            scenario = Scenario(options.employees, options.days, seed, WORLDS[name])
            found.append(_measure(scenario))
            print(f"{name} {seed}: " + _row(found[-1]))
        total = {key: float(np.mean([part[key] for part in found])) for key in found[0]}
        print(f"{name} mean: " + _row(total))
        print("  gap closed: " + ", ".join(_closed(total)))


def _row(found: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in found.items())


def _closed(found: dict[str, float]) -> Iterator[str]:
    for measure in ("regret", "accuracy"):
        raw, oracle = found[f"{measure} raw"], found[f"{measure} oracle"]
        for name in ("rates", "model"):
            share = (found[f"{measure} {name}"] - raw) / (oracle - raw)
            yield f"{measure} {name} {share:.0%}"


@dataclass(frozen=True)
class _World:
    simulated: Simulated
    catalogue: Catalogue
    state: LiveState
    shown: pd.DataFrame
    people: Index
    """Indices of the truth of those with enough impressions."""
    n_impressions: Index


def _measure(scenario: Scenario) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        data, truth = Path(folder) / "data", Path(folder) / "truth"
        simulate_company(scenario, data, truth)
        simulated = open_simulated(data, truth)
        shown = simulated.impressions()
    at = to_micros(DEFAULT_START + timedelta(days=scenario.days))
    catalogue = Catalogue.of(simulated.dataset)
    events = catalogue.encode(simulated.dataset["events"])
    state = LiveState(catalogue, lateness_us=DEFAULT_LATENESS)
    state.observe(events)
    state.advance(at)
    begin = time.perf_counter()
    model = fit_tastes(learnable(events, catalogue), catalogue)
    fit_seconds = time.perf_counter() - begin
    assert model is not None
    tastes = FormatTastes(model, state)
    counts = np.bincount(shown["employee"].to_numpy(np.int64))
    people: Index = np.flatnonzero(counts >= _LEAST_IMPRESSIONS).astype(np.int64)
    world = _World(simulated, catalogue, state, shown, people, counts[people])
    true = _true_completion(world, at)
    live = list(FORMATS_IN_USE)
    names = pd.Series([simulated.truth.employee_ids[int(i)] for i in people])
    own = catalogue.employees.ids.indices(names)
    beliefs, seconds = [], []
    for employee in own.tolist():
        begin = time.perf_counter()
        beliefs.append(tastes.preference(employee, at, live, None))  # nobody is asked about twice
        seconds.append(time.perf_counter() - begin)
    p = np.array([[b.formats[name].p_complete for name in live] for b in beliefs])
    interval = np.array([[b.formats[name].interval for name in live] for b in beliefs])
    held = (interval[:, :, 0] <= true) & (true <= interval[:, :, 1])
    bias = float((p - true).mean())
    choices = {
        "raw": _raw(state, own).argmax(axis=1),
        "rates": _rates(state, own, live).argmax(axis=1),
        "prior": np.repeat(p.mean(axis=0).argmax(), len(p)),
        "model": p.argmax(axis=1),
        "oracle": _oracle(world).argmax(axis=1),
    }
    found: dict[str, float] = {}
    for name, chosen in choices.items():
        best = true.max(axis=1) - np.take_along_axis(true, chosen[:, None], axis=1)[:, 0]
        found[f"regret {name}"] = float(best.mean())
        found[f"accuracy {name}"] = float((chosen == true.argmax(axis=1)).mean())
    many = world.n_impressions >= _MANY_IMPRESSIONS
    return found | {
        "coverage": float(held.mean()),
        f"coverage {_MANY_IMPRESSIONS}+": float(held[many].mean()),
        "calibration error": _calibration_error(p.ravel(), true.ravel()),
        "bias": bias,
        "true mean": float(true.mean()),
        "best": float(np.mean([b.best is not None for b in beliefs])),
        "employees": float(len(own)),
        "fit seconds": fit_seconds,
        "formats ms": 1e3 * float(np.median(seconds)),
    }


def _calibration_error(p: Float, true: Float) -> float:
    """Return the mean distance of belief and truth over ten equally full bins."""
    order = np.argsort(p)
    parts = np.array_split(order, 10)
    return float(np.mean([abs(p[part].mean() - true[part].mean()) for part in parts]))


def _sigmoid(logit: Float) -> Float:
    return np.asarray(1.0 / (1.0 + np.exp(-logit)))


def _interest(world: _World) -> Float:
    truth = world.simulated.truth
    return np.asarray(truth.traits["interest"][world.people] @ truth.facts["topics"].T)


def _utilities(world: _World, at: int) -> tuple[Float, Float, Float]:
    """Return logits of opening and completing without the format's part, and mobile shares.

    Shapes (people, contents) and (people,). Of a story just published that no colleague has read.
    """
    truth, response = world.simulated.truth, world.simulated.truth.response
    past = truth.facts["published"] < at
    traits, facts = truth.traits[world.people], truth.facts[past]
    interest = _interest(world)[:, past]
    own = (traits["departments"][:, :, None] == facts["owner"]) & (facts["owner"] >= 0)
    interest = interest + response.own_department * own.any(axis=1)
    opens = response.open_base + traits["openness"][:, None] + facts["appeal"]
    opens = opens + np.where(facts["mandatory"] == 1, response.mandatory, interest)
    carried = response.complete_interest * _interest(world)[:, past]
    completes = facts["ease"] + carried
    mobile = world.shown["device"].eq("mobile").groupby(world.shown["employee"]).mean()
    shares = np.asarray(mobile.reindex(world.people).to_numpy(np.float64), np.float64)
    return np.asarray(opens), np.asarray(completes), shares


def _circumstances(world: _World) -> Float:
    """Return quantiles of what freshness and colleagues add over all impressions, logits."""
    truth, shown = world.simulated.truth, world.shown
    response = truth.response
    p = (shown["p_open"] / shown["p_looked"]).to_numpy(np.float64)
    employee, content = shown["employee"].to_numpy(), shown["content"].to_numpy()
    traits, facts = truth.traits[employee], truth.facts[content]
    interest = (traits["interest"] * facts["topics"]).sum(axis=1)
    own = (traits["departments"] == facts["owner"][:, None]).any(axis=1)
    interest = interest + response.own_department * own
    part = np.log(p / (1 - p)) - response.open_base - traits["openness"] - facts["appeal"]
    part -= np.where(facts["mandatory"] == 1, response.mandatory, interest)
    part -= response.format_attraction * traits["attraction"][np.arange(len(p)), _forms(world)]
    shares = (np.arange(_N_CIRCUMSTANCES) + 0.5) / _N_CIRCUMSTANCES
    return np.asarray(np.quantile(part, shares), np.float64)


def _forms(world: _World) -> Index:
    renditions = world.simulated.dataset["renditions"].set_index("rendition_id")["format"]
    names = world.shown["rendition_id"].map(renditions)
    return pd.Categorical(names, categories=list(FORMATS_IN_USE)).codes.astype(np.int64)


def _true_completion(world: _World, at: int) -> Float:
    """Return P(completed | impression at position 1) by person and format."""
    truth, response = world.simulated.truth, world.simulated.truth.response
    opens, completes, mobile = _utilities(world, at)
    traits = truth.traits[world.people]
    found = np.zeros((len(world.people), len(FORMATS_IN_USE)))
    for form in range(len(FORMATS_IN_USE)):
        logit = opens + response.format_attraction * traits["attraction"][:, [form]]
        opened = np.mean([_sigmoid(logit + part) for part in _circumstances(world)], axis=0)
        gain = _mobile_gain(form) * response.mobile_format
        taste = traits["taste"][:, [form]] + completes
        share = mobile[:, None]
        done = (1 - share) * _sigmoid(taste) + share * _sigmoid(taste + gain)
        found[:, form] = (opened * done).mean(axis=1)
    return found


def _mobile_gain(form: int) -> float:
    return 0.5 if FORMATS_IN_USE[form] in ("text_summary", "illustration", "short_video") else -0.5


def _raw(state: LiveState, own: npt.NDArray[np.int32]) -> Float:
    shown, completed = (np.array([state.formats.of(e)[i] for e in own]) for i in (0, 1))
    return np.asarray((completed / np.maximum(shown, 1))[:, _CODES])


def _rates(state: LiveState, own: npt.NDArray[np.int32], live: list[str]) -> Float:
    company = state.formats.shown.sum(axis=0), state.formats.completions.sum(axis=0)
    found = [format_preference(state.formats.of(int(e)), company, live, None) for e in own]
    return np.array([[b.formats[name].p_complete for name in live] for b in found])


def _oracle(world: _World) -> Float:
    """Return posterior means of completion given the hierarchy and all nuisance, by sampling."""
    rng = np.random.default_rng(0)
    about = world.simulated.truth.about["world"]
    kind = rng.choice(len(TYPES), _DRAWS, p=TYPE_SHARES)
    noise = rng.standard_normal((_DRAWS, len(FORMATS_IN_USE)))
    tastes = about["type_format"] * np.array(list(TYPES.values()))[kind]
    tastes = tastes + about["personal_format"] * noise
    response, traits = world.simulated.truth.response, world.simulated.truth.traits
    opens, completes, mobile = _utilities(world, np.iinfo(np.int64).max)
    sampled = rng.choice(opens.shape[1], _SAMPLED_CONTENTS, replace=False)
    usual = float(_circumstances(world).mean())
    common = (traits["taste"] - traits["attraction"])[0]
    shown = world.shown.assign(form=_forms(world), done=_done(world))
    groups = dict(iter(shown.groupby("employee")))
    found = np.zeros((len(world.people), len(FORMATS_IN_USE)))
    for i, person in enumerate(world.people):
        part = groups[person]
        form, real = part["form"].to_numpy(), traits["attraction"][person]
        looked = part["p_looked"].to_numpy(np.float64)
        opened, done = part["opened"].to_numpy(), part["done"].to_numpy()
        p_open = (part["p_open"].to_numpy() / looked).clip(1e-9, 1 - 1e-7)
        p_done = part["p_complete"].to_numpy(np.float64).clip(1e-9, 1 - 1e-9)
        base = np.log(p_open / (1 - p_open)) - response.format_attraction * real[form]
        likely = looked * _sigmoid(base + response.format_attraction * tastes[:, form])
        log_likelihood = np.where(opened, np.log(likely), np.log1p(-likely)).sum(axis=1)
        base = np.log(p_done / (1 - p_done))[opened] - real[form[opened]]
        likely = _sigmoid(base + tastes[:, form[opened]]).clip(1e-12, 1 - 1e-12)
        log_likelihood += np.where(done[opened], np.log(likely), np.log1p(-likely)).sum(axis=1)
        weight = np.exp(log_likelihood - log_likelihood.max())
        weight /= weight.sum()
        for f in range(len(FORMATS_IN_USE)):
            open_f = _sigmoid(
                usual + opens[i, sampled] + response.format_attraction * tastes[:, [f]]
            )
            gain = mobile[i] * response.mobile_format * _mobile_gain(f)
            done_f = _sigmoid(completes[i, sampled] + common[f] + tastes[:, [f]] + gain)
            found[i, f] = weight @ (open_f * done_f).mean(axis=1)
    return found


def _done(world: _World) -> npt.NDArray[np.bool_]:
    """Return which impressions led to a completion."""
    events = world.simulated.dataset["events"]
    ends = events["event_type"].eq("complete") | events["progress_share"].ge(0.9)
    seconds = world.simulated.dataset["renditions"].set_index("rendition_id")
    expected = seconds["duration_seconds"].fillna(seconds["word_count"] / 4)
    ends |= events["dwell_seconds"] >= 0.7 * events["rendition_id"].map(expected)
    slot = ["request_id", "content_id"]
    done = pd.MultiIndex.from_frame(events.loc[ends, slot])
    return np.asarray(pd.MultiIndex.from_frame(world.shown[slot]).isin(done))


if __name__ == "__main__":
    main()
