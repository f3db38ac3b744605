"""What each employee's own showings say about the formats, by the fitted model."""

from dataclasses import dataclass

import numpy as np

from recsys.answers import BeliefSource, FormatPreference
from recsys.devices import ON_MOBILE, UNKNOWN_DEVICE
from recsys.formats.beliefs import preference_of
from recsys.formats.company import Points, content_point, points
from recsys.formats.design import FIRST_TASTE, N_STAGES
from recsys.formats.expected import expected_completion
from recsys.formats.live_formats import LiveFormats
from recsys.formats.people import People, Person
from recsys.formats.stories import Float, Index, describe_stories
from recsys.formats.taste_model import TasteModel
from recsys.state.live import LiveState
from recsys.state.showings import Showings
from recsys.times import HOUR_US

__all__ = ["Belief", "FormatTastes"]

_KNOWN = 0.1
"""Part of the variance of tastes that own showings must explain to count as learned."""
_LEAST_TASTE = 0.02
"""Variance (logits²) they must explain at least: less than a seventh of a logit nobody notices."""


@dataclass(frozen=True, slots=True)
class Belief:
    """Posterior of one employee over all formats."""

    p_complete: Float
    """(n_formats,)."""
    logit_covariance: Float
    """(n_formats, n_formats) of the logit of ``p_complete``."""


class FormatTastes:
    """Answers for any employee; what is common to all is computed once an hour.

    Not thread-safe.
    """

    def __init__(self, model: TasteModel, state: LiveState) -> None:
        self._model, self._state = model, state
        self._live = LiveFormats(state.catalogue)
        self._people: dict[int, tuple[int, Person]] = {}
        self._answers: dict[int, tuple[tuple[object, ...], FormatPreference]] = {}
        self.refresh()

    def refresh(self) -> None:
        """Look at the catalogue again before the next answer; call after it changed.

        Many changes in a row cost one look, which goes over all contents.
        """
        self._is_stale = True

    @property
    def people(self) -> People:
        """Return the posteriors of people in today's catalogue."""
        self._settle()
        return self._posteriors

    def _settle(self) -> None:
        if self._is_stale:
            self._live.refresh()
            self._stories = describe_stories(self._state.catalogue, self._model.topic_keys)
            self._posteriors = People(self._model, self._state, self._stories)
            self._content_points: dict[int, Points] = {}
            self._hour = -1
            self._is_stale = False

    def preference(self, employee: int, at: int, declared: str | None) -> FormatPreference:
        """Return beliefs about all live formats; an index below 0 is anybody.

        An answer is kept until the employee is heard of again, other formats live or the hour is
        over.
        """
        self._refresh_points(at)
        live, codes = self._live.at(at)
        asked = (self._state.showings.n_added(employee), live, declared)
        held = self._answers.get(employee)
        if held is None or held[0] != asked:
            held = asked, self._preference(employee, at, live, codes, declared)
            self._answers[employee] = held
        return held[1]

    def _preference(
        self, employee: int, at: int, live: list[str], codes: Index, declared: str | None
    ) -> FormatPreference:
        person = self.person(employee, at)
        belief = self.belief(person, at)
        return preference_of(
            belief.p_complete[codes], belief.logit_covariance[codes[:, None], codes],
            person.n_told[codes], live, declared, self._source(person, codes),
        )  # fmt: skip

    def belief(self, person: Person, at: int) -> Belief:
        """Return the posterior of a person's completion of each format over all contents."""
        self._refresh_points(at)
        return self._belief(person, self._points, person.mobile_share)

    def person(self, employee: int, at: int) -> Person:
        """Return the posterior of one employee; kept until the employee is heard of again."""
        self._refresh_points(at)
        n_added = self._state.showings.n_added(employee)
        held = self._people.get(employee)
        if held is None or held[0] != n_added:
            held = n_added, self.people.of(employee, at)
            self._people[employee] = held
        return held[1]

    def on_content(self, person: Person, content: int, device: int = UNKNOWN_DEVICE) -> Belief:
        """Return the posterior of a person's completion of one content in each format.

        Just published, at position 1, at the length of its renditions. ``device`` is a place in
        ``DEVICES``; unknown means the person's usual ones.
        """
        return self._belief(person, self._content_point(content), _mobile_share(person, device))

    def p_on_content(self, person: Person, content: int, device: int = UNKNOWN_DEVICE) -> Float:
        """Return ``p_complete`` of :meth:`on_content` alone, for many contents in a row."""
        point = self._content_point(content)
        mobile_share = _mobile_share(person, device)
        return self._expected(person, point, mobile_share, with_gradient=False)[0]

    def p_completed(self, person: Person, showings: Showings) -> Float:
        """Return the probability that each of the person's ``showings`` ends in completion.

        What came of them does not enter; those in a format the model never saw count as usual.
        """
        return self.people.p_completed(person, showings)

    def _belief(self, person: Person, place: Points, mobile_share: float) -> Belief:
        p, gradient = self._expected(person, place, mobile_share)
        slopes = gradient[:, :N_STAGES]
        spread = gradient @ person.covariance @ gradient.T
        spread += np.einsum("fs,sftg,gt->fg", slopes, place.doubt, slopes)
        return Belief(p, spread)

    def _expected(
        self, person: Person, place: Points, mobile_share: float, *, with_gradient: bool = True
    ) -> tuple[Float, Float]:
        return expected_completion(
            place.weight, place.logit, place.variance, place.topics, person.level,
            person.exposure_adds, self._model.logit.carry, mobile_share, person.mean,
            person.covariance, with_gradient,
        )  # fmt: skip

    def _content_point(self, content: int) -> Points:
        self._settle()
        point = self._content_points.get(content)
        if point is None:
            point = content_point(self._model, self._stories, self.people.appeals, content)
            self._content_points[content] = point
        return point

    def _source(self, person: Person, codes: Index) -> BeliefSource:
        prior = np.diag(self._model.logit.covariance)[FIRST_TASTE + codes]
        explained = float((prior - np.diag(person.covariance)[FIRST_TASTE + codes]).sum())
        if explained >= max(_KNOWN * float(prior.sum()), _LEAST_TASTE * len(codes)) > 0:
            return "learned"
        return "segment" if person.has_group else "prior"

    def _refresh_points(self, at: int) -> None:
        self._settle()
        if at // HOUR_US != self._hour:
            contents = self._state.catalogue.contents
            known = contents["known"].view(np.bool_)
            past = np.flatnonzero(known & (contents.published_at < at // HOUR_US * HOUR_US))
            self._points: Points = points(self._model, self._stories, self.people.appeals, past)
            self._hour = at // HOUR_US
            self._answers, self._people = {}, {}


def _mobile_share(person: Person, device: int) -> float:
    return person.mobile_share if device == UNKNOWN_DEVICE else float(device in ON_MOBILE)
