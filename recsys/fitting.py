"""Learning a model from a company's log: replay, take rows, fit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
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
from recsys.formats.taste_model import TasteModel
from recsys.interactions import InteractionLog, Targets, find_targets, first_interactions
from recsys.model import Model
from recsys.ranker.choice_rows import ChoiceRows
from recsys.ranker.choices import Choices, describe_choices
from recsys.ranker.lambdarank import MIN_QUESTIONS, RankerRecipe, fit_ranker
from recsys.ranker.ranker import Ranker
from recsys.ranker.training_rows import Sampling, TrainingRows, rows_to_learn, take_rows
from recsys.segments.fitting import fit_segments
from recsys.segments.model import SegmentModel
from recsys.slate.fatigue_fitting import fit_fatigue
from recsys.state.live import LiveState
from recsys.state.marks import marks_of
from recsys.state.showings import showings_of
from recsys.text.topics import TopicModel
from recsys.text.vectors import TextModel
from recsys.times import to_micros

__all__ = [
    "Affinities",
    "Formats",
    "Progress",
    "Recipe",
    "Texts",
    "describe",
    "even_moments",
    "find_choices",
    "fit_affinities",
    "fit_formats",
    "fit_model",
    "learnable",
    "ranker_notes",
]

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


@dataclass(frozen=True, slots=True)
class Texts:
    """What is known about contents from their texts before a moment."""

    text: TextModel
    topics: TopicModel
    vectors: ContentVectors

    @classmethod
    def before(cls, catalogue: Catalogue, moment: int, *, recipe: Recipe, seed: int) -> "Texts":
        """Fit on the contents published before ``moment`` (microseconds)."""
        contents = catalogue.contents
        is_past = contents["known"].view(np.bool_) & (contents.published_at < moment)
        past = np.flatnonzero(is_past).astype(np.int32)
        known = [contents.texts[row] for row in past.tolist()]
        text = TextModel.fit(known, size=recipe.text_size, seed=seed)
        vectors = ContentVectors(text, contents)
        names = contents.topics_map
        labels = [[names.id(t) for t in contents.topics[row].tolist() if t >= 0] for row in past]
        return cls(text, TopicModel.fit(vectors.of(past), labels), vectors)


@dataclass(frozen=True, slots=True)
class Affinities:
    """Factor models along history, the last one fitted at its end."""

    snapshots: list[FactorSnapshot]
    reason: str | None
    """Why one could not be fitted."""

    @property
    def final(self) -> FactorSnapshot | None:
        """Return the latest one."""
        return self.snapshots[-1] if self.snapshots else None

    def at(self, moment: int) -> FactorSnapshot | None:
        """Return the latest one fitted by ``moment`` (microseconds)."""
        known = [snapshot for snapshot in self.snapshots if snapshot.fitted_at <= moment]
        return known[-1] if known else None

    @property
    def notes(self) -> list[str]:
        """Return a sentence where there is none."""
        missing = bool(self.reason and not self.snapshots)
        return [f"no affinity scores: {self.reason}"] if missing else []


@dataclass(frozen=True, slots=True)
class Formats:
    """How people read: in which format, by which habits, and how quickly they tire."""

    tastes: TasteModel
    segments: SegmentModel | None
    fatigue: float

    def put_into(self, model: Model) -> Model:
        """Return the model with these in place of guesses."""
        return replace(model, tastes=self.tastes, segments=self.segments, fatigue=self.fatigue)


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
    pairs, choices = find_choices(catalogue, log, until_us)
    latest = choices.latest(recipe.sampling.max_targets)
    texts = Texts.before(catalogue, until_us, recipe=recipe, seed=seed)
    moments = [*even_moments(latest.targets, recipe.snapshots.n_snapshots), until_us]
    affinities = fit_affinities(
        catalogue, pairs, moments, recipe=recipe, seed=seed, progress=progress
    )
    taken = describe(
        state, texts, affinities, latest.targets, recipe=recipe, seed=seed, progress=progress
    )
    rows = rows_to_learn(taken, latest)
    if inspect is not None:
        inspect(rows)
    ranker = fit_ranker(rows, recipe=recipe.ranker, seed=seed)
    state.advance(until_us)
    model = Model(
        ranker, texts.text, affinities.final, until, recipe.shortlist, topics=texts.topics,
        notes=(*affinities.notes, *ranker_notes(ranker, rows)),
    )  # fmt: skip
    return fit_formats(log, catalogue, until_us, previous).put_into(model).named()


def fit_affinities(
    catalogue: Catalogue, pairs: Pairs, moments: Sequence[int], *, recipe: Recipe, seed: int,
    progress: Progress,
) -> Affinities:  # fmt: skip
    """Fit a factor model at every moment (microseconds), each on nothing but its past."""
    snapshots, reason = fit_snapshots(
        catalogue, pairs, moments, recipe=recipe.snapshots, seed=seed,
        progress=_counting(progress, "fit factors", len(moments)),
    )  # fmt: skip
    return Affinities(snapshots, reason)


def describe(
    state: LiveState, texts: Texts, affinities: Affinities, targets: Targets, *, recipe: Recipe,
    seed: int, progress: Progress,
) -> ChoiceRows:  # fmt: skip
    """Replay the log that ``state`` has observed and take the rows of every target."""
    factors = FactorProvider(state.catalogue, affinities.snapshots)
    sources = Sources(state, texts.vectors, factors, texts.topics)
    eligible = EligibleContents(state, Audiences(state.catalogue))
    return take_rows(
        sources, targets, eligible.retrieve, sampling=recipe.sampling,
        shortlist=recipe.shortlist, seed=seed,
        progress=_counting(progress, "replay", len(targets)),
    )  # fmt: skip


def fit_formats(
    log: EventColumns, catalogue: Catalogue, until_us: int, previous: SegmentModel | None
) -> Formats:
    """Fit what a log that ends before ``until_us`` tells about how people read."""
    told = learnable(log, catalogue)
    showings = showings_of(*marks_of(told, catalogue))
    seconds = catalogue.renditions.seconds_by_format(len(catalogue.contents))
    return Formats(
        fit_tastes(told, catalogue),
        fit_segments(showings, seconds, until_us, previous),
        fit_fatigue(showings, catalogue.contents.published_at),
    )


def ranker_notes(ranker: Ranker | None, rows: TrainingRows) -> list[str]:
    """Return sentences about what a ranker could not learn from."""
    notes = []
    found = len(rows.group_sizes)
    if ranker is None:
        notes.append(f"no ranker: {found} choices to learn from, {MIN_QUESTIONS} are needed")
    if rows.n_missed:
        notes.append(
            f"{rows.n_missed:,} of {rows.n_missed + found:,} choices were not on the shortlist, "
            "nor learned from"
        )
    return notes


def find_choices(catalogue: Catalogue, log: EventColumns, until_us: int) -> tuple[Pairs, Choices]:
    """Return first interactions, and those of them to learn ranking from, in time order."""
    opted_out = catalogue.preferences.opted_out()
    known = catalogue.contents["known"].view(np.bool_)
    interactions = log.take(log.is_interaction & ~np.isin(log.employee, opted_out))
    interactions = interactions.take(known[interactions.content])
    read = InteractionLog(interactions.employee, interactions.content, interactions.occurred_at)
    firsts = first_interactions(read)
    earliest = int(read.occurred_at.min()) if len(interactions) else until_us
    targets = find_targets(read, earliest, until_us)
    choices = describe_choices(targets, log)
    return Pairs(firsts.employee, firsts.content, firsts.occurred_at), choices


def even_moments(targets: Targets, n: int) -> list[int]:
    """Return ``n`` moments that divide targets evenly, the first one at the first of them."""
    times = targets.occurred_at
    return [int(times[len(times) * i // n]) for i in range(n)] if len(times) else []


def learnable(log: EventColumns, catalogue: Catalogue) -> EventColumns:
    """Return the events on known contents of people who have not opted out."""
    about = log.take((log.content >= 0) & ~np.isin(log.employee, catalogue.preferences.opted_out()))
    known = catalogue.contents["known"].view(np.bool_)
    return about.take(known[about.content])


def _counting(progress: Progress, step: str, total: int) -> Callable[[], None]:
    done = 0

    def one_more() -> None:
        nonlocal done
        done += 1
        progress(step, done, total)

    return one_more
