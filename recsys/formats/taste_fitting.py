"""Learning the format model from a log."""

import numpy as np

from recsys.catalogue.catalogue import Catalogue
from recsys.event_columns import EventColumns
from recsys.formats.company import describe_stories
from recsys.formats.design import PLAIN_CIRCUMSTANCES, design
from recsys.formats.mixed_effects import Float
from recsys.formats.mixed_logit import fit_mixed_logit
from recsys.formats.taste_model import TasteModel
from recsys.formats.training_showings import training_showings
from recsys.siphash import hash_texts
from recsys.state.key_index import Keys
from recsys.state.showings import CIRCUMSTANCES, Showings

__all__ = ["MIN_COMPLETIONS", "fit_tastes"]

MIN_COMPLETIONS = 500
"""Below it a dozen variances and a hundred coefficients would be guessed."""
_MAX_SHOWINGS = 300_000
"""Of as many employees as that takes: their variances are known to a few per cent by then."""
_MAX_TOPICS = 16
"""Topics with most contents; an interest in a rare one cannot be told from chance."""


def fit_tastes(events: EventColumns, catalogue: Catalogue) -> TasteModel | None:
    """Return the format model, or None where too little was completed to tell.

    ``events`` all name a known content and come from people who let the engine learn from them.
    """
    showings = _of_some_employees(training_showings(events, catalogue))
    if np.count_nonzero(showings.completed) < MIN_COMPLETIONS:
        return None
    topic_keys = _frequent_topics(catalogue)
    stories = describe_stories(catalogue, topic_keys)
    usual = _usual_log_length(stories.log_length)
    keys = hash_texts(list(catalogue.contents.ids.ids))
    used, content = np.unique(keys[showings.content], return_inverse=True)
    columns = design(showings, stories, usual)
    logit = fit_mixed_logit(columns, showings.employee, content, len(used), len(topic_keys))
    seen = showings.circumstances[showings.impressions > 0]
    seen = seen if len(seen) else np.zeros((1, len(CIRCUMSTANCES)))
    others = seen[:, PLAIN_CIRCUMSTANCES].copy()
    others[:, 0] = 0.0
    return TasteModel(
        logit, used, topic_keys, usual, others.mean(axis=0), others.var(axis=0),
        float(seen[:, CIRCUMSTANCES.index("on_mobile")].mean()),
    )  # fmt: skip


def _of_some_employees(showings: Showings) -> Showings:
    """Return everything of every k-th employee, with the least k that fits."""
    k = -(-len(showings) // _MAX_SHOWINGS)
    _, number = np.unique(showings.employee, return_inverse=True)
    return showings.take(np.flatnonzero(number % max(k, 1) == 0))


def _frequent_topics(catalogue: Catalogue) -> Keys:
    topics = catalogue.contents.topics
    n = np.bincount(topics[topics >= 0], minlength=len(catalogue.contents.topics_map))
    keys = hash_texts(list(catalogue.contents.topics_map.ids))
    return np.sort(keys[np.lexsort((keys, -n))[:_MAX_TOPICS]])


def _usual_log_length(log_length: Float) -> Float:
    known = ~np.isnan(log_length)
    return np.asarray(np.nansum(log_length, axis=0) / np.maximum(known.sum(axis=0), 1))
