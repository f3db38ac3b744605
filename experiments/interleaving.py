"""Two rankers in one slate: who is preferred, from far fewer people than a split test needs.

Team-draft interleaving (Radlinski, Kurup and Joachims 2008, section 3.2): in every round a coin
says which ranker picks first, then each puts the best of its contents that is not in the slate yet.
A click counts for the ranker that put the content there. Everybody sees both rankers, so
differences between people cancel. What belongs to a whole page or person cannot be credited
to a slot: reach, must-reads and surveys need a split test.

A person's preference is (clicks on B - clicks on A) / (clicks on both) over all their slates, from
-1 to 1; without clicks there is none. People are the units of evidence: the mean over people
is tested, however many slates each has seen.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from experiments.permutation import MANY_CLUSTERS

__all__ = ["Interleaved", "Preference", "credit", "preference", "team_draft"]

Team = Literal["a", "b"]
_EXACT_UP_TO = 13
"""2¹³ sign patterns are all looked at; beyond, as many are drawn."""
_PATTERNS = 2**_EXACT_UP_TO
_FEWEST = 6
"""With fewer people not even a unanimous vote reaches 5 %: 2 of 2⁵ patterns are 6.3 %."""


@dataclass(frozen=True)
class Interleaved:
    """A slate and which ranker put what there; both have one entry per slot."""

    contents: tuple[str, ...]
    teams: tuple[Team, ...]


@dataclass(frozen=True)
class Preference:
    """Which ranker people prefer.

    Attributes
    ----------
    n_employees, n_with_clicks
        Everybody who saw slates; those whose clicks tell something.
    prefer_a, prefer_b
        People with more clicks on the one or on the other; the rest clicked evenly.
    preference
        Mean over people, -1 (all for A) to 1 (all for B); None if not computable.
    interval, p_value
        95 % interval of the preference and the two-sided test of 0: Student's t from 40 people
        with clicks, below by flipping signs and by inverting that test.
    reason
        Why nothing was computed: ``too_few_employees``; else None.
    """

    n_employees: int
    n_with_clicks: int
    prefer_a: int
    prefer_b: int
    preference: float | None
    interval: tuple[float, float] | None
    p_value: float | None
    reason: str | None


def team_draft(
    ranking_a: Sequence[str], ranking_b: Sequence[str], k: int, rng: np.random.Generator
) -> Interleaved:
    """Return at most ``k`` contents drawn from two rankings, best first.

    When one ranking has nothing new left, the other one fills the slate. Order and credit depend
    on the coin only, so swapping the rankings swaps the teams in distribution.
    """
    rankings: dict[Team, Sequence[str]] = {"a": ranking_a, "b": ranking_b}
    next_place: dict[Team, int] = {"a": 0, "b": 0}
    teams: dict[str, Team] = {}
    while len(teams) < k:
        first: Team = "a" if rng.random() < 0.5 else "b"
        before = len(teams)
        for team in (first, _other(first)):
            ranking, place = rankings[team], next_place[team]
            while place < len(ranking) and ranking[place] in teams:
                place += 1
            if place < len(ranking) and len(teams) < k:
                teams[ranking[place]] = team
            next_place[team] = place
        if len(teams) == before:
            break
    return Interleaved(tuple(teams), tuple(teams.values()))


def credit(slate: Interleaved, clicked: Collection[str]) -> tuple[int, int]:
    """Return the clicks that count for A and for B; contents that are not in the slate count not.

    A content counts once a slate, however often it was clicked.
    """
    placed = list(zip(slate.contents, slate.teams, strict=True))
    wins = {team: sum(t == team and c in clicked for c, t in placed) for team in ("a", "b")}
    return wins["a"], wins["b"]


def preference(
    employees: Sequence[str] | NDArray[np.str_],
    clicks_a: NDArray[np.int64],
    clicks_b: NDArray[np.int64],
    rng: np.random.Generator,
) -> Preference:
    """Return the preference from one row per slate: who saw it, and the clicks credited.

    Parameters
    ----------
    employees
        Shape (n_slates,); an employee may have any number of rows.
    clicks_a, clicks_b
        int64, shape (n_slates,), as :func:`credit` gives them.
    rng
        Draws sign patterns where there are too many for all.
    """
    people, index = np.unique(np.asarray(employees, dtype=object), return_inverse=True)
    for_a = np.bincount(index, clicks_a, len(people))
    for_b = np.bincount(index, clicks_b, len(people))
    told = for_a + for_b > 0
    scores = (for_b[told] - for_a[told]) / (for_a[told] + for_b[told])
    counts = len(people), len(scores), int((scores < 0).sum()), int((scores > 0).sum())
    if len(scores) < _FEWEST:
        return Preference(*counts, None, None, None, "too_few_employees")
    # From where few clusters become many, so do people. Where all agree, only signs have an answer.
    is_many = len(scores) >= MANY_CLUSTERS and np.ptp(scores) > 0
    judge = _by_student if is_many else _by_signs
    interval, p_value = judge(scores, rng)
    return Preference(*counts, float(scores.mean()), interval, p_value, None)


def _by_student(
    scores: NDArray[np.float64], _: np.random.Generator
) -> tuple[tuple[float, float], float]:
    test = stats.ttest_1samp(scores, 0.0)
    low, high = test.confidence_interval(0.95)
    return (max(-1.0, float(low)), min(1.0, float(high))), float(test.pvalue)


def _by_signs(
    scores: NDArray[np.float64], rng: np.random.Generator
) -> tuple[tuple[float, float], float]:
    """Test that scores are symmetric around 0, and around which values they may be.

    A pattern of signs e is at least as extreme as what was seen, if scores were symmetric around
    δ, when |mean(e (s - δ))| ≥ |mean(s) - δ|. The interval holds every δ for which more than
    5 % of the patterns are; both ends are found by halving.
    """
    signs = _sign_patterns(len(scores), rng)
    flipped, shifts, mean = signs @ scores / len(scores), signs.mean(axis=1), scores.mean()

    def p_value(centre: float) -> float:
        seen = abs(mean - centre) - 1e-12  # the pattern seen is as extreme as itself
        return float((np.abs(flipped - centre * shifts) >= seen).mean())

    def end(outer: float) -> float:
        inside = float(mean)
        for _ in range(40):
            middle = (inside + outer) / 2
            inside, outer = (middle, outer) if p_value(middle) > 0.05 else (inside, middle)
        return inside

    low, high = (side if p_value(side) > 0.05 else end(side) for side in (-1.0, 1.0))
    return (low, high), p_value(0.0)


def _sign_patterns(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return sign patterns, shape (n_patterns, n): all, or drawn with the one that was seen."""
    if n <= _EXACT_UP_TO:
        return np.array(list(product((1.0, -1.0), repeat=n)))
    drawn = rng.choice((1.0, -1.0), (_PATTERNS, n))
    drawn[0] = 1.0
    return drawn


def _other(team: Team) -> Team:
    return "b" if team == "a" else "a"
