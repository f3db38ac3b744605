"""What came of a life, for the whole time and week by week.

Every figure is a function of weights of employees, as in :mod:`recsys.simulator.lived_measures`, so
lives are compared under the same draws. Visits are the same in all lives. The figures:

- *completions*: distinct contents completed per visitor; *opens*: distinct contents opened. What
  comes by a link from mail or chat has nothing to do with pages and is left out.
- *people reached*: the share of visitors who opened anything. *audience reached*: the share of a
  content's audience (who reads its language and visits) that looked at it, the mean over contents
  published in the time.
- *departments met*: departments besides the own ones of which a visitor opened something; *cross-
  department share*: of opens, on contents of none of the own departments; *concentration*: the Gini
  coefficient of looks over contents that were live.
- *silent reach*: distinct contents a silent visitor looked at, and opened. Silent are those with
  few interactions under the old portal.
- *regret*: the share of the expected completions of the best possible pages that was missed, by
  planted probabilities (:mod:`recsys.simulator.best_page`); contents opened before count nothing.
  The best pages are those at the same moments of the same life.
"""

from dataclasses import replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from recsys.simulator.company import Company
from recsys.simulator.ground import Ground
from recsys.simulator.lived_measures import (
    FloatArray,
    Statistic,
    by_person,
    departments_met,
    gini_rows,
    is_other_department,
    pairs,
    ratio,
)
from recsys.simulator.traits import Records
from recsys.times import to_micros

__all__ = ["Span", "figures"]

Flags = npt.NDArray[np.bool_]

_ROUNDING = 1e-9
"""A smaller share that was missed is the order of a sum."""


class Span:
    """A stretch of the measured time: who visits, what is published, for whom it is."""

    def __init__(self, company: Company, ground: Ground, since: datetime, until: datetime) -> None:
        begins, ends = to_micros(since), to_micros(until)
        facts = company.town.facts
        self.begins, self.ends = begins, ends
        starts = ground.visits["start"]
        now = ground.visits[(starts >= begins) & (starts < ends)]
        visitors = np.bincount(now["employee"], minlength=len(ground.departments)) > 0
        self.ground = replace(
            ground,
            visitors=visitors,
            silent=ground.silent & visitors,
            live=(facts["expires"] > begins) & (facts["published"] < ends),
        )
        self.published: Flags = (facts["published"] >= begins) & (facts["published"] < ends)
        language = facts["language"]
        reads = (language < 0) | (language == company.town.traits["language"][:, None])
        self.audience: Flags = reads & visitors[:, None]
        """(E, C)."""

    def part(self, answers: Records) -> Records:
        """Return the answers to pages of this stretch."""
        return answers[(answers["time"] >= self.begins) & (answers["time"] < self.ends)]


def figures(answers: Records, span: Span) -> dict[str, Statistic]:
    """Return every figure of a life in a stretch of time, by its name."""
    told, ground = span.part(answers), span.ground
    visitors = ground.visitors.astype(float)
    looks = pairs(told, told["looked"], ground)
    looked = looks > 0
    opened = pairs(told, told["opened"], ground) > 0
    completed = pairs(told, told["completed"], ground) > 0
    crossing = by_person(told, told["opened"] & is_other_department(told, ground), ground)
    exposure = looks[:, ground.live]
    silent = ground.silent.astype(float)
    worth = np.where(told["seen"], 0.0, told["p_open"] * told["p_complete"])
    best = by_person(told, told["best"], ground)
    missed = best - by_person(told, worth, ground)
    missed[missed < _ROUNDING * best] = 0.0
    return {
        "completions": ratio(completed.sum(axis=1), visitors),
        "opens": ratio(opened.sum(axis=1), visitors),
        "people reached": ratio(opened.any(axis=1), visitors),
        "audience reached": _audience_reached(looked, span),
        "departments met": ratio(departments_met(opened, ground), visitors),
        "cross-department share": ratio(crossing, by_person(told, told["opened"], ground)),
        "concentration": lambda rows: gini_rows(rows @ exposure),
        "silent reach, looked at": ratio(looked.sum(axis=1) * silent, silent),
        "silent reach, opened": ratio(opened.sum(axis=1) * silent, silent),
        "regret": ratio(missed, best),
    }


def _audience_reached(looked: Flags, span: Span) -> Statistic:
    audience = span.audience[:, span.published].astype(float)
    reached = looked[:, span.published] & span.audience[:, span.published]

    def statistic(rows: FloatArray) -> FloatArray:
        with np.errstate(invalid="ignore"):
            return np.asarray(np.nanmean((rows @ reached) / (rows @ audience), axis=1))

    return statistic
