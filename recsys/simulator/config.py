"""What a simulated company is like: the numbers of the three worlds, and of one run.

Every coefficient of the planted truth is here; :mod:`recsys.simulator.response` says how they
combine, :mod:`recsys.simulator.policy` how the logging policy uses its own.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from recsys.errors import ConfigurationError

__all__ = [
    "DEFAULT_START",
    "FORMATS_IN_USE",
    "LANGUAGES",
    "WORLDS",
    "Policy",
    "Response",
    "Scenario",
    "World",
    "WorldName",
]

WorldName = Literal["strong", "weak", "none"]

FORMATS_IN_USE: tuple[str, ...] = (
    "article", "text_summary", "illustration", "video", "short_video", "audio",
)  # fmt: skip
"""Formats the simulated company publishes, in the order of every format axis of the truth."""

LANGUAGES: tuple[str, ...] = ("ja", "en")
"""Languages of the company, in the order of every language axis."""

DEFAULT_START = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday; fixed, so that two runs of one seed are the same company."""


class Response(NamedTuple):
    """Coefficients of opening and completing, all in logits unless the name has a unit."""

    open_base: float = -2.2
    """Opening something of average appeal just published, once it is looked at."""
    own_department: float = 0.5
    """News owned by one of the employee's own departments."""
    colleagues: float = 0.3
    """Per log(1 + decayed number of reads in the own team)."""
    colleagues_half_life_hours: float = 24.0
    freshness: float = 0.5
    """Loss per log(1 + age / 12 h)."""
    freshness_hours: float = 12.0
    mandatory: float = 1.2
    """Gain of a content that has to be acknowledged."""
    format_attraction: float = 0.35
    """How much of a person's format taste already shows when deciding to open."""
    position_exponent: float = 0.55
    """P(a slot is looked at) = position ** -exponent (Craswell et al. 2008, Joachims et al. 2017
    use the same power law)."""
    complete_interest: float = 0.4
    """How much of the interest in the topic carries over to completing."""
    mobile_format: float = 0.8
    """Long formats lose and short ones win this much on a phone."""
    treatment: float = 0.35
    """Planted effect of the optional experiment on opening."""


class Policy(NamedTuple):
    """The logging policy: what the old portal showed. It knows nothing about persons."""

    desktop_slots: int = 12
    mobile_slots: int = 8
    window_hours: float = 21 * 24.0
    """Older contents are no longer on the front page, only behind links and search."""
    newest_weight: float = 3.8
    newest_half_life_hours: float = 14.0
    popular_weight: float = 0.9
    popular_half_life_hours: float = 6.0
    explore_share: float = 0.08
    """P(a slot is drawn uniformly from the remaining candidates)."""
    lead_format_share: float = 0.5
    """P(the editors' lead format); the rest is spread evenly over all eligible renditions."""


@dataclass(frozen=True, slots=True)
class World:
    """One kind of company. ``taste`` scales everything that differs from person to person.

    With ``taste`` 0 there is no personal or departmental interest, no format taste, no influence
    of colleagues, no time pressure and no device effect: appeal, freshness, position and activity
    alone decide, so a personalised ranking cannot beat the best impersonal one.
    """

    name: WorldName
    taste: float
    response: Response = field(default_factory=Response)
    policy: Policy = field(default_factory=Policy)
    department_interest: float = 1.2
    personal_interest: float = 2.0
    type_format: float = 1.0
    """Weight of the behavioural type in a person's format taste (types differ by about ±1)."""
    personal_format: float = 0.5
    time_pressure: float = 0.5
    appeal: float = 0.6
    """Spread of what makes a content attractive to everybody, beside its author's knack."""
    author_appeal: float = 0.45
    visits_per_workday: float = 0.9
    activity_spread: float = 1.8
    """Standard deviation of log activity; the long tail of the audience."""
    silent_share: float = 0.15
    direct_share: float = 0.10
    """Visits that begin with a link from mail or chat."""
    local_share: float = 0.08
    """Contents that exist in one language only, so that only its readers see them."""

    def scaled(self) -> "World":
        """Return the world with ``taste`` multiplied into everything personal."""
        response = self.response._replace(
            own_department=self.taste * self.response.own_department,
            colleagues=self.taste * self.response.colleagues,
            mobile_format=self.taste * self.response.mobile_format,
        )
        return replace(
            self,
            taste=1.0,
            response=response,
            department_interest=self.taste * self.department_interest,
            personal_interest=self.taste * self.personal_interest,
            type_format=self.taste * self.type_format,
            personal_format=self.taste * self.personal_format,
            time_pressure=self.taste * self.time_pressure,
            local_share=self.taste * self.local_share,
        )


WORLDS: dict[WorldName, World] = {
    "strong": World("strong", 1.0).scaled(),
    "weak": World("weak", 0.35).scaled(),
    "none": World("none", 0.0).scaled(),
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run: which company, how large, how long, from which seed."""

    employees: int = 1500
    days: int = 120
    seed: int = 1
    world: World = field(default_factory=lambda: WORLDS["strong"])
    start: datetime = DEFAULT_START
    experiment: bool = False

    def __post_init__(self) -> None:
        # Below 30 people there is no department with two teams, below 7 days no full week.
        if self.employees < 30 or self.days < 7:
            raise ConfigurationError(
                f"a company of {self.employees} employees over {self.days} days is too small; "
                "pass at least 30 employees and 7 days"
            )
        if self.start.tzinfo is None:
            raise ConfigurationError(
                f"start {self.start.isoformat()} has no zone; pass an aware datetime"
            )
