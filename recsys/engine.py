"""The engine: one company's live state with a model on top, in one process."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import pandas as pd

from recsys.advice.adviser import FormatAdviser
from recsys.answers import (
    Begun,
    Explanation,
    FeedRequest,
    FormatPreference,
    ObserveReport,
    PublicRequest,
    Ranked,
    RenditionChoice,
    Sending,
    Slate,
    UpsertReport,
)
from recsys.audience.audience import Audiences
from recsys.audience.named import NamedSegments
from recsys.borders import checked_rows
from recsys.candidates.eligible import EligibleContents
from recsys.candidates.related import Related, RelatedContents
from recsys.catalogue.catalogue import Catalogue
from recsys.catalogue.renditions import Rendition
from recsys.dataset.dataset import Dataset
from recsys.dataset.reading import read_dataset
from recsys.errors import ConfigurationError, DatasetError
from recsys.event_columns import EventColumns
from recsys.event_rows import encode_events
from recsys.fitting import Progress, Recipe, fit_model
from recsys.formats.tastes import FormatTastes
from recsys.ids import UNKNOWN_INDEX
from recsys.model import Model
from recsys.ranker.training_rows import TrainingRows
from recsys.reach.analyst import Reach, ReachAnalyst
from recsys.reach.gains import Gains
from recsys.reach.owing import Owing, owing
from recsys.scoring import LiveScorer
from recsys.segments.model import SegmentModel
from recsys.segments.segments import Segments
from recsys.slate.policy import SlatePolicy
from recsys.slate.public import PublicSlates
from recsys.slate.recipe import DEFAULT_SLATE, SlateRecipe
from recsys.slate.sending import SendingRules, sending
from recsys.state.live import LiveState
from recsys.times import HOUR_US, from_micros, to_micros

__all__ = ["DEFAULT_LATENESS", "Engine"]

DEFAULT_LATENESS = 48 * HOUR_US
"""Events that arrive later than this after they happened wait for the next training."""

_MOST_PARTS = 64

Rows = pd.DataFrame | Sequence[Mapping[str, Any]]


def _quiet(_step: str, _done: int, _total: int) -> None:
    """Show no progress."""


class Engine:
    """Ranks, feeds and format beliefs for every employee, live.

    Time runs forward: ``at`` never decreases from call to call; an earlier one raises
    :class:`recsys.errors.TimeTravelError`. Not thread-safe: one caller at a time.
    """

    def __init__(
        self, model: Model, state: LiveState, log: list[EventColumns],
        named: NamedSegments | None = None, slate: SlateRecipe = DEFAULT_SLATE,
    ) -> None:  # fmt: skip
        self.model = model
        self.state = state
        self._log = log
        segments = model.segments
        self.segments = None if segments is None else Segments(segments, state)
        self.audiences = Audiences(state.catalogue, self.segments, named)
        self.eligible = EligibleContents(state, self.audiences)
        self.scorer = LiveScorer(model, state)
        self.tastes = FormatTastes(model.tastes, state)
        self.slates = SlatePolicy(
            state, self.audiences, self.eligible, self.scorer, self.tastes, slate
        )
        self._beside: list[Engine] = []

    @classmethod
    def train(
        cls, dataset_dir: Path | str, until: datetime, *, recipe: Recipe | None = None,
        seed: int = 0, progress: Progress = _quiet,
    ) -> Self:  # fmt: skip
        """Fit on what a canonical data set held strictly before ``until``; rejects are left out."""
        dataset = read_dataset(Path(dataset_dir)).dataset
        return cls.fit(dataset, until, recipe=recipe, seed=seed, progress=progress)

    @classmethod
    def fit(
        cls, dataset: Dataset, until: datetime, *, recipe: Recipe | None = None, seed: int = 0,
        lateness_us: int = DEFAULT_LATENESS, progress: Progress = _quiet,
        inspect: Callable[[TrainingRows], None] | None = None,
        previous: SegmentModel | None = None,
    ) -> Self:  # fmt: skip
        """Fit on a data set in memory. The same data and seed give the same engine.

        The whole catalogue is taken over, contents that will be published later included; events
        from ``until`` on are not. ``inspect`` is shown the rows the ranker is fitted on; segments
        keep the names they had in ``previous`` ones.
        """
        until = from_micros(to_micros(until))  # in UTC; refuses a time without a zone
        catalogue = Catalogue.of(dataset)
        log = catalogue.encode(_before(dataset["events"], until))
        state = LiveState(catalogue, lateness_us=lateness_us)
        state.observe(log)
        model = fit_model(
            state, log, until, recipe=recipe or Recipe(), seed=seed, progress=progress,
            inspect=inspect, previous=previous,
        )  # fmt: skip
        return cls(model, state, [log])

    @classmethod
    def over(
        cls, model: Model, dataset: Dataset, at: datetime, named: NamedSegments | None = None
    ) -> Self:
        """Return an engine with a fitted model that knows a data set, at the moment ``at``."""
        catalogue = Catalogue.of(dataset)
        log = catalogue.encode(dataset["events"])
        state = LiveState(catalogue, lateness_us=DEFAULT_LATENESS)
        state.observe(log)
        state.advance(to_micros(at))
        return cls(model, state, [log], named)

    def observe(self, events: Rows) -> ObserveReport:
        """Take in events; bad rows are reported, never raised."""
        columns, rejects = encode_events(events, self.state.catalogue)
        observed = self.state.observe(columns)
        _append(self._log, columns)
        return ObserveReport(
            observed.applied, observed.duplicate, observed.late, observed.pending,
            len(rejects), rejects,
        )  # fmt: skip

    def upsert_contents(self, rows: Rows) -> UpsertReport:
        """Insert or replace contents; events that waited for them count from now on."""
        report = self._upsert("contents", rows)
        self.state.release_parked()
        return report

    def upsert_employees(self, rows: Rows) -> UpsertReport:
        """Add attribute versions, valid from ``valid_from`` or else from now on."""
        return self._upsert("employees", rows)

    def upsert_renditions(self, rows: Rows) -> UpsertReport:
        """Insert or replace renditions."""
        return self._upsert("renditions", rows)

    def upsert_preferences(self, rows: Rows) -> UpsertReport:
        """Replace employees' own choices."""
        return self._upsert("preferences", rows)

    def rank(self, employee_id: str, at: datetime, k: int | None = 10) -> list[Ranked]:
        """Return the best ``k`` candidates (None: all), best first, ties by newest then id."""
        if k is not None and k < 0:
            raise ConfigurationError(f"k is {k}; expected 0 or more, or None for all candidates")
        employee, at_us = self._moment(employee_id, at)
        candidates = self.eligible.retrieve(employee, at_us)
        places, scores = self.scorer.best(employee, candidates, at_us, k)
        ids, best = self.state.catalogue.contents.ids, candidates[places].tolist()
        return [Ranked(ids.id(i), s) for i, s in zip(best, scores.tolist(), strict=True)]

    def feed(self, request: FeedRequest, begun: Begun | None = None) -> Slate:
        """Return a feed: must-reads first, then the ranking, each in a fitting rendition.

        With ``begun`` the next ``limit`` slots of that slate, by what is known now: nothing comes
        twice, positions, caps and floors go on, and propensities are those of the new slots.
        Pass the request that began it, with the same ``request_id``.
        """
        if request.limit < 0:
            raise ConfigurationError(f"limit is {request.limit}; expected 0 or more")
        employee, at_us = self._moment(request.employee_id, request.at)
        return self.slates.feed(request, employee, at_us, begun)

    def public_feed(self, request: PublicRequest) -> Slate:
        """Return a feed for whoever passes a screen: nothing that anybody did decides.

        It holds what everybody may see and what is meant for all who have these attributes; the
        same question gets the same answer.
        """
        if request.limit < 0:
            raise ConfigurationError(f"limit is {request.limit}; expected 0 or more")
        at_us = to_micros(request.at)
        self.state.advance(at_us)
        public = PublicSlates(self.slates.sources, self.tastes, self.slates.recipe)
        return public.feed(request, at_us)

    def explain(self, request: FeedRequest, content_id: str) -> Explanation:
        """Return why a content is, or is not, in the feed of a request.

        It tells what somebody has seen and sent away: for that employee's own eyes only.
        """
        employee, at_us = self._moment(request.employee_id, request.at)
        content = self.state.catalogue.contents.ids.index(content_id)
        return self.slates.explain(request, employee, at_us, content)

    def sending(self, employee_id: str, at: datetime) -> Sending:
        """Return whether something may be sent to an employee now: leave, quiet hours, caps."""
        employee, at_us = self._moment(employee_id, at)
        return sending(self.state, SendingRules(), employee, at_us)

    def formats(self, employee_id: str, at: datetime) -> FormatPreference:
        """Return what is believed about the employee's preferred formats."""
        employee, _ = self._moment(employee_id, at)
        return self._formats(employee)

    def rendition(
        self, employee_id: str, content_id: str, at: datetime, request_id: str | None = None,
        device: str | None = None, surface: str = "portal",
    ) -> RenditionChoice:  # fmt: skip
        """Return which rendition of a content to show, drawn by its propensities."""
        employee, at_us = self._moment(employee_id, at)
        request = FeedRequest(
            employee_id, at, surface=surface, device=device, request_id=request_id
        )
        chooser = self.slates.chooser(request, employee, at_us)
        return chooser.choose(content_id)

    def suitable(self, request: FeedRequest, content_ids: Sequence[str]) -> list[list[Rendition]]:
        """Return for each content the renditions that suit reader and surface of a request.

        They are what :meth:`feed` draws from; of an unknown content the implicit article.
        """
        employee, at_us = self._moment(request.employee_id, request.at)
        chooser = self.slates.chooser(request, employee, at_us)
        contents = self.state.catalogue.contents.ids
        return [chooser.suitable(contents.index(content_id)) for content_id in content_ids]

    def related(
        self, content_id: str, at: datetime, employee_id: str | None = None, k: int = 5
    ) -> list[Related]:
        """Return what to read next to a content, nearest first, of what is eligible.

        Without an employee that is everybody's contents only. An unknown content raises
        :class:`recsys.errors.DatasetError`.
        """
        employee, at_us = self._moment(employee_id or "", at)
        content = self._content(content_id)
        candidates = self.slates.candidates(employee, at_us)
        sources = self.scorer.sources
        nearest = RelatedContents(
            self.state, sources.vectors, sources.topics, self.slates.duplicates
        )
        return nearest.best(content, candidates, at_us, k)

    def reach(self, content_id: str, at: datetime, *, plan: bool = True) -> Reach:
        """Return whom a content reached, why not the others, and what to do about them."""
        self.state.advance(to_micros(at))
        return self.analyst.reach(self._content(content_id), self.state.clock, plan=plan)

    def owing(self, content_id: str, at: datetime) -> Owing:
        """Return who has not yet acknowledged a must-read; keep a record of every such question."""
        self.state.advance(to_micros(at))
        content = self._content(content_id)
        return owing(self.state, self.audiences, content, self.state.clock)

    def audience_for(self, content_id: str, at: datetime) -> Gains:
        """Return which groups of a content's audience would gain most from it."""
        self.state.advance(to_micros(at))
        return self.analyst.gains(self._content(content_id), self.state.clock)

    def beside(self, model: Model) -> "Engine":
        """Return an engine of another model over the same state; the same one for the same model.

        What this one takes in counts there too, so it is only asked. Memory: the model's own
        vectors and scores of all contents; it lives as long as this engine.
        """
        found = next((engine for engine in self._beside if engine.model is model), None)
        if found is None:
            found = Engine(model, self.state, [], self.audiences.named, self.slates.recipe)
            self._beside.append(found)
        return found

    def as_of(self, at: datetime) -> Self:
        """Return an engine at an earlier moment, replayed from the log; the slow path.

        Model and catalogue are today's; contents and attributes count from their own times.
        """
        catalogue = deepcopy(self.state.catalogue)
        state = LiveState(catalogue, lateness_us=self.state.lateness_us)
        state.observe(EventColumns.concatenate(self._log))
        state.advance(to_micros(at))
        return type(self)(
            self.model, state, list(self._log), self.audiences.named, self.slates.recipe
        )

    @property
    def advice(self) -> FormatAdviser:
        """Return the adviser of the comms team about formats, as things stand now."""
        return FormatAdviser(self.model.tastes, self.state, self.tastes, self.audiences)

    @property
    def analyst(self) -> ReachAnalyst:
        """Return the analyst of the comms team about reach, as things stand now."""
        return ReachAnalyst(
            self.state, self.audiences, self.advice, self.scorer, self.eligible, self.segments
        )

    @property
    def now(self) -> datetime:
        """Return the latest moment this engine has answered for."""
        return from_micros(self.state.clock)

    @property
    def log(self) -> EventColumns:
        """Return everything observed, in the order of arrival."""
        return EventColumns.concatenate(self._log)

    def save(self, path: Path | str) -> None:
        """Write model, catalogue, state and log as a bundle; replaces one that is there."""
        from recsys.bundle import write_bundle

        write_bundle(self, Path(path))

    @classmethod
    def load(
        cls, path: Path | str, *, named: NamedSegments | None = None,
        slate: SlateRecipe = DEFAULT_SLATE,
    ) -> Self:  # fmt: skip
        """Read a bundle; raises :class:`recsys.errors.ModelError` if it is damaged.

        ``named`` are the company's own segments and ``slate`` its policy: no part of a bundle.
        """
        from recsys.bundle import read_bundle

        return cls(*read_bundle(Path(path)), named, slate)

    def _moment(self, employee_id: str, at: datetime) -> tuple[int, int]:
        at_us = to_micros(at)
        self.state.advance(at_us)
        return self.state.catalogue.employees.ids.index(employee_id), at_us

    def _content(self, content_id: str) -> int:
        contents = self.state.catalogue.contents
        content = contents.ids.index(content_id)
        if content == UNKNOWN_INDEX or not contents["known"][content]:
            raise DatasetError(f"there is no content {content_id!r}; put it first, or check the id")
        return content

    def _formats(self, employee: int) -> FormatPreference:
        preferences = self.state.catalogue.preferences.of(employee)
        learned_from = UNKNOWN_INDEX if preferences.personalization_opt_out else employee
        return self.tastes.preference(learned_from, self.state.clock, preferences.preferred_format)

    def _upsert(self, table: str, rows: Rows) -> UpsertReport:
        checked, rejects = checked_rows(table, rows)
        self.state.settle()
        self.state.catalogue.upsert(table, checked, valid_from=self.state.clock)
        for engine in (self, *self._beside):
            engine._refresh(table, checked)  # noqa: SLF001  (another of this class)
        return UpsertReport(len(checked), len(rejects), rejects)

    def _refresh(self, table: str, checked: pd.DataFrame) -> None:
        """Let rows of the catalogue count that have been changed."""
        if table != "preferences":
            self.tastes.refresh()
            if self.segments is not None:
                self.segments.refresh()
            self.audiences.refresh()
        if table == "employees":
            self.audiences.forget_employees()
            self.scorer.forget_employees()
        if table == "contents":
            changed = self.state.catalogue.contents.ids.indices(checked["content_id"])
            self.scorer.refresh(changed)
            self.slates.refresh(changed)


def _append(log: list[EventColumns], events: EventColumns) -> None:
    """Keep a part; when there are many, join the latest with those before that are no larger.

    So an event that comes alone costs no copy, and there are O(log n) parts besides the latest.
    """
    log.append(events)
    if len(log) > _MOST_PARTS:
        half = len(log) - _MOST_PARTS // 2
        log[half:] = [EventColumns.concatenate(log[half:])]
        while len(log) > 1 and len(log[-2]) <= len(log[-1]):
            log[-2:] = [EventColumns.concatenate(log[-2:])]


def _before(events: pd.DataFrame, until: datetime) -> pd.DataFrame:
    received_at = events["received_at"].fillna(events["occurred_at"])
    return events[(events["occurred_at"] < until) & (received_at < until)]
