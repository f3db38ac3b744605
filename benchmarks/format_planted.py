"""How people of generated companies answer what they are shown, and what follows for the truth."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtr

from benchmarks.format_truth import Float, Index
from recsys.times import NO_TIME

__all__ = [
    "PLANTED_FORMATS",
    "Company",
    "Kind",
    "Log",
    "People",
    "PlantedWorld",
    "Shown",
    "Stories",
]

PLANTED_FORMATS = ("video", "illustration", "text_summary", "article", "short_video")
_COMMON_TASTE = np.array([-0.4, 0.3, 0.5, -0.3, 0.4])
_MOBILE_GAIN = np.array([-0.6, 0.3, 0.4, -0.4, 0.5])
_FORMS = np.arange(len(PLANTED_FORMATS))
_N_TYPES = 4
_LEAST = 1e-12  # probability; no single showing rules a taste out

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Kind:
    """What one generator does otherwise than the others."""

    base: float
    """Logit of completing what is usual in everything."""
    hierarchy: Literal["departments", "types", "heavy"] = "departments"
    response: Literal["logit", "probit", "click"] = "logit"
    is_confounded: bool = True
    has_tastes: bool = True
    has_flips: bool = False
    usual_impressions: int = 60

    def draw_centres(self, n_departments: int, rng: np.random.Generator) -> Float:
        """Draw the mean tastes of departments, or of types, (n, n_formats)."""
        is_typed = self.hierarchy == "types"
        n, spread = (_N_TYPES, 1.1) if is_typed else (n_departments, 0.35)
        return self.has_tastes * spread * rng.standard_normal((n, len(_FORMS)))

    def draw_tastes(self, centres: Float, department: Index, rng: np.random.Generator) -> Float:
        """Draw tastes of people, (len(department), n_formats); types do not go by department."""
        shape = (len(department), len(_FORMS))
        if self.hierarchy == "types":
            mean = centres[rng.integers(0, len(centres), shape[0])]
            return mean + self.has_tastes * 0.4 * rng.standard_normal(shape)
        is_heavy = self.hierarchy == "heavy"
        own = 0.6 * rng.standard_t(4, shape) if is_heavy else 0.8 * rng.standard_normal(shape)
        return np.asarray(centres[department] + self.has_tastes * own)


@dataclass(frozen=True, slots=True)
class People:
    """What is planted in n people."""

    department: Index
    interest: Float
    """(n, n_topics)."""
    openness: Float
    mobile_share: Float
    tastes: Float
    """Today's, (n, n_formats)."""
    flips: Flags


@dataclass(frozen=True, slots=True)
class Stories:
    """What is planted in n contents."""

    topic: Index
    appeal: Float
    published_days: Float
    lean: Float
    """(n, n_formats): which formats stories of the topic come in."""
    exists: Flags
    """(n, n_formats)."""
    log_length: Float
    """(n, n_formats), over the format's usual length."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What was shown to whom and how: arrays that broadcast to one shape."""

    person: Index
    content: Index
    form: Index
    log_length: Float
    mobile: Flags
    position: Index


@dataclass(frozen=True, slots=True)
class Log(Shown):
    """n showings and what came of them; shapes (n,)."""

    at: Index
    """Microseconds."""
    propensity: Float
    """Of the format, given the content."""
    sign: Index
    """−1 before the person's tastes turned round, else 1."""
    opened: Flags
    completed: Flags

    def take(self, rows: slice | Index) -> Self:
        """Return some of the rows."""
        return type(self)(*(getattr(self, f.name)[rows] for f in fields(self)))

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Return the rows of all parts."""
        columns = ([getattr(part, f.name) for part in parts] for f in fields(cls))
        return cls(*(np.concatenate(column) for column in columns))


@dataclass(frozen=True, slots=True)
class Company:
    """People, contents, and how the ones answer when shown the others.

    With u = taste + interest + appeal + openness + what all like, here and on this device, the
    logit of completion is u − 0.3 log length − 0.45 log position; the probit's argument is 0.6 u
    and less by position; the click model opens with position^−0.6 σ(…) first, where format counts
    for little, and then finishes by format and length.
    """

    kind: Kind
    centres: Float
    """Mean tastes of departments or types."""
    people: People
    stories: Stories

    def stages(self, shown: Shown, taste: Float) -> tuple[Float, Float]:
        """Return P(open) and P(complete | open); a world without clicks opens everything."""
        people, stories, kind = self.people, self.stories, self.kind
        interest = people.interest[shown.person, stories.topic[shown.content]]
        level = interest + stories.appeal[shown.content] + people.openness[shown.person]
        common = _COMMON_TASTE[shown.form] + shown.mobile * _MOBILE_GAIN[shown.form]
        liked = taste + kind.has_tastes * common
        depth = np.log(shown.position)
        if kind.response == "click":
            opens = np.exp(-0.6 * depth) * expit(kind.base + 0.9 + 0.4 * taste + level)
            return opens, expit(0.2 + liked + 0.3 * interest - 0.4 * shown.log_length)
        u = kind.base + level + liked - 0.3 * shown.log_length
        if kind.response == "probit":
            return np.ones_like(u), ndtr(0.6 * (u + 0.2) - 0.25 * depth)
        return np.ones_like(u), expit(u - 0.45 * depth)

    def at_the_top(self, person: int, contents: Index, log_length: Float, tastes: Float) -> Float:
        """Return P(completed) at position 1 on own devices, (contents, len(tastes), n_formats)."""
        shown = Shown(
            np.array(person), contents[:, None, None], _FORMS, log_length[:, None, :],
            np.array(False), np.array(1),
        )  # fmt: skip
        desktop, mobile = (
            np.prod(self.stages(replace(shown, mobile=np.array(is_mobile)), tastes), axis=0)
            for is_mobile in (False, True)
        )
        share = self.people.mobile_share[person]
        return np.asarray((1.0 - share) * desktop + share * mobile)


@dataclass(frozen=True, slots=True)
class PlantedWorld:
    """The truth of a generated company, a :class:`benchmarks.format_truth.PlantedTastes`."""

    company: Company
    log: Log
    """In the order of person and time."""
    starts: Index
    """Rows ``starts[p]:starts[p + 1]`` of the log are person p's."""
    since_flip: Index
    """The first of them since tastes turned round; ``starts[p]`` where they never did."""
    employee_ids: Sequence[str]
    content_ids: Sequence[str]

    @property
    def formats(self) -> tuple[str, ...]:
        """Names of the formats in use."""
        return PLANTED_FORMATS

    @property
    def n_impressions(self) -> Index:
        """Impressions of each person."""
        return np.diff(self.starts)

    @property
    def tastes(self) -> Float:
        """Today's tastes."""
        return self.company.people.tastes

    @property
    def flipped_at(self) -> Index:
        """When tastes turned round."""
        flips, at = self.company.people.flips, np.full(len(self.since_flip), NO_TIME)
        at[flips] = self.log.at[self.since_flip[flips]]
        return at

    def draw_tastes(self, person: int, n: int, rng: np.random.Generator) -> Float:
        """Draw from the person's department or from all types."""
        company, people = self.company, self.company.people
        department = np.repeat(people.department[person], n)
        drawn = company.kind.draw_tastes(company.centres, department, rng)
        return -drawn if people.flips[person] else drawn

    def log_likelihood(self, person: int, tastes: Float, *, since_flip: bool = False) -> Float:
        """Return the log probability of opening and completing as the person did."""
        first = (self.since_flip if since_flip else self.starts)[person]
        log = self.log.take(slice(first, self.starts[person + 1]))
        stages = self.company.stages(log, log.sign * tastes[:, log.form])
        opens, completes = (np.clip(p, _LEAST, 1.0 - _LEAST) for p in stages)
        finished = np.where(log.completed, np.log(completes), np.log1p(-completes))
        likely = np.where(log.opened, np.log(opens) + finished, np.log1p(-opens))
        return np.asarray(likely.sum(axis=1))

    def completion(self, person: int, tastes: Float) -> Float:
        """Return the mean over all contents at usual length."""
        contents = np.arange(len(self.content_ids))
        no_length = np.zeros((len(contents), len(_FORMS)))
        found = self.company.at_the_top(person, contents, no_length, tastes)
        return np.asarray(found.mean(axis=0))

    def completion_of(self, person: int, content: int) -> Float:
        """Return the completion of one content in each format at its own length."""
        length = self.company.stories.log_length[[content]]
        own = self.tastes[[person]]
        found = self.company.at_the_top(person, np.array([content]), length, own)
        return np.asarray(found[0, 0])
