"""Format advice for one company: puts the question together and asks the model."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recsys.advice.advice import FormatAdvice, added_by, advise
from recsys.advice.advised_story import Story, content_story, planned_story, topic_names
from recsys.advice.audience_people import MOST_ASKED, meant_by, panel_of
from recsys.advice.outcomes import draw_outcomes
from recsys.advice.readers import Readers, read_panel
from recsys.advice.taste_shares import TasteShares, taste_shares
from recsys.audience.audience import Audiences
from recsys.audience.rules import Rule
from recsys.formats.design import N_FORMATS
from recsys.formats.stories import Index, Stories, describe_stories
from recsys.formats.taste_model import TasteModel
from recsys.formats.tastes import FormatTastes
from recsys.state.live import LiveState

__all__ = ["FormatAdviser"]

_FIRST_LOOK_PEOPLE = 300
"""People asked while contents are only compared: enough to tell apart what differs by a tenth."""
_FIRST_LOOK_DRAWS = 20
_LOOKED_TWICE = 3
"""Contents looked at with all people and draws, for each one that is wanted."""


class FormatAdviser:
    """Answers the questions of those who decide which formats are made. Not thread-safe.

    Made for one question or a few: attributes that change later may be missed. Audiences are rules
    (:mod:`recsys.audience.rules`); without one, everybody is meant. A wrong rule raises
    :class:`recsys.audience.rules.RuleError`. Without ``audiences`` nobody is in a segment.
    """

    def __init__(
        self, model: TasteModel, state: LiveState, tastes: FormatTastes,
        audiences: Audiences | None = None,
    ) -> None:  # fmt: skip
        self._model, self._state, self._tastes = model, state, tastes
        self._audiences = audiences or Audiences(state.catalogue)

    def on_content(self, content: int, at: int, audience: Rule | None = None) -> FormatAdvice:
        """Return advice on a content, by index, for those of its own audience who are meant."""
        stories = self._stories()
        readers = self._readers(audience, at, content=content)
        return self._on_content(stories, content, at, readers)

    def on_plan(self, topics: Sequence[str], at: int, audience: Rule | None = None) -> FormatAdvice:
        """Return advice on a story about ``topics`` that nobody has made yet."""
        readers = self._readers(audience, at)
        if readers is None:
            return FormatAdvice(None, tuple(topics), is_suppressed=True)
        story = planned_story(self._model, topics, len(readers.mean))
        return self._advice(self._stories(), story, readers)

    def most_missed(
        self, at: int, n: int = 10, audience: Rule | None = None
    ) -> tuple[FormatAdvice, ...]:
        """Return advice on the ``n`` live contents that miss most completions for want of a format.

        Most first, ties by content id; contents with too small an audience are left out. All are
        compared with few people and draws before some are looked at closely. Cost: 10 ms a live
        content and half a second for each of ``n``, with 2,000 people.
        """
        quick = self._readers(audience, at, _FIRST_LOOK_PEOPLE)
        if quick is None:
            return ()
        stories, live = self._stories(), self._state.catalogue.contents.live(at)
        gains = np.array([self._quick_gain(stories, int(c), at, quick) for c in live])
        held: dict[object, Readers | None] = {}
        found = []
        published_at = self._state.catalogue.contents.published_at
        for content in live[np.argsort(-gains, kind="stable")[: _LOOKED_TWICE * n]].tolist():
            own = self._audiences.of_content(content)
            moment = published_at[content] if own and own.mode == "snapshot" else None
            key = own, moment
            if key not in held:
                held[key] = self._readers(audience, at, content=content)
            advice = self._on_content(stories, content, at, held[key])
            if _gain(advice) > 0:
                found.append(advice)
        return tuple(sorted(found, key=lambda a: (-_gain(a), a.content_id))[:n])

    def taste_shares(self, at: int) -> TasteShares | None:
        """Return how much of the format tastes departments, jobs … tell; None if suppressed."""
        readers = self._readers(None, at)
        if readers is None:
            return None
        codes = self._codes(self._stories())
        return taste_shares(self._model.logit, readers, self._state.catalogue, codes, at)

    def _on_content(
        self, stories: Stories, content: int, at: int, readers: Readers | None
    ) -> FormatAdvice:
        if readers is None:
            catalogue = self._state.catalogue
            content_id = catalogue.contents.ids.id(content)
            return FormatAdvice(content_id, topic_names(catalogue, content), is_suppressed=True)
        return self._advice(stories, self._story(stories, content, at, readers), readers)

    def _advice(self, stories: Stories, story: Story, readers: Readers) -> FormatAdvice:
        outcomes = draw_outcomes(self._model.logit, story, readers, self._codes(stories))
        return advise(story, outcomes)

    def _quick_gain(self, stories: Stories, content: int, at: int, readers: Readers) -> float:
        """Return what the best missing format would add, roughly."""
        story = self._story(stories, content, at, readers)
        one, people = np.array([content], np.int32), readers.panel.employees
        is_meant = [self._audiences.includes(person, at, one)[0] for person in people.tolist()]
        story = replace(story, is_done=story.is_done | ~np.array(is_meant))
        outcomes = draw_outcomes(
            self._model.logit, story, readers, self._codes(stories), n_draws=_FIRST_LOOK_DRAWS
        )
        drawn = added_by(story, outcomes).values()
        return max((float(readers.panel.weight @ d.mean(axis=1)) for d in drawn), default=0.0)

    def _story(self, stories: Stories, content: int, at: int, readers: Readers) -> Story:
        return content_story(
            self._model, stories, self._tastes.people.appeals, self._state, self._audiences,
            readers.panel.employees, content, at,
        )  # fmt: skip

    def _readers(
        self, rule: Rule | None, at: int, most: int = MOST_ASKED, content: int | None = None
    ) -> Readers | None:
        audience = self._audiences.compile(rule or {})
        meant = meant_by(self._state.catalogue, self._audiences, at, audience, content)
        panel = panel_of(self._state, meant, at, most)
        if panel is None:
            return None
        return read_panel(panel, self._state, self._tastes, self._audiences, at)

    def _stories(self) -> Stories:
        return describe_stories(self._state.catalogue, self._model.topic_keys)

    def _codes(self, stories: Stories) -> Index:
        """Return the formats the company makes; of others nothing is known. All if it made none."""
        made = np.flatnonzero(stories.exists.any(axis=0))
        return made if len(made) else np.arange(N_FORMATS)


def _gain(advice: FormatAdvice) -> float:
    return max((o.added.value for o in advice.formats if o.added is not None), default=0.0)
