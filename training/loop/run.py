"""The loop itself: days under the engine with a training every night, and its peers' lives.

All lives have the same company, visits and luck (:mod:`recsys.simulator.luck`). The engine's life
runs in this process; its peers' need nothing from it but the first model, and run one after the
other in a second process meanwhile.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # with scikit-learn

from recsys.errors import ConfigurationError
from recsys.model import Model
from recsys.registry import version_directory
from recsys.simulator.company import found
from recsys.simulator.living import LivingCompany
from recsys.simulator.luck import Luck
from recsys.simulator.traits import Records
from training.loop.chronicle import Chronicle
from training.loop.nights import Night, best_half_life, train_at_night
from training.loop.peers import CLAIRVOYANT, NEWEST, POPULAR, peer
from training.loop.plan import LoopPlan
from training.loop.serving import LearningServer

__all__ = ["ENGINE", "PEERS", "Life", "Lives", "live_through"]

ENGINE = "recsys"
PEERS = (NEWEST, POPULAR, CLAIRVOYANT)


@dataclass(frozen=True, slots=True)
class Life:
    """What came of one way of serving the company."""

    name: str
    answers: Records
    """:data:`recsys.simulator.living.ANSWERS`."""
    served: tuple[str, ...]
    """The model that served after each night; empty for peers."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Lives:
    """The engine's life and its peers'."""

    lives: tuple[Life, ...]
    """The engine's first."""
    nights: tuple[Night, ...]
    half_life: str
    """Of the popular peer: what ranked best in the first night's trial."""


def live_through(
    plan: LoopPlan, models_dir: Path, *, progress: Callable[[int], None], is_parallel: bool = True
) -> Lives:
    """Let all live; ``models_dir`` must be new, and the environment's MLflow server is left alone.

    ``progress`` is told how many days have passed in the engine's life. With ``is_parallel`` peers
    live in a process of their own.
    """
    if models_dir.exists():
        raise ConfigurationError(
            f"{models_dir} is there already, and its models may know the future of this company; "
            "name another folder or remove it"
        )
    with _own_tracking(), threadpool_limits(1):
        began = perf_counter()
        company = found(plan.scenario)
        living = LivingCompany(company, plan.begins, luck=Luck(plan.seed))
        chronicle = Chronicle(company, living.history, plan.begins)
        night, outcome = train_at_night(plan, chronicle, models_dir, plan.begins)
        half_life = best_half_life(outcome)
        bundle = version_directory(models_dir, outcome.model.version)
        with _peers_living(plan, bundle, half_life, is_parallel=is_parallel) as peers:
            server, nights = LearningServer(chronicle, models_dir), [night]
            answers, served = [], []
            for at, until in pairwise([*plan.nights, plan.ends]):
                if at > plan.begins:
                    nights.append(train_at_night(plan, chronicle, models_dir, at)[0])
                served.append(server.follow_champion())
                answers.append(living.live(server, until))
                progress((until - at).days)
            engine = Life(ENGINE, np.concatenate(answers), tuple(served), perf_counter() - began)
            return Lives((engine, *peers()), tuple(nights), half_life)


def live_peer(name: str, plan: LoopPlan, bundle: Path, half_life: str) -> Life:
    """Let a peer serve the company; formats are chosen by the model at ``bundle``."""
    began = perf_counter()
    company = found(plan.scenario)
    living = LivingCompany(company, plan.begins, luck=Luck(plan.seed))
    dataset = Chronicle(company, living.history, plan.begins).dataset
    with threadpool_limits(1):
        server = peer(name, company, living, dataset, Model.read(bundle), half_life)
        answers = living.live(server, plan.ends)
    return Life(name, answers, (), perf_counter() - began)


@contextmanager
def _peers_living(
    plan: LoopPlan, bundle: Path, half_life: str, *, is_parallel: bool
) -> Iterator[Callable[[], list[Life]]]:
    """Begin the lives of the peers; yield what waits for them."""
    asked = [(name, plan, bundle, half_life) for name in PEERS]
    if not is_parallel:
        yield lambda: [live_peer(*one) for one in asked]
        return
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    try:
        lives = [pool.submit(live_peer, *one) for one in asked]
        yield lambda: [life.result() for life in lives]
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _own_tracking() -> Iterator[None]:
    """Keep a simulated company's models out of the real one's registry."""
    name = "MLFLOW_TRACKING_URI"
    server = os.environ.pop(name, None)
    try:
        yield
    finally:
        if server is not None:
            os.environ[name] = server
