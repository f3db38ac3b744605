"""Reach, plan and gains in the languages of the readers; the words are in ``texts.json``."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from recsys.advice.wording import LANGUAGES, format_name
from recsys.reach.analyst import Reach
from recsys.reach.gains import ACTIVITY, SEGMENT, Gains, GroupGain
from recsys.reach.plan import FormatHint, Step
from recsys.reports.suppression import DEFAULT_K
from recsys.segments.wording import segment_names

__all__ = ["LANGUAGES", "fate_name", "gain_sentences", "reach_sentences", "step_sentence"]

_MOST_GROUPS = 5
"""Groups that sentences name; the figures hold all."""


@cache
def _texts(language: str) -> Mapping[str, str]:
    loaded: dict[str, dict[str, str]] = json.loads(
        files("recsys.reach").joinpath("texts.json").read_text(encoding="utf-8")
    )
    return {key: words[language] for key, words in loaded.items()}


def fate_name(fate: str, language: str) -> str:
    """Return a stage or a cause in words; ``language`` of ``LANGUAGES``."""
    texts = _texts(language)
    return texts.get(f"stage.{fate}") or texts[f"cause.{fate}"]


def reach_sentences(reach: Reach, language: str) -> list[str]:
    """Return what was reached, and the steps of the plan that somebody is known to need."""
    texts, funnel = _texts(language), reach.funnel
    opened = next(s.at_least for s in funnel.stages if s.stage == "opened")
    key = "summary.hidden" if funnel.audience is None else "summary"
    if funnel.audience is not None and opened is None:
        key = "summary.opened_hidden"
    told = [texts[key].format(audience=funnel.audience, opened=opened, k=DEFAULT_K)]
    if reach.is_sensitive:
        told.append(texts["sensitive"])
    return told + [step_sentence(step, language) for step in reach.plan if step.people]


def step_sentence(step: Step, language: str) -> str:
    """Return what to do about one cause; empty for a hidden group or nobody."""
    if not step.people:
        return ""
    texts = _texts(language)
    action = step.cause if step.action == "signage_print" else step.action
    told = [texts[f"action.{action}"].format(people=f"{step.people:,}")]
    if step.format is not None:
        told.append(_hint(step.format, language))
    if step.expected_readers is not None:
        told.append(texts["expected"].format(readers=f"{step.expected_readers:,}"))
    if step.best_hours:
        hours = ", ".join(texts["hour"].format(hour=hour) for hour in step.best_hours)
        told.append(texts["hours"].format(hours=hours))
    return ("" if language == "ja" else " ").join(told)


def gain_sentences(gains: Gains, language: str) -> list[str]:
    """Return for whom a content would do most, or why nothing can be said."""
    texts = _texts(language)
    if gains.reason is not None:
        return [texts[f"gains.{gains.reason}"].format(k=DEFAULT_K)]
    told = [_gain(group, language) for group in gains.groups[:_MOST_GROUPS]]
    return [*told, texts["gains.sample"]] if gains.is_sample else told


def _gain(gain: GroupGain, language: str) -> str:
    texts = _texts(language)
    group = gain.group
    if gain.attribute == SEGMENT:
        group = segment_names()[group][language]
    elif gain.attribute == ACTIVITY:
        group = texts[f"group.{group}"]
    told = texts["gain"].format(
        attribute=texts[f"attribute.{gain.attribute}"], group=group, people=f"{gain.people:,}",
        readers=f"{gain.expected_readers:,}", lift=gain.lift,
    )  # fmt: skip
    if gain.is_usually_unreached:
        told += ("" if language == "ja" else " ") + texts["gain.unreached"]
    return told[:1].upper() + told[1:]


def _hint(hint: FormatHint, language: str) -> str:
    kind = "exists" if hint.exists else "new"
    sure = "clear" if hint.is_clear else "unclear"
    name = format_name(hint.format, language)
    return _texts(language)[f"format.{kind}.{sure}"].format(format=name)
