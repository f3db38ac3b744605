"""In which segment somebody is now."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.segments.axes import N_AXES, Float, Index
from recsys.segments.groups import CODES, GROUPS, NEWCOMER, NOT_PERSONALISED, UNMEASURABLE
from recsys.segments.measurable import SILENT_DAYS, is_unmeasurable
from recsys.segments.model import LEAST_SHOWINGS, SegmentModel
from recsys.segments.profile import HALF_LIFE_US, Profiles, read_profiles
from recsys.segments.rules import assign
from recsys.segments.wording import segment_names, segment_rules
from recsys.state.live import LiveState
from recsys.state.showings import Showings
from recsys.times import DAY_US

__all__ = ["Segment", "Segments"]

_DRAWS = 200  # of a profile: how sure a segment is, to about 0.03
_FIRST_GROUP = CODES.index(GROUPS[0])


@dataclass(frozen=True, slots=True)
class Segment:
    """How somebody reads, in words; made of behaviour only."""

    code: str
    """One of ``CODES``."""
    name: Mapping[str, str]
    """By language (ja, en)."""
    rule: Mapping[str, str]
    """Exactly why, by language."""
    confidence: float
    """Probability that the segment would be the same if the habits were known perfectly; 1 where
    it follows from what is known anyway."""


class Segments:
    """Segments of a company's employees, from a learned model and the live state.

    Not thread-safe.
    """

    def __init__(self, model: SegmentModel, state: LiveState) -> None:
        self._model, self._state = model, state
        self.names: Mapping[str, Mapping[str, str]] = segment_names()
        """By code and language."""
        self.rules: Mapping[str, Mapping[str, str]] = segment_rules(
            model.rules,
            {
                "least": round(LEAST_SHOWINGS),
                "half_life": HALF_LIFE_US // DAY_US,
                "days": SILENT_DAYS,
            },
        )
        """By code and language, of the segments that exist at present."""
        self._draws: Float = np.random.default_rng(0).standard_normal((N_AXES, _DRAWS))
        self.refresh()

    def refresh(self) -> None:
        """Look at the lengths of renditions again; call after contents or renditions changed."""
        catalogue = self._state.catalogue
        seconds = catalogue.renditions.seconds_by_format(len(catalogue.contents))
        self._short = self._model.yardstick.expectation.shortness(seconds)

    def of(self, employee: int, at: int) -> Segment:
        """Return the segment of one employee by what was shown before ``at`` (microseconds).

        An index that nobody has (−1) is a newcomer. Cost: 0.1 ms.
        """
        if self._state.catalogue.preferences.of(employee).personalization_opt_out:
            return self._segment(NOT_PERSONALISED)
        showings = self._state.showings.of(employee)
        profiles = self._profiles(showings, np.array([0, len(showings)]), at)
        if profiles.n_showings[0] >= LEAST_SHOWINGS:
            group = int(self._model.groups(profiles)[0])
            return self._segment(_FIRST_GROUP + group, self._confidence(profiles, group))
        if employee < 0:
            return self._segment(NEWCOMER)
        trace = np.array([profiles.n_showings[0] > 0])
        who = np.array([employee], np.int32)
        silent = is_unmeasurable(self._state.catalogue, who, trace, at)[0]
        return self._segment(UNMEASURABLE if silent else NEWCOMER)

    def depends_on(self, employee: int, at: int) -> tuple[int, bool, int]:
        """Return what stays equal for as long as :meth:`of` need not be asked again.

        That is as long as nothing new is known of the employee on the same day (UTC); attributes
        and :meth:`refresh` apart.
        """
        opted_out = self._state.catalogue.preferences.of(employee).personalization_opt_out
        return self._state.showings.n_added(employee), opted_out, at // DAY_US

    def codes(self, at: int) -> npt.NDArray[np.int8]:
        """Return int8 places in ``CODES`` of all employees, shape (n_employees,), as :meth:`of`.

        ``at`` is the moment of the state: of an earlier one those who read most have forgotten
        what they were shown. Cost: 6 µs an employee with 30 showings.
        """
        catalogue = self._state.catalogue
        who = np.arange(len(catalogue.employees), dtype=np.int32)
        showings = self._state.showings.everybody()
        past = showings.at < at
        n = np.bincount(showings.employee[past], minlength=len(who))[: len(who)]
        silent = is_unmeasurable(catalogue, who, n > 0, at)
        codes = np.where(silent, UNMEASURABLE, NEWCOMER).astype(np.int8)
        enough = n >= LEAST_SHOWINGS  # weights are at most 1
        some = showings.take(past & enough[showings.employee])
        starts = np.append(0, np.cumsum(n[enough]))
        profiles = self._profiles(some, starts, at)
        known = profiles.n_showings >= LEAST_SHOWINGS
        groups = self._model.groups(profiles.take(known))
        codes[who[enough][known]] = (groups + _FIRST_GROUP).astype(np.int8)
        codes[catalogue.preferences.opted_out()] = NOT_PERSONALISED
        return codes

    def _profiles(self, showings: Showings, starts: Index, at: int) -> Profiles:
        short = self._short[showings.content, showings.form]
        return read_profiles(showings, starts, short, self._model.yardstick, at)

    def _confidence(self, profiles: Profiles, group: int) -> float:
        root = np.linalg.cholesky(profiles.precision[0])
        draws = profiles.mean[0] + np.linalg.solve(root.T, self._draws).T
        return float(np.mean(assign(draws, self._model.rules) == group))

    def _segment(self, code: int, confidence: float = 1.0) -> Segment:
        name = CODES[code]
        return Segment(name, self.names[name], self.rules[name], confidence)
