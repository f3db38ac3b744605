"""What a run is given: everything that stays as it is, and the random streams."""

from typing import NamedTuple

import numpy as np

from recsys.simulator.config import Policy, Response
from recsys.simulator.traits import Records

__all__ = ["Chance", "Town"]


class Town(NamedTuple):
    """Everything that stays as it is during a run."""

    traits: Records
    facts: Records
    visits: Records
    response: Response
    policy: Policy
    treatment_begins: int
    """Microseconds; beyond the end of time if there is no experiment."""


class Chance(NamedTuple):
    """One random stream for each part, so that they do not shift each other."""

    policy: np.random.Generator
    response: np.random.Generator
