"""What is a rendition policy worth? Completions on showings whose format was drawn by chance."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.audience.audience import Audiences
from recsys.catalogue.renditions import Rendition
from recsys.devices import DEVICES, UNKNOWN_DEVICE
from recsys.evaluation.formats.baselines import PastRates
from recsys.evaluation.formats.walk import FormatTest, Visit
from recsys.evaluation.ope import Estimate, ips, snips
from recsys.formats.chooser import RenditionChooser
from recsys.formats.suitable import reader_languages, suitable_renditions
from recsys.schema import FORMATS

__all__ = [
    "LOGGING", "Asked", "PolicyJudge", "PolicyValue", "PolicyValues", "RenditionPolicy",
    "engine_policy", "most_completed_policy", "policies_of", "uniform_policy",
]  # fmt: skip

LOGGING = "logging"
"""The policy that drew the renditions of the log; its value is the plain mean."""

_SURFACE = "portal"
"""Showings do not keep their surface; nearly all are the portal's."""

Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """One moment at which a rendition had to be chosen."""

    employee: int
    at: int
    content: int
    device: int
    """Place in :data:`recsys.devices.DEVICES`, or ``UNKNOWN_DEVICE``."""
    renditions: Sequence[Rendition]
    """Those that suit the reader, two or more."""


RenditionPolicy = Callable[[Asked], Float]
"""Returns the probability of showing each rendition, shape (n_renditions,), adding up to 1."""


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """Completions per showing that a policy would have had."""

    policy: str
    ips: Estimate
    snips: Estimate
    mean_weight: float
    """About 1 if the logged propensities are true and nothing the policy shows is missing in the
    log; NaN without showings."""


@dataclass(frozen=True, slots=True)
class PolicyValues:
    """The logging policy first, then the others, all on the same showings."""

    values: tuple[PolicyValue, ...]
    n_showings: int
    n_employees: int


class PolicyJudge:
    """A judge that asks policies for their choice at every showing drawn by chance.

    These are the showings with a logged ``rendition_propensity`` below 1 and more than one suitable
    rendition, exactly one of them in the format that was shown: of two in one format the log of
    showings does not tell which it was.
    """

    def __init__(self, test: FormatTest, policies: Mapping[str, RenditionPolicy]) -> None:
        self._test, self._policies = test, policies
        self._audiences = Audiences(test.state.catalogue)
        logged = test.showings.rendition_propensity
        self._is_drawn = (logged > 0) & (logged < 1)
        self._rows: list[int] = []
        self._probabilities: list[list[float]] = []

    def see(self, visit: Visit) -> None:
        """Ask all policies about the visit's showings."""
        catalogue = self._test.state.catalogue
        languages = reader_languages(catalogue, visit.employee, visit.at)
        for row in range(visit.rows.start, visit.rows.stop):
            if not self._is_drawn[row]:
                continue
            content = int(self._test.showings.content[row])
            renditions = catalogue.renditions.of(content)
            meant = self._audiences.meant(visit.employee, visit.at, content, renditions)
            suitable = suitable_renditions(renditions, languages, _SURFACE, meant)
            shown = FORMATS[self._test.showings.form[row]]
            places = [i for i, r in enumerate(suitable) if r.format == shown]
            if len(suitable) < 2 or len(places) != 1:
                continue
            device = int(self._test.showings.device[row])
            asked = Asked(visit.employee, visit.at, content, device, suitable)
            self._rows.append(row)
            self._probabilities.append(
                [float(policy(asked)[places[0]]) for policy in self._policies.values()]
            )

    def values(self) -> PolicyValues:
        """Return the values of the logging policy and of all others; employees are clusters."""
        rows = np.array(self._rows, np.intp)
        shown = self._test.showings.take(rows)
        logged = shown.rendition_propensity.astype(np.float64)
        wanted = np.array(self._probabilities).reshape(len(rows), len(self._policies))
        columns = {LOGGING: logged} | dict(zip(self._policies, wanted.T, strict=True))
        values = tuple(
            _value(name, shown.completed, logged, column, shown.employee)
            for name, column in columns.items()
        )
        return PolicyValues(values, len(rows), len(np.unique(shown.employee)))


def policies_of(test: FormatTest, rates: PastRates) -> dict[str, RenditionPolicy]:
    """Return the policies of the report: chance, what most complete, and the engine's."""
    return {
        "uniform": uniform_policy,
        "most_completed": most_completed_policy(rates),
        "recsys": engine_policy(test),
    }


def uniform_policy(asked: Asked) -> Float:
    """Show every suitable rendition equally often."""
    return np.full(len(asked.renditions), 1.0 / len(asked.renditions))


def most_completed_policy(rates: PastRates) -> RenditionPolicy:
    """Return a policy that shows everybody the content's most completed format so far."""

    def choose(asked: Asked) -> Float:
        rate = rates.of_content(asked.content)
        best = np.argmax([rate[FORMATS.index(r.format)] for r in asked.renditions])
        return np.asarray(np.eye(len(asked.renditions))[best])

    return choose


def engine_policy(test: FormatTest) -> RenditionPolicy:
    """Return the policy of ``Engine.rendition``, its floor and declared formats included."""
    state, tastes = test.state, test.tastes
    catalogue = state.catalogue

    def choose(asked: Asked) -> Float:
        chooser = RenditionChooser(
            state, tastes, catalogue.employees.ids.id(asked.employee), asked.employee, asked.at,
            surface=_SURFACE, draw="",
            device=None if asked.device == UNKNOWN_DEVICE else DEVICES[asked.device],
        )  # fmt: skip
        choice = chooser.choose(catalogue.contents.ids.id(asked.content))
        return np.array([choice.propensities.get(r.rendition_id, 0.0) for r in asked.renditions])

    return choose


def _value(
    policy: str, completed: npt.NDArray[np.bool_], logged: Float, wanted: Float,
    employee: npt.NDArray[np.int32],
) -> PolicyValue:  # fmt: skip
    arguments = completed.astype(np.float64), logged, wanted
    mean_weight = float((wanted / logged).mean()) if len(logged) else np.nan
    return PolicyValue(
        policy, ips(*arguments, clusters=employee), snips(*arguments, clusters=employee),
        mean_weight,
    )  # fmt: skip
