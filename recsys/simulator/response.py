"""The planted truth: how likely an employee opens what is shown, and completes what was opened.

Pure functions of the hidden arrays. The simulation draws from them and
:class:`recsys.simulator.truth.Truth` asks them again afterwards, so there is one truth.

With σ the logistic function, for employee e, content c, format f at ``position``::

    P(looked at) = position ** -position_exponent
    P(open)      = P(looked at) * σ(open_utility)
    P(complete | open) = σ(complete_utility)
"""

import math

import numpy as np

from recsys.kernels import kernel
from recsys.simulator.config import FORMATS_IN_USE, Response
from recsys.simulator.phrases import TOPICS

__all__ = ["complete_utility", "interest_in", "looked_at", "open_utility", "sigmoid"]

_N_TOPICS = len(TOPICS)
_SHORT = (
    FORMATS_IN_USE.index("text_summary"),
    FORMATS_IN_USE.index("illustration"),
    FORMATS_IN_USE.index("short_video"),
)


@kernel
def sigmoid(logit: float) -> float:
    """Return 1 / (1 + exp(-logit))."""
    return 1.0 / (1.0 + math.exp(-logit))


@kernel
def looked_at(response: Response, position: int) -> float:
    """Return the probability that the slot at ``position`` (1-based) is looked at."""
    chance: float = position**-response.position_exponent
    return chance


@kernel
def interest_in(person: np.void, story: np.void) -> float:
    """Return the person's interest in the story's topics, logits."""
    total = 0.0
    for topic in range(_N_TOPICS):
        total += person["interest"][topic] * story["topics"][topic]
    return total


@kernel
def open_utility(
    response: Response,
    person: np.void,
    story: np.void,
    form: int,
    age_hours: float,
    colleagues: float,
) -> float:
    """Return the logit of opening once looked at.

    ``person`` is a record of ``TRAITS``, ``story`` one of ``FACTS``, ``form`` an index into
    ``FORMATS_IN_USE``; ``colleagues`` is the decayed number of reads in the own team right then.
    """
    utility: float = response.open_base + person["openness"] + story["appeal"]
    utility -= response.freshness * math.log1p(age_hours / response.freshness_hours)
    utility += response.colleagues * math.log1p(colleagues)
    utility += response.format_attraction * person["attraction"][form]
    if story["mandatory"]:
        return utility + response.mandatory
    own = person["departments"]
    if own[0] == story["owner"] or own[1] == story["owner"]:
        utility += response.own_department
    return utility + interest_in(person, story)


@kernel
def complete_utility(
    response: Response, person: np.void, story: np.void, form: int, mobile: bool
) -> float:
    """Return the logit of completing a rendition of format ``form`` once it was opened."""
    utility: float = person["taste"][form] + story["ease"]
    utility += response.complete_interest * interest_in(person, story)
    utility -= person["pressure"] * story["log_length"][form]
    if mobile:
        gain = 0.5 if form in _SHORT else -0.5
        utility += response.mobile_format * gain
    return utility
