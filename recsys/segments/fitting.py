"""Learning segments from everybody's showings."""

import numpy as np

from recsys.segments.axes import N_AXES, Float, Index
from recsys.segments.expectation import fit_expectation
from recsys.segments.groups import claim_matrix
from recsys.segments.mixture import fit_mixture, fit_prior, inverse
from recsys.segments.model import LEAST_SHOWINGS, SegmentModel
from recsys.segments.profile import Profiles, Yardstick, read_profiles
from recsys.segments.rules import Rule, agreement, learn_rules
from recsys.state.showings import Showings

__all__ = ["MIN_PEOPLE", "fit_segments", "starts_of"]

MIN_PEOPLE = 50
"""Five groups of ten, the least that may be shown; with fewer people nothing is learned."""

_MAX_PEOPLE = 5_000
"""Habits of so many tell cut points to a hundredth; more would only take longer."""
_ROUNDS = 4
_START_VARIANCE = 0.3
_TOLERANCE = 0.02
"""Rules in use stay unless new ones agree with the groups noticeably better, and by more than two
standard errors: a refit alone should move nobody."""


def fit_segments(
    showings: Showings, seconds: Float, at: int, previous: SegmentModel | None = None
) -> SegmentModel | None:
    """Learn groups and their rules from showings before ``at`` of people who may be learned from.

    ``showings`` are sorted by employee, then time; ``seconds`` is
    :meth:`recsys.catalogue.renditions.RenditionTable.seconds_by_format`. None where fewer than
    ``MIN_PEOPLE`` have ``LEAST_SHOWINGS``. With a ``previous`` model its groups are the start and
    keep their labels, and its rules stay if they serve nearly as well. Deterministic; the order of
    employees does not matter up to 5,000 of them, of more every k-th is learned from.
    """
    showings = _of_some_employees(showings.take(showings.at < at))
    starts = starts_of(showings)
    expectation = fit_expectation(showings, seconds)
    short = expectation.shortness(seconds[showings.content, showings.form])
    yardstick = Yardstick(expectation, np.zeros(N_AXES), np.eye(N_AXES) / _START_VARIANCE)
    for _ in range(_ROUNDS):
        profiles = read_profiles(showings, starts, short, yardstick, at)
        known = profiles.take(profiles.n_showings >= LEAST_SHOWINGS)
        if len(known) < MIN_PEOPLE:
            return None
        shift, precision = fit_prior(known, yardstick.precision)
        yardstick = Yardstick(expectation, yardstick.centre + shift, precision)
    profiles = read_profiles(showings, starts, short, yardstick, at)
    known = profiles.take(profiles.n_showings >= LEAST_SHOWINGS)
    return _with_groups(yardstick, known, previous)


def starts_of(showings: Showings) -> Index:
    """Return where each employee's showings begin, and the end; they are sorted by employee."""
    first = np.flatnonzero(np.diff(showings.employee, prepend=np.int32(-1)))
    return np.append(first, len(showings)).astype(np.int64)


def _with_groups(
    yardstick: Yardstick, known: Profiles, previous: SegmentModel | None
) -> SegmentModel:
    spread = np.sqrt(np.diagonal(inverse(yardstick.precision)))
    start = claim_matrix() * spread if previous is None else previous.means
    mixture = fit_mixture(known, yardstick.precision, start)
    rules = learn_rules(known.mean, mixture.membership)
    if previous is not None and _serve(previous.rules, rules, known, mixture.membership):
        rules = previous.rules
    return SegmentModel(yardstick, mixture.means, rules)


def _serve(
    old: tuple[Rule, ...], new: tuple[Rule, ...], known: Profiles, membership: Float
) -> bool:
    """Return whether the old rules find the groups nearly as well as the new ones."""
    gain = agreement(known.mean, membership, new) - agreement(known.mean, membership, old)
    error = gain.std() / np.sqrt(len(gain))
    return bool(gain.mean() <= _TOLERANCE + 2.0 * error)


def _of_some_employees(showings: Showings) -> Showings:
    """Return everything of every k-th employee, with the least k that fits."""
    starts = starts_of(showings)
    every = -(-(len(starts) - 1) // _MAX_PEOPLE)
    if every <= 1:
        return showings
    number = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    return showings.take(number % every == 0)
