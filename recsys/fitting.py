"""Learning a model from a company's log: replay, take rows, fit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from recsys.affinity.factors import FactorProvider, FactorSnapshot
from recsys.affinity.snapshots import Pairs, SnapshotRecipe, fit_snapshots
from recsys.audience.audience import Audiences
from recsys.candidates.eligible import EligibleContents
from recsys.candidates.shortlist import ShortlistRecipe
from recsys.catalogue.catalogue import Catalogue
from recsys.event_columns import EventColumns
from recsys.features.content_vectors import ContentVectors
from recsys.features.moment import Sources
from recsys.formats.taste_fitting import fit_tastes
from recsys.interactions import InteractionLog, Targets, find_targets, first_interactions
from recsys.model import Model
from recsys.ranker.choices import Choices, describe_choices
from recsys.ranker.lambdarank import MIN_QUESTIONS, RankerRecipe, fit_ranker
from recsys.ranker.training_rows import Sampling, TrainingRows, collect_rows
from recsys.segments.fitting import fit_segments
from recsys.segments.model import SegmentModel
from recsys.slate.fatigue_fitting import fit_fatigue
from recsys.state.live import LiveState
from recsys.state.marks import marks_of
from recsys.state.showings import showings_of
from recsys.text.topics import TopicModel
from recsys.text.vectors import TextModel
from recsys.times import to_micros

__all__ = ["Progress", "Recipe", "fit_model", "learnable"]

Progress = Callable[[str, int, int], None]
"""Called with the name of the step, units done and units in all."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """All hyper-parameters of a training run."""

    text_size: int = 128
    shortlist: ShortlistRecipe = field(default_factory=ShortlistRecipe)
    sampling: Sampling = field(default_factory=Sampling)
    ranker: RankerRecipe = field(default_factory=RankerRecipe)
    snapshots: SnapshotRecipe = field(default_factory=SnapshotRecipe)


def fit_model(
    state: LiveState,
    log: EventColumns,
    until: datetime,
    *,
    recipe: Recipe,
    seed: int,
    progress: Progress,
    inspect: Callable[[TrainingRows], None] | None = None,
    previous: SegmentModel | None = None,
) -> Model:
    """Fit on a log that ends before ``until``.

    ``state`` is new and has observed ``log`` (in the order of the data set); it is moved forward
    through history and ends at ``until``. People who opted out are not learned from. ``inspect`` is
    shown the rows the ranker is fitted on, so that others can be fitted on them for comparison.
    Groups that correspond to one of the ``previous`` segments keep its name.
    """
    until_us = to_micros(until)
    catalogue = state.catalogue
    pairs, choices = _choices(state, log, until_us)
    text = _fit_text(state, until_us, recipe, seed)
    moments = _snapshot_moments(choices.targets, recipe, until_us)
    snapshots, reason = fit_snapshots(
        catalogue, pairs, moments, recipe=recipe.snapshots, seed=seed,
        progress=_counting(progress, "fit factors", len(moments)),
    )  # fmt: skip
    vectors = ContentVectors(text, catalogue.contents)
    topics = _fit_topics(state, vectors, until_us)
    sources = Sources(state, vectors, FactorProvider(catalogue, snapshots), topics)
    eligible = EligibleContents(state, Audiences(catalogue))
    n_targets = min(len(choices), recipe.sampling.max_targets)
    rows = collect_rows(
        sources, choices, eligible.retrieve, sampling=recipe.sampling,
        shortlist=recipe.shortlist, seed=seed,
        progress=_counting(progress, "replay", n_targets),
    )  # fmt: skip
    if inspect is not None:
        inspect(rows)
    ranker = fit_ranker(rows, recipe=recipe.ranker, seed=seed)
    state.advance(until_us)
    notes = [f"no affinity scores: {reason}"] if reason and not snapshots else []
    if ranker is None:
        found = len(rows.group_sizes)
        notes.append(f"no ranker: {found} choices to learn from, {MIN_QUESTIONS} are needed")
    if rows.n_missed:
        n_asked = rows.n_missed + len(rows.group_sizes)
        notes.append(
            f"{rows.n_missed:,} of {n_asked:,} choices were not on the shortlist, nor learned from"
        )
    final: FactorSnapshot | None = snapshots[-1] if snapshots else None
    told = learnable(log, catalogue)
    showings = showings_of(*marks_of(told, catalogue))
    seconds = catalogue.renditions.seconds_by_format(len(catalogue.contents))
    segments = fit_segments(showings, seconds, until_us, previous)  # fmt: skip
    return Model(
        ranker, text, final, until, recipe.shortlist, fit_tastes(told, catalogue), segments,
        tuple(notes), topics=topics,
        fatigue=fit_fatigue(showings, catalogue.contents.published_at),
    ).named()  # fmt: skip


def _choices(state: LiveState, log: EventColumns, until_us: int) -> tuple[Pairs, Choices]:
    """Return first interactions, and those of them to learn ranking from."""
    opted_out = state.catalogue.preferences.opted_out()
    known = state.catalogue.contents["known"].view(np.bool_)
    interactions = log.take(log.is_interaction & ~np.isin(log.employee, opted_out))
    interactions = interactions.take(known[interactions.content])
    read = InteractionLog(interactions.employee, interactions.content, interactions.occurred_at)
    firsts = first_interactions(read)
    earliest = int(read.occurred_at.min()) if len(interactions) else until_us
    targets = find_targets(read, earliest, until_us)
    choices = describe_choices(targets, log)
    return Pairs(firsts.employee, firsts.content, firsts.occurred_at), choices


def learnable(log: EventColumns, catalogue: Catalogue) -> EventColumns:
    """Return the events on known contents of people who have not opted out."""
    about = log.take((log.content >= 0) & ~np.isin(log.employee, catalogue.preferences.opted_out()))
    known = catalogue.contents["known"].view(np.bool_)
    return about.take(known[about.content])


def _fit_text(state: LiveState, until_us: int, recipe: Recipe, seed: int) -> TextModel:
    contents = state.catalogue.contents
    published_at = contents.published_at
    past = np.flatnonzero(contents["known"].view(np.bool_) & (published_at < until_us))
    texts = [contents.texts[int(row)] for row in past]
    return TextModel.fit(texts, size=recipe.text_size, seed=seed)


def _fit_topics(state: LiveState, vectors: ContentVectors, until_us: int) -> TopicModel:
    contents = state.catalogue.contents
    past = np.flatnonzero(contents["known"].view(np.bool_) & (contents.published_at < until_us))
    names = contents.topics_map
    labels = [[names.id(t) for t in contents.topics[row].tolist() if t >= 0] for row in past]
    return TopicModel.fit(vectors.of(past.astype(np.int32)), labels)


def _snapshot_moments(targets: Targets, recipe: Recipe, until_us: int) -> list[int]:
    """Return moments that divide the training rows evenly, and the end."""
    times = targets.occurred_at[-recipe.sampling.max_targets :]
    n = recipe.snapshots.n_snapshots
    starts = [int(times[len(times) * i // n]) for i in range(n)] if len(times) else []
    return [*starts, until_us]


def _counting(progress: Progress, step: str, total: int) -> Callable[[], None]:
    done = 0

    def one_more() -> None:
        nonlocal done
        done += 1
        progress(step, done, total)

    return one_more
