"""What is a rendition policy worth? Completions on showings whose format was drawn by chance."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.audience.audience import Audiences
from recsys.catalogue.renditions import Rendition
from recsys.devices import DEVICES, UNKNOWN_DEVICE
from recsys.evaluation.formats.baselines import BASELINES, PastRates
from recsys.evaluation.formats.walk import FormatTest, Visit
from recsys.evaluation.policy_estimates import PolicyValue, policy_value
from recsys.evaluation.reward_model import cross_fitted
from recsys.formats.chooser import RenditionChooser
from recsys.formats.suitable import reader_languages, suitable_renditions
from recsys.formats.tastes import FormatTastes
from recsys.schema import FORMATS
from recsys.state.live import LiveState
from recsys.state.showings import Showings

__all__ = [
    "LOGGING", "Asked", "PolicyJudge", "PolicyValues", "RenditionPolicy",
    "engine_policy", "most_completed_policy", "policies_of", "uniform_policy",
]  # fmt: skip

LOGGING = "logging"
"""The policy that drew the renditions of the log; its value is the plain mean."""

_SURFACE = "portal"
"""Showings do not keep their surface; nearly all are the portal's."""

_ALL_FORMS = np.arange(len(FORMATS), dtype=np.int8)
_SHRUNKEN = BASELINES.index("personal_shrunken")

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

    def __init__(
        self, test: FormatTest, policies: Mapping[str, RenditionPolicy], rates: PastRates,
        clip: float | None = None,
    ) -> None:  # fmt: skip
        self._test, self._policies, self._rates, self._clip = test, policies, rates, clip
        self._audiences = Audiences(test.state.catalogue)
        logged = test.showings.rendition_propensity
        self._is_drawn = (logged > 0) & (logged < 1)
        self._rows: list[int] = []
        self._places: list[int] = []
        self._probabilities: list[Float] = []
        self._features: list[Float] = []

    def see(self, visit: Visit) -> None:
        """Ask all policies about the visit's showings."""
        catalogue = self._test.state.catalogue
        languages = reader_languages(catalogue, visit.employee, visit.at)
        own: Float | None = None
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
            if own is None:
                own = self._rates.of(visit.employee, _ALL_FORMS)[:, _SHRUNKEN]
            self._rows.append(row)
            self._places.append(places[0])
            self._probabilities.append(
                np.array([policy(asked) for policy in self._policies.values()]).reshape(
                    len(self._policies), len(suitable)
                )
            )
            self._features.append(self._describe(own, content, suitable))

    def values(self) -> PolicyValues:
        """Return the values of the logging policy and of all others; employees are clusters."""
        rows = np.array(self._rows, np.intp)
        shown = self._test.showings.take(rows)
        logged = shown.rendition_propensity.astype(np.float64)
        rewards = shown.completed.astype(np.float64)
        values = [policy_value(LOGGING, rewards, logged, logged, shown.employee, clip=self._clip)]
        if len(rows):
            values += self._others(shown, rewards, logged)
        return PolicyValues(tuple(values), len(rows), len(np.unique(shown.employee)))

    def _others(self, shown: Showings, rewards: Float, logged: Float) -> list[PolicyValue]:
        """Return the values of all policies but the logging one; there is at least one showing."""
        n_each = np.array([len(each) for each in self._features])
        first = np.cumsum(n_each) - n_each
        taken = first + np.array(self._places)
        features = np.concatenate(self._features)
        probabilities = np.concatenate(self._probabilities, axis=1)
        predicted = cross_fitted(
            features[taken], shown.completed, shown.employee, features,
            np.repeat(np.arange(len(n_each)), n_each),
        )  # fmt: skip
        return [
            policy_value(
                name, rewards, logged, wanted[taken], shown.employee, clip=self._clip,
                predictions=(predicted[taken], np.add.reduceat(wanted * predicted, first)),
            )
            for name, wanted in zip(self._policies, probabilities, strict=True)
        ]  # fmt: skip

    def _describe(self, own: Float, content: int, renditions: Sequence[Rendition]) -> Float:
        """Return what the reward model sees of each rendition, shape (n_renditions, n_features).

        The format, and log odds of past completion: of the employee in it, and of the content.
        """
        forms = [FORMATS.index(r.format) for r in renditions]
        rates = np.stack([own[forms], self._rates.of_content(content)[forms]], axis=1)
        return np.hstack([np.eye(len(FORMATS))[forms], np.log(rates / (1.0 - rates))])


def policies_of(test: FormatTest, rates: PastRates) -> dict[str, RenditionPolicy]:
    """Return the policies of the report: chance, what most complete, and the engine's."""
    return {
        "uniform": uniform_policy,
        "most_completed": most_completed_policy(rates),
        "recsys": engine_policy(test.state, test.tastes),
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


def engine_policy(state: LiveState, tastes: FormatTastes) -> RenditionPolicy:
    """Return the policy of ``Engine.rendition``, its floor and declared formats included."""
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
