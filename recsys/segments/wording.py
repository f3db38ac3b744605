"""Segments in the languages of the readers; the words are in ``texts.json``."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from recsys.segments.axes import AXES
from recsys.segments.groups import CODES, GROUPS
from recsys.segments.rules import Condition, Rule

__all__ = ["LANGUAGES", "segment_names", "segment_rules"]

LANGUAGES: tuple[str, ...] = ("ja", "en")

Words = dict[str, str]
"""One text by language."""


@cache
def _texts() -> Mapping[str, Words]:
    loaded: dict[str, Words] = json.loads(
        files("recsys.segments").joinpath("texts.json").read_text(encoding="utf-8")
    )
    return loaded


def segment_names() -> dict[str, Words]:
    """Return the name of every code, by language."""
    return {code: _texts()[f"name.{code}"] for code in CODES}


def segment_rules(rules: tuple[Rule, ...], numbers: Mapping[str, int]) -> dict[str, Words]:
    """Return by code and language how people come into each segment; the rules themselves.

    ``numbers`` fill the texts of the segments that are not learned. A learned group that has no
    rule at present is left out.
    """
    given = [code for code in CODES if code not in GROUPS]
    told = {code: _fill(f"rule.{code}", numbers) for code in given}
    for number, rule in enumerate(rules, start=1):
        told[GROUPS[rule.group]] = {
            language: _learned(rule, number, len(rules), language) for language in LANGUAGES
        }
    return told | {"all_round": _fill("rule.all_round", {})}


def _fill(key: str, numbers: Mapping[str, int]) -> Words:
    return {language: text.format(**numbers) for language, text in _texts()[key].items()}


def _learned(rule: Rule, number: int, total: int, language: str) -> str:
    conditions = _texts()["rule.and"][language].join(
        _condition(condition, language) for condition in rule.conditions
    )
    text = _texts()["rule.learned"][language]
    told = text.format(conditions=conditions, number=number, total=total)
    return told[:1].upper() + told[1:]


def _condition(condition: Condition, language: str) -> str:
    side = "more" if condition.side > 0 else "less"
    text = _texts()[f"condition.{AXES[condition.axis]}.{side}"][language]
    return text.format(cut=f"{condition.cut:+.2f}".replace("-", "−"))
