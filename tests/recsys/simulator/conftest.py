"""Small simulated companies, made once for all tests."""

from pathlib import Path

import pytest

from recsys.simulator.config import WORLDS, Scenario, WorldName
from recsys.simulator.simulated import Simulated, open_simulated
from recsys.simulator.simulation import simulate_company


def _simulate(folder: Path, world: WorldName, *, experiment: bool) -> Simulated:
    scenario = Scenario(300, 42, seed=3, world=WORLDS[world], experiment=experiment)
    simulate_company(scenario, folder / "data", folder / "truth")
    return open_simulated(folder / "data", folder / "truth")


@pytest.fixture(scope="session")
def strong(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """Everything planted, an experiment too."""
    return _simulate(tmp_path_factory.mktemp("strong"), "strong", experiment=True)


@pytest.fixture(scope="session")
def none(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """Nothing personal planted."""
    return _simulate(tmp_path_factory.mktemp("none"), "none", experiment=False)
