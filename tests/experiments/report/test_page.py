import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments import analyze
from experiments.report.page import render_report, write_report
from experiments.report.verdict import Yardstick
from experiments.texts import LANGUAGES, Language
from tests.experiments.report.results import entry, result, results, silent

VOID = {"meta", "rect", "line", "circle", "wbr"}


class _Page(HTMLParser):
    """Elements, attributes and text; fails on elements that are not closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def _words(page: str) -> str:
    """Return the text without the marks that keep names apart from their sentence."""
    text = _Page(page).text.replace("\u2068", "").replace("\u2069", "")
    return re.sub(r"\s+", " ", text)


MIXED = result(
    entry("reach", "b", 0.40, 0.02, 0.08, 0.001) | {"method": "proportion"},
    entry("minutes", "b", 40.0, -1.0, 1.0, 0.9),
    entry("clicks", "b", 2.0, -0.5, 0.5, 0.8),
    silent("survey", "b", "the values do not vary within the arms"),
    excluded=[{"metric": "clicks", "variant": "b", "column": "clicks", "cause": "missing",
               "count": 14}],
    warnings=["2 units changed their team"],
)  # fmt: skip


def test_the_page_says_what_was_found() -> None:
    text = _words(render_report(MIXED, "en", title="Feed"))
    assert "“b” does better than “a”: +5.0 points (+12.5%)." in text
    assert "On average 40.0% with a, 45.0% with b." in text
    assert "The true difference most likely lies between +2.0 and +8.0 points." in text
    assert "whatever the difference, it is smaller than 4.0 (10%)" in text
    assert "may differ from “a” in a way that matters, or not at all" in text
    assert "could not be judged: the values do not vary within the arms" in text
    assert "Their sizes fit the plan (drawn by employee_id, p = 0.70)" in text
    assert "14: no value (column clicks, metric clicks, variant b)" in text
    assert "2 units changed their team" in text
    assert "significan" not in text


def test_the_page_in_japanese() -> None:
    page = render_report(MIXED, "ja")
    text = _words(page)
    assert '<html lang="ja">' in page
    assert "「b」は「a」より良い結果です：+5.0ポイント（+12.5%）。" in text
    assert "まだ判断できない" in text
    assert "14件：値がありません" in text


def test_reasons_and_warnings_are_in_the_language_of_the_page() -> None:
    reason = "the values do not vary within the arms"
    given = result(silent("y", "b", reason), warnings=[f"y, b: not computable, {reason}", "Full"])
    text = _words(render_report(given, "ja"))
    assert "計算できませんでした：各グループの中で値がすべて同じです。" in text
    assert "y, bは計算できません：各グループの中で値がすべて同じです。" in text
    assert "Full" in text
    assert "vary" not in text
    assert reason in _words(render_report(given, "en"))


def test_groups_that_are_not_what_was_planned_silence_everything() -> None:
    page = render_report(result(entry("y", "b", 10, 2, 3, 1e-9), flag=True), "en")
    text = _words(page)
    assert "Their sizes do not fit the plan (drawn by employee_id, p < 0.0001)" in text
    assert "cannot be compared: the groups are not what was planned" in text
    assert "does better" not in text
    assert "<svg" not in page


def test_the_yardstick_and_the_direction_are_told() -> None:
    yardstick = Yardstick(0.5, frozenset({"reach"}), alpha=0.1)
    text = _words(render_report(MIXED, "en", yardstick=yardstick))
    assert "A change of 50% or more counts as one that matters" in text
    assert "“b” does worse than “a”" in text
    assert "less is better" in text
    assert "But the difference is smaller than 20.0 points (50%)" in text
    assert "The 90% interval" in text


def test_what_else_an_analysis_may_tell() -> None:
    kept = entry("y", "b", 10, -0.2, 0.4, 0.5)
    lost = entry("z", "b", 10, -3.0, 0.4, 0.5)
    kept["non_inferiority"] = {"margin": 1.0, "bound": -0.2, "is_non_inferior": True}
    lost["non_inferiority"] = {"margin": 1.0, "bound": -3.0, "is_non_inferior": False}
    told = result(
        kept, lost,
        look={"number": 2, "share": 0.5, "z": 2.5, "level": 0.01},
        exposure={"shares": {"a": 0.5, "b": None}, "p_value": 1e-6, "flag": True},
        segments=[{"segment": "site", "groups": [
            {"value": "north", "is_hidden": False, "metrics": [kept]},
            {"value": None, "is_hidden": True, "metrics": []},
        ]}],
    )  # fmt: skip
    text = _words(render_report(told, "en"))
    assert "It does no worse than was allowed (−1.00): the interval ends at −0.20." in text
    assert "It may do worse than was allowed (−1.0): the interval ends at −3.0." in text
    assert "This is look number 2 as planned, at 50% of the information." in text
    assert "(a 50.0%, b –; p < 0.0001): check how it was shown" in text
    assert "By group of people: site" in text
    assert "hidden: too few people" in text


@settings(max_examples=100, deadline=None)
@given(told=results, language=st.sampled_from(LANGUAGES))
def test_any_result_renders_and_no_name_gets_through(
    told: dict[str, Any], language: Language
) -> None:
    page = _Page(render_report(told, language, title="<b>&"))
    assert not {"script", "img", "b", "i", "a", "link", "iframe"} & set(page.tags)
    assert not any(
        name.startswith("on") or name in ("src", "href", "style") for name, _ in page.attributes
    )
    assert "nan" not in " ".join(v for n, v in page.attributes if n in ("x", "x1", "cx"))
    assert page.tags.count("article") == len(told["metrics"])
    assert "\u202e" not in page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_needs_nothing_else(language: Language, tmp_path: Path) -> None:
    page = render_report(MIXED, language)
    assert not re.search(r"https?:|url\(|@import|<script|<link", page)
    assert "default-src 'none'" in page
    write_report(tmp_path / "report.html", page)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page


def test_a_plot_is_told_in_words_too() -> None:
    labels = [value for name, value in _Page(render_report(MIXED, "en")).attributes
              if name == "aria-label"]  # fmt: skip
    assert "reach: b +5.0 points (+2.0 to +8.0 points)" in [
        label.replace("\u2068", "").replace("\u2069", "") for label in labels
    ]


@pytest.mark.parametrize("n", [0, 12, 400])
def test_what_the_analysis_gives_is_rendered(n: int) -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"id": np.arange(n), "arm": np.where(np.arange(n) % 2, "a", "b"),
         "team": np.arange(n) // 2 % 40, "y": rng.normal(size=n), "r": rng.random(n) < 0.5,
         "c": 1.0}
    )  # fmt: skip
    frame["arm"] = np.where(frame["team"] % 2, "a", "b")
    if n == 0:
        told = result()
    else:
        told = analyze(
            frame, variant="arm", control="a", unit="id", cluster="team",
            metrics=["y", "r:proportion", "c"], ratios=["y/c"], margins={"y": 0.5},
        )  # fmt: skip
    json.dumps(told, allow_nan=False)
    for language in LANGUAGES:
        _Page(render_report(told, language))
