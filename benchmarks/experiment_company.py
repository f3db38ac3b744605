"""Whole experiments in a simulated company: what the verdict says of what was planted.

Run ``python -m benchmarks.experiment_company``. A company lives some weeks under the old portal, an
engine learns from it; then an experiment is drawn, served through feeds, read from the log of
impressions and judged at its planned look. Planted is what a variant does: with ``harm`` it
shows the end of the ranking first, with ``lift`` the control does, with ``none`` both are the same.
Common random numbers
(:mod:`recsys.simulator.living`) let the same company also live whole under either variant, which is
the truth the interval should hold.
"""

import argparse
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd

from benchmarks.slate import QUICK_RECIPE
from benchmarks.slate_worlds import Plan, train
from experiments.running.definition import Definition, Guardrail, UnitType, Variant
from experiments.running.drawing import draw, roster_of
from experiments.running.lifecycle import Experiments
from experiments.running.taking_part import Period, table_of
from experiments.running.unit_values import History, values_of
from experiments.running.verdict import analyse_look
from experiments.running.watching import Watch
from recsys.answers import FeedRequest, Slate
from recsys.borders import checked_rows
from recsys.dataset.dataset import Dataset
from recsys.dataset.reading import read_dataset
from recsys.engine import Engine
from recsys.fitting import Recipe
from recsys.simulator.company import found
from recsys.simulator.living import LivingCompany
from recsys.simulator.luck import Luck
from recsys.simulator.page import PageView
from recsys.store.database import Database
from recsys.store.experiment_store import ExperimentStore
from recsys.store.migration import migrate
from recsys.times import DAY_US, series_to_micros, to_micros
from serving.arm_feeds import ArmFeeds

__all__ = ["PLAN", "Outcome", "run", "trained"]

Planted = Literal["none", "lift", "harm"]
_WORSE = {"lift": "usual", "harm": "other"}
"""The variant that shows the end of the ranking first."""
_DAYS_BETWEEN = 2
_DRAWS = 100

PLAN = Plan("strong", employees=400, trained_days=14, lived_days=12)


@dataclass(frozen=True)
class Outcome:
    """What came of an experiment, beside the truth."""

    status: dict[str, Any]
    """Of the last day, or the one it was paused on."""
    days: float
    entry: dict[str, Any] | None
    """Of the primary metric at the planned look; None if it was paused before."""
    truth: float | None
    """Opened contents per employee if all had the treatment, minus if all had the control, over
    the same windows; None unless asked for."""


class _Server:
    """Serves a company under experiments, as the HTTP server does."""

    def __init__(self, engine: Engine, arms: ArmFeeds, worst: frozenset[str]) -> None:
        self._engine, self.arms, self._worst = engine, arms, worst
        self.events: list[dict[str, Any]] = []

    def show(self, view: PageView) -> Slate:
        request = FeedRequest(
            view.employee_id, view.at, view.slots, view.surface, view.device,
            request_id=view.request_id,
        )  # fmt: skip
        slate, told = self.arms.feed(self._engine, request, is_begun=False, answer=Engine.feed)
        if any(one["variant"] in self._worst for one in told):
            return self._tail(request)
        return slate

    def observe(self, events: Sequence[dict[str, Any]]) -> None:
        self.events += events
        assert self._engine.observe(events).rejected == 0

    def _tail(self, request: FeedRequest) -> Slate:
        """Return the page from the end of the ranking: a portal that acts on its parameters."""
        long = self._engine.feed(replace(request, limit=60))
        items = long.items[::-1][: request.limit]
        placed = tuple(replace(item, position=n) for n, item in enumerate(items, start=1))
        return replace(long, items=placed)


def trained(plan: Plan, folder: Path, recipe: Recipe) -> tuple[Path, Dataset]:
    """Return a bundle and the data that went in."""
    train(plan, folder / "bundle", folder, recipe)
    return folder / "bundle", read_dataset(folder / "data").dataset


def run(
    plan: Plan, bundle: Path, dataset: Dataset, folder: Path, *, unit: UnitType, planted: Planted,
    with_truth: bool = False,
) -> Outcome:  # fmt: skip
    """Run one experiment from draft to its planned look, watched every other day."""
    definition = _design(plan, unit, planted)
    worst = frozenset[str]() if planted == "none" else frozenset({_WORSE[planted]})
    with closing(Database(f"sqlite:///{folder}/{definition.key}.db")) as database:
        migrate(database)
        experiments = Experiments(ExperimentStore(database), folder)
        experiments.create(definition, "benchmark", plan.begins)
        experiments.start(definition.key, dataset, "benchmark", plan.begins)
        server = _Server(Engine.load(bundle), ArmFeeds(experiments.store, folder), worst)
        company = _company(plan)
        at, status = plan.begins, dict[str, Any]()
        while at < plan.ends and status.get("status") != "paused":
            at = min(at + timedelta(days=_DAYS_BETWEEN), plan.ends)
            # A new process each time: nothing may depend on what one remembers.
            server.arms = ArmFeeds(experiments.store, folder)
            server.arms.start()
            company.live(server, at)
            server.arms.stop()
            status = _watch(experiments, dataset, server.events).status(definition.key, at)
        entry = None
        if status["status"] == "running":
            watch = _watch(experiments, dataset, server.events)
            entry = watch.look(definition.key, at)["metrics"][0]
            experiments.stop(definition.key, "benchmark", at)
    truth = _truth(plan, bundle, dataset, definition, worst) if with_truth else None
    return Outcome(status, (at - plan.begins) / timedelta(days=1), entry, truth)


def _design(plan: Plan, unit: UnitType, planted: Planted) -> Definition:
    return Definition(
        key=f"{unit}-{planted}", hypothesis="The order of the feed matters.",
        variants=(Variant("usual", 0.5), Variant("other", 0.5, parameters={"order": "reversed"})),
        primary="opens", secondary=("cross_department_share",),
        guardrails=(Guardrail("opens", 0.5),),
        unit=unit, strata=("work_style",) if unit == "employee" else (),
        duration_days=plan.lived_days - 6.0, minimum_days=2.0, window_days=5.0,
    )  # fmt: skip


def claims_without_effect(
    plan: Plan, bundle: Path, dataset: Dataset, *, unit: UnitType, n: int
) -> float:
    """Return in which share of ``n`` draws a difference is claimed where there is none.

    What nobody notices changes nothing they do: one lived company serves all draws.
    """
    server = _OneVariant(Engine.load(bundle), is_worst=False)
    _company(plan).live(server, plan.ends)
    lived = _with(dataset, server.events)
    history, begins = History.of(lived), to_micros(plan.begins)
    first = _first_shown(lived, plan)
    claimed = 0
    for number in range(n):
        definition = replace(_design(plan, unit, "none"), key=f"none-{number}", guardrails=())
        roster = roster_of(lived["employees"].drop_duplicates("employee_id", keep="last"),
                           definition)  # fmt: skip
        units = dict(zip(roster["unit_id"], roster["stratum"], strict=True))
        variants = {one.unit_id: one.variant for one in draw(definition, units)}
        people = roster.set_index("employee_id")
        people["variant"] = people["unit_id"].map(variants)
        people["assignment"] = float(begins)
        people["exposure"] = people.index.map(first.to_dict()).astype(float)
        until = to_micros(plan.ends)
        cut = begins + int(definition.duration_days * DAY_US)
        table = table_of(definition, people, history, Period(cut, until), ["opens"])
        entry = analyse_look(replace(definition, secondary=()), table, definition.weights, 1)
        claimed += entry["metrics"][0]["decision_p_value"] < definition.alpha
    return claimed / n


class _OneVariant(_Server):
    """Serves everybody the same variant."""

    def __init__(self, engine: Engine, *, is_worst: bool) -> None:
        self._engine, self._is_worst = engine, is_worst
        self.events = []

    def show(self, view: PageView) -> Slate:
        request = FeedRequest(
            view.employee_id, view.at, view.slots, view.surface, view.device,
            request_id=view.request_id,
        )  # fmt: skip
        return self._tail(request) if self._is_worst else self._engine.feed(request)


def _company(plan: Plan) -> LivingCompany:
    return LivingCompany(found(plan.scenario), plan.begins, luck=Luck(plan.seed))


def _truth(
    plan: Plan, bundle: Path, dataset: Dataset, definition: Definition, worst: frozenset[str]
) -> float:
    """Return the difference between two whole companies, over the same people and windows."""
    means = []
    for variant in definition.variants:
        server = _OneVariant(Engine.load(bundle), is_worst=variant.name in worst)
        _company(plan).live(server, plan.ends)
        lived = _with(dataset, server.events)
        first = _first_shown(lived, plan)
        first = first[first < to_micros(plan.begins + timedelta(days=definition.duration_days))]
        begins = pd.DataFrame({"exposure": first, "assignment": 0.0}, index=first.index)
        values = values_of(
            History.of(lived), [definition.specs["opens"]], begins,
            window_days=definition.window_days, until=to_micros(plan.ends),
        )  # fmt: skip
        means.append(float(values["opens"].mean()))
    return means[1] - means[0]


def _first_shown(lived: Dataset, plan: Plan) -> "pd.Series[float]":
    """Return when each employee was first shown something under the engine, in microseconds."""
    events = lived["events"]
    at = pd.Series(series_to_micros(events["occurred_at"]).astype(float), index=events.index)
    is_shown = (events["event_type"] == "impression") & (at >= to_micros(plan.begins))
    return at[is_shown].groupby(events["employee_id"][is_shown]).min()


def _watch(experiments: Experiments, dataset: Dataset, events: list[dict[str, Any]]) -> Watch:
    return Watch(experiments, _with(dataset, events))


def _with(dataset: Dataset, events: list[dict[str, Any]]) -> Dataset:
    """Return the company with what happened since."""
    frame, rejects = checked_rows("events", events)
    assert not len(rejects)
    frame["received_at"] = frame["received_at"].fillna(frame["occurred_at"])
    return Dataset(dict(dataset.frames) | {"events": frame})


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what came of each experiment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--employees", type=int, default=PLAN.employees)
    options = parser.parse_args(arguments)
    plan = replace(PLAN, employees=options.employees)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle, dataset = trained(plan, folder, QUICK_RECIPE)
        units: tuple[UnitType, ...] = ("employee", "team")
        for unit in units:
            for planted in get_args(Planted):
                outcome = run(
                    plan,
                    bundle,
                    dataset,
                    folder,
                    unit=unit,
                    planted=planted,
                    with_truth=planted == "lift",
                )
                print(_line(unit, planted, outcome), flush=True)
            share = claims_without_effect(plan, bundle, dataset, unit=unit, n=_DRAWS)
            print(f"{unit}: a difference is claimed in {share:.1%} of {_DRAWS} draws without one")


def _line(unit: str, planted: str, outcome: Outcome) -> str:
    told = f"{unit}, {planted}: {outcome.status['status']} after {outcome.days:.0f} days"
    if outcome.entry is None or outcome.entry["effect"] is None:
        return told
    low, high = outcome.entry["decision_ci"]
    truth = "" if outcome.truth is None else f", truth {outcome.truth:+.2f}"
    return f"{told}; effect {outcome.entry['effect']:+.2f} ({low:+.2f} to {high:+.2f}){truth}"


if __name__ == "__main__":
    main()
