"""Sentences of an analysis come back in the reader's language, whatever they quote."""

from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.sentences import say, translated
from experiments.texts import texts

_KEYS = sorted(key for key in texts("en") if key.startswith("analysis."))
_QUOTED = st.text(st.characters(exclude_characters="{}"), min_size=1, max_size=12)


def _fields(key: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(texts("en")[key]) if name]


@pytest.mark.parametrize("key", _KEYS)
def test_every_sentence_is_found_again(key: str) -> None:
    fields = {name: f"<{name}>" for name in _fields(key)}
    said = say(key.removeprefix("analysis."), **fields)
    assert translated(said, "ja") == texts("ja")[key].format(**fields)
    assert translated(said, "en") == said


def test_a_reason_within_a_sentence_is_translated_too() -> None:
    reason = say("few_clusters.control", n=3, s="s", least=4)
    said = say("not_computable", name="y, b", reason=reason)
    assert said == f"y, b: not computable, {reason}"
    told = translated(said, "ja")
    assert told.startswith("y, bは計算できません：対照群には値のあるまとまりが3個しかありません")
    assert "cluster" not in told


@given(name=_QUOTED, some=_QUOTED)
def test_whatever_is_quoted_stays_as_it_is(name: str, some: str) -> None:
    told = translated(say("in_several", unit=name, n=2, s="s", some=some), "ja")
    assert told == texts("ja")["analysis.in_several"].format(unit=name, n=2, some=some)


def test_other_sentences_stay_as_they_are() -> None:
    assert translated("the moon is full", "ja") == "the moon is full"
    assert translated("x" * 5_000, "ja") == "x" * 5_000
