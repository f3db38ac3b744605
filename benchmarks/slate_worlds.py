"""The companies slate policies are measured in: trained once, then lived through by each policy."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # with scikit-learn

from benchmarks.own_process import peak_gib
from benchmarks.slate_policies import policy_named
from recsys.dataset.reading import read_dataset
from recsys.engine import Engine
from recsys.fitting import Recipe
from recsys.simulator.company import found
from recsys.simulator.config import WORLDS, Scenario, WorldName
from recsys.simulator.living import LivingCompany
from recsys.simulator.luck import Luck
from recsys.simulator.serving import EngineServer
from recsys.simulator.simulation import simulate_company
from recsys.simulator.traits import Records

__all__ = ["Lived", "Plan", "Trained", "live", "train"]


@dataclass(frozen=True, slots=True)
class Plan:
    """One company: ``trained_days`` under the old portal, then ``lived_days`` under a policy."""

    world: WorldName
    seed: int = 1
    employees: int = 400
    trained_days: int = 45
    lived_days: int = 14
    settled_share: float = 0.0

    @property
    def scenario(self) -> Scenario:
        """Return the scenario of the whole time."""
        days = self.trained_days + self.lived_days
        return Scenario(self.employees, days, self.seed, WORLDS[self.world])

    @property
    def begins(self) -> datetime:
        """Return the moment the engine takes over."""
        return self.scenario.start + timedelta(days=self.trained_days)

    @property
    def ends(self) -> datetime:
        """Return the end of the measured time."""
        return self.begins + timedelta(days=self.lived_days)


@dataclass(frozen=True, slots=True)
class Trained:
    """How training went."""

    n_events: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Lived:
    """What came of a policy."""

    policy: str
    answers: Records
    """:data:`recsys.simulator.living.ANSWERS`."""
    seconds: float
    peak_gib: float


def train(plan: Plan, bundle: Path, folder: Path, recipe: Recipe) -> Trained:
    """Let the old portal run, fit an engine on what it left and save it as ``bundle``."""
    began = time.perf_counter()
    data = folder / "data"
    simulate_company(plan.scenario, data, folder / "truth")
    engine = Engine.fit(read_dataset(data).dataset, plan.begins, recipe=recipe, seed=plan.seed)
    engine.save(bundle)
    return Trained(len(engine.log), time.perf_counter() - began)


def live(plan: Plan, bundle: Path, policy: str) -> Lived:
    """Let a policy serve the company from ``plan.begins`` on; all get the same visits and luck."""
    company = LivingCompany(
        found(plan.scenario), plan.begins, luck=Luck(plan.seed, plan.settled_share)
    )
    server = EngineServer(Engine.load(bundle, slate=policy_named(policy)))
    began = time.perf_counter()
    # Products of a few hundred rows: more threads than one only wait for each other.
    with threadpool_limits(1):
        answers = company.live(server, plan.ends)
    return Lived(policy, answers, time.perf_counter() - began, peak_gib())
