"""Learning the format model from a log."""

import numpy as np

from recsys.catalogue.catalogue import Catalogue
from recsys.devices import ON_MOBILE
from recsys.event_columns import EventColumns
from recsys.formats.design import (
    FINISH,
    N_PLAIN,
    OPEN,
    PLAIN_VALUES,
    Design,
    design,
    topic_exposure,
)
from recsys.formats.mixed_logit_fit import Observations, fit_mixed_logit
from recsys.formats.stories import Float, Index, Stories, describe_stories
from recsys.formats.taste_model import TasteModel, guessed_tastes
from recsys.siphash import hash_texts
from recsys.state.key_index import Keys
from recsys.state.marks import marks_of
from recsys.state.showings import Showings, showings_of

__all__ = ["GROUPED_BY", "MIN_COMPLETIONS", "fit_tastes", "group_keys"]

GROUPED_BY: tuple[str, ...] = ("department", "job_family", "work_style", "site")
"""Attributes whose groups may share tastes. Nothing about age, sex or hours of work."""

MIN_COMPLETIONS = 200
"""Below it a dozen variances and a hundred coefficients would be guessed."""
_MAX_SHOWINGS = 300_000
"""Of as many employees as that takes: their variances are known to a few per cent by then."""
_MAX_TOPICS = 16
"""Topics with most contents; an interest in a rare one cannot be told from chance."""
_LEAST_FAILED = 0.02
"""Of a hundred things opened one knows of two that were left early, or openings are not logged."""
_MIN_MEMBERS = 5
"""A smaller group is hardly more than its members."""


def fit_tastes(events: EventColumns, catalogue: Catalogue) -> TasteModel:
    """Return the format model; a guess where too little was completed to tell.

    ``events`` all name a known content and come from people who let the engine learn from them.
    """
    showings = _of_some_employees(showings_of(*marks_of(events, catalogue)))
    if np.count_nonzero(showings.completed) < MIN_COMPLETIONS:
        return guessed_tastes(len(showings), int(np.count_nonzero(showings.completed)))
    topic_keys = _frequent_topics(catalogue)
    stories = describe_stories(catalogue, topic_keys)
    usual = _usual_log_length(stories.log_length)
    share = _topic_share(showings, stories, len(topic_keys))
    people, owner = np.unique(showings.employee, return_inverse=True)
    exposure = topic_exposure(
        owner, len(people), showings.content, showings.is_impression, stories.topics,
        stories.topic_weights, share,
    )  # fmt: skip
    rows = _with_failures(design(showings, owner, stories, usual, exposure))
    keys = hash_texts(list(catalogue.contents.ids.ids))
    used, content = np.unique(keys[showings.content], return_inverse=True)
    group_names, groups, attribute = _groups(
        people.astype(np.int64), int(showings.at.max()), catalogue
    )
    observations = Observations(
        rows, np.searchsorted(owner[rows.showing], np.arange(len(people) + 1)).astype(np.int64),
        content[rows.showing], len(used), len(topic_keys), groups, attribute,
    )  # fmt: skip
    plain = _circumstances(rows)
    on_mobile = np.isin(showings.device, ON_MOBILE)
    return TasteModel(
        fit_mixed_logit(observations), used, topic_keys, group_names, usual, share,
        plain.mean(axis=0), plain.var(axis=0), float(on_mobile[showings.is_impression].mean()),
    )  # fmt: skip


def group_keys(attribute: str, catalogue: Catalogue) -> Keys:
    """Return hashed names of an attribute's values, in the order of their indices."""
    values = catalogue.employees.values[attribute].ids
    return hash_texts([f"{attribute}={value}" for value in values])


def _groups(people: Index, at: int, catalogue: Catalogue) -> tuple[Keys, Index, Index]:
    """Return hashed names of groups, each person's per attribute, and each group's attribute."""
    employees = catalogue.employees
    moments = np.full(len(people), at)
    versions = employees.versions_at(people.astype(np.int32), moments)
    found = np.zeros((len(people), len(GROUPED_BY)), np.uint64)
    known = np.zeros(found.shape, np.bool_)
    for a, attribute in enumerate(GROUPED_BY):
        codes = employees.codes(attribute, versions)
        keys = group_keys(attribute, catalogue)
        large = np.bincount(codes[codes >= 0], minlength=len(keys)) >= _MIN_MEMBERS
        known[:, a] = (codes >= 0) & np.append(large, False)[codes]
        # An attribute that is the same for everybody says nothing.
        known[:, a] &= np.count_nonzero(large) > 1
        found[:, a] = np.append(keys, np.uint64(0))[codes]
    names = np.unique(found[known])
    place = np.where(known, np.searchsorted(names, found), -1)
    attribute_of = np.zeros(len(names), np.int64)
    for a in range(len(GROUPED_BY)):
        attribute_of[place[known[:, a], a]] = a
    return names, place.astype(np.int64), attribute_of


def _with_failures(rows: Design) -> Design:
    """Return the rows without those of a stage nobody fails at: the log holds no openings."""
    finishes = rows.stage == FINISH
    n_failed = np.count_nonzero(finishes & (rows.success == 0))
    is_real = n_failed >= _LEAST_FAILED * max(int(finishes.sum()), 1)
    return rows if is_real else rows.take(~finishes)


def _of_some_employees(showings: Showings) -> Showings:
    """Return everything of every k-th employee, with the least k that fits."""
    k = -(-len(showings) // _MAX_SHOWINGS)
    if k <= 1:
        return showings
    _, number = np.unique(showings.employee, return_inverse=True)
    return showings.take(np.flatnonzero(number % k == 0))


def _frequent_topics(catalogue: Catalogue) -> Keys:
    topics = catalogue.contents.topics
    n = np.bincount(topics[topics >= 0], minlength=len(catalogue.contents.topics_map))
    keys = hash_texts(list(catalogue.contents.topics_map.ids))
    return np.sort(keys[np.lexsort((keys, -n))[:_MAX_TOPICS]])


def _usual_log_length(log_length: Float) -> Float:
    known = ~np.isnan(log_length)
    return np.asarray(np.nansum(log_length, axis=0) / np.maximum(known.sum(axis=0), 1))


def _topic_share(showings: Showings, stories: Stories, n_topics: int) -> Float:
    shown = showings.is_impression
    pairs = (showings.employee.astype(np.int64) << 32) | showings.content
    seen = (np.unique(pairs[shown]) & 0xFFFFFFFF).astype(np.int64)
    share = np.bincount(
        stories.topics[seen].ravel(), stories.topic_weights[seen].ravel(), minlength=n_topics
    )
    return np.asarray((share + 1.0) / (share + 1.0).sum())


def _circumstances(rows: Design) -> Float:
    """Return log age and hour of impressions; nothing logged counts as just published."""
    plain = rows.fixed_values[rows.stage == OPEN, PLAIN_VALUES]
    return plain if len(plain) else np.zeros((1, N_PLAIN))
