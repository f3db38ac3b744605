"""What the company shows: which of its few drawings and clips stands for a content.

The files themselves ship with the demo page; here are only their addresses and their words. A clip
stands in for a film of any length: ``duration_seconds`` stays what behaviour was drawn with.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.simulator.config import FORMATS_IN_USE, LANGUAGES
from recsys.simulator.phrases import TOPICS
from recsys.simulator.text import Story

__all__ = ["describe_media"]

IntArray = npt.NDArray[np.int64]

_FILES = "/portal/media"
_PAGES = "/portal/contents"
_FILMS = tuple(FORMATS_IN_USE.index(f) for f in ("video", "short_video"))
_ILLUSTRATION = FORMATS_IN_USE.index("illustration")
_SUMMARY = FORMATS_IN_USE.index("text_summary")
_AUDIO = FORMATS_IN_USE.index("audio")


class _Scene(NamedTuple):
    """What a topic looks like: names of files, and the drawing in words, by language."""

    drawing: str
    clip: str
    words: tuple[str, str]


_TALK = ("二つのふきだしが重なり、手前の一つにチェックの印がある。",
         "Two speech bubbles overlap; the one in front carries a tick.")  # fmt: skip
_SCENES: dict[str, _Scene] = {
    "safety": _Scene("helmet", "line", (
        "緑十字の付いた黄色いヘルメット。", "A yellow safety helmet with a green cross.")),
    "product": _Scene("sensor", "line", (
        "四角いセンサーが電波を送っている。", "A square sensor sends out its signal.")),
    "benefits": _Scene("home", "turbines", (
        "ハートの印の家と、夕日。", "A house with a heart under its roof; the sun is low.")),
    "it": _Scene("laptop", "line", (
        "画面に盾とチェックの印を映したノートパソコン。",
        "A laptop; its screen shows a shield with a tick.")),
    "sales": _Scene("bubbles", "coins", _TALK),
    "sustainability": _Scene("turbines", "turbines", (
        "丘に立つ二基の風車と太陽。", "Two wind turbines on a hill, and the sun.")),
    "events": _Scene("lanterns", "lanterns", (
        "ひもに吊るされた四つの提灯。", "Four paper lanterns on a string.")),
    "learning": _Scene("book", "summit", (
        "開いた本から芽が伸びている。", "A seedling grows out of an open book.")),
    "facilities": _Scene("building", "turbines", (
        "窓に明かりのともる建物。", "Two buildings with lights in their windows.")),
    "finance": _Scene("coins", "coins", (
        "伸びていく棒グラフと積まれた硬貨。", "Growing bars beside a pile of coins.")),
    "customers": _Scene("bubbles", "lanterns", _TALK),
    "culture": _Scene("table", "lanterns", (
        "テーブルを囲む三人。", "Three people sit together at a table.")),
    "research": _Scene("flask", "flask", (
        "泡の立つフラスコと試験管。", "A bubbling flask between two test tubes.")),
    "strategy": _Scene("summit", "summit", (
        "山頂の旗へ続く道。", "A path leads to a flag on a summit.")),
}  # fmt: skip


def describe_media(
    topic: IntArray, form: IntArray, language: IntArray, content_ids: npt.NDArray[np.object_],
    rendition_ids: list[str], stories: list[Story],
) -> pd.DataFrame:  # fmt: skip
    """Return ``url`` and the company's own columns of renditions; one row per rendition.

    All arguments have one entry per rendition: main topic, format and language as indices, ids,
    and the story it tells. Films, illustrations and recordings have their file as ``url``,
    texts the content's page. ``captions_url`` and ``poster_url`` are of films, ``alt_text`` is of
    illustrations and ``text`` (up to three lines) of summaries, in the rendition's language.
    Nothing is drawn by chance.
    """
    rows = zip(
        topic.tolist(), form.tolist(), language.tolist(), content_ids.tolist(), rendition_ids,
        stories, strict=True,
    )  # fmt: skip
    described = [_media(*row) for row in rows]
    columns = ["url", "captions_url", "poster_url", "alt_text", "text"]
    return pd.DataFrame(described, columns=columns, dtype=object)


def _media(
    topic: int, form: int, language: int, content_id: str, rendition_id: str, story: Story
) -> dict[str, str]:
    scene = _SCENES[TOPICS[topic]]
    if form in _FILMS:
        clip = f"{_FILES}/{scene.clip}"
        captions = f"{clip}.{LANGUAGES[language]}.vtt"
        return {"url": f"{clip}.webm", "captions_url": captions, "poster_url": f"{clip}.jpg"}
    if form == _ILLUSTRATION:
        return {"url": f"{_FILES}/{scene.drawing}.svg", "alt_text": scene.words[language]}
    if form == _AUDIO:
        return {"url": f"{_FILES}/tones.mp3"}
    page = {"url": f"{_PAGES}/{content_id}?rendition_id={rendition_id}"}
    return page | {"text": "\n".join(story.points[language])} if form == _SUMMARY else page
