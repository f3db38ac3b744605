"""One closed loop: which company, how long, how it is trained."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from recsys.errors import ConfigurationError
from recsys.fitting import Recipe
from recsys.simulator.config import WORLDS, Scenario, WorldName

__all__ = ["LoopPlan"]

_BEFORE_MONDAY = timedelta(hours=6)
"""The company works in Japan: its Monday is six hours old when the scenario's begins in UTC."""


@dataclass(frozen=True, slots=True)
class LoopPlan:
    """``history_weeks`` under the old portal, then ``weeks`` in which everyone is served.

    Weeks begin, and nights are, at three in the morning in Japan, when hardly anybody reads.
    """

    recipe: Recipe
    world: WorldName = "strong"
    weeks: int = 8
    employees: int = 300
    seed: int = 1
    history_weeks: int = 6
    nights_apart: int = 1
    """Days from one training to the next."""
    test_days: int = 7
    """Last days of each training's data, on which the gate compares."""

    def __post_init__(self) -> None:
        if self.weeks < 1 or self.nights_apart < 1 or 7 * self.history_weeks <= self.test_days:
            raise ConfigurationError(
                f"a loop of {self.weeks} weeks after {self.history_weeks} weeks of history, tested "
                f"on {self.test_days} days, trained every {self.nights_apart} days cannot run; "
                "expected 1 or more weeks and days, and a history longer than the test"
            )

    @property
    def scenario(self) -> Scenario:
        """Return the scenario of the whole time."""
        days = 7 * (self.history_weeks + self.weeks)
        return Scenario(self.employees, days, self.seed, WORLDS[self.world])

    @property
    def begins(self) -> datetime:
        """Return the moment the old portal is switched off, which is also the first night."""
        return self.scenario.start + timedelta(weeks=self.history_weeks) - _BEFORE_MONDAY

    @property
    def ends(self) -> datetime:
        """Return the end of the measured time."""
        return self.begins + timedelta(weeks=self.weeks)

    @property
    def nights(self) -> list[datetime]:
        """Return the moments of all trainings, the first one included."""
        days = range(0, 7 * self.weeks, self.nights_apart)
        return [self.begins + timedelta(days=day) for day in days]
