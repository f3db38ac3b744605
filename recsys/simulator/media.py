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


_WORDS: dict[str, tuple[str, str]] = {
    "helmet": ("緑十字の付いた黄色いヘルメット。", "A yellow safety helmet with a green cross."),
    "sensor": ("四角いセンサーが電波を送っている。", "A square sensor sends out its signal."),
    "home": ("ハートの印の家と、夕日。", "A house with a heart under its roof; the sun is low."),
    "laptop": ("画面に盾とチェックの印を映したノートパソコン。",
               "A laptop; its screen shows a shield with a tick."),
    "bubbles": ("二つのふきだしが重なり、手前の一つにチェックの印がある。",
                "Two speech bubbles overlap; the one in front carries a tick."),
    "turbines": ("丘に立つ二基の風車と太陽。", "Two wind turbines on a hill, and the sun."),
    "lanterns": ("ひもに吊るされた四つの提灯。", "Four paper lanterns on a string."),
    "book": ("開いた本から芽が伸びている。", "A seedling grows out of an open book."),
    "building": ("窓に明かりのともる建物。", "Two buildings with lights in their windows."),
    "coins": ("伸びていく棒グラフと積まれた硬貨。", "Growing bars beside a pile of coins."),
    "table": ("テーブルを囲む三人。", "Three people sit together at a table."),
    "flask": ("泡の立つフラスコと試験管。", "A bubbling flask between two test tubes."),
    "summit": ("山頂の旗へ続く道。", "A path leads to a flag on a summit."),
}  # fmt: skip
"""Every drawing in words."""

_Two = tuple[str, str]


class _Look(NamedTuple):
    """What a topic looks like; its contents take turns."""

    drawings: _Two
    clips: _Two


_LOOKS: dict[str, _Look] = {
    "safety": _Look(("helmet", "sensor"), ("line", "flask")),
    "product": _Look(("sensor", "laptop"), ("line", "flask")),
    "benefits": _Look(("home", "table"), ("lanterns", "turbines")),
    "it": _Look(("laptop", "bubbles"), ("line", "coins")),
    "sales": _Look(("bubbles", "coins"), ("coins", "summit")),
    "sustainability": _Look(("turbines", "book"), ("turbines", "flask")),
    "events": _Look(("lanterns", "table"), ("lanterns", "summit")),
    "learning": _Look(("book", "laptop"), ("summit", "flask")),
    "facilities": _Look(("building", "home"), ("turbines", "line")),
    "finance": _Look(("coins", "building"), ("coins", "summit")),
    "customers": _Look(("bubbles", "table"), ("lanterns", "line")),
    "culture": _Look(("table", "lanterns"), ("lanterns", "summit")),
    "research": _Look(("flask", "sensor"), ("flask", "line")),
    "strategy": _Look(("summit", "coins"), ("summit", "coins")),
}


def describe_media(
    content: IntArray, topic: IntArray, form: IntArray, language: IntArray,
    content_ids: npt.NDArray[np.object_], rendition_ids: list[str], stories: list[Story],
) -> pd.DataFrame:  # fmt: skip
    """Return ``url`` and the company's own columns of renditions; one row per rendition.

    All arguments have one entry per rendition: content, main topic, format and language as
    indices, ids, and the story it tells. Films, illustrations and recordings have their file as
    ``url``, texts the content's page. ``captions_url`` and ``poster_url`` are of films,
    ``alt_text`` is of illustrations, ``text`` (up to three lines) of text summaries and
    ``summary`` of all, in the rendition's language.
    Nothing is drawn by chance.
    """
    rows = zip(
        content.tolist(), topic.tolist(), form.tolist(), language.tolist(), content_ids.tolist(),
        rendition_ids, stories, strict=True,
    )  # fmt: skip
    described = [_media(*row) for row in rows]
    columns = ["url", "captions_url", "poster_url", "alt_text", "summary", "text"]
    return pd.DataFrame(described, columns=columns, dtype=object)


def _media(
    content: int, topic: int, form: int, language: int, content_id: str, rendition_id: str,
    story: Story,
) -> dict[str, str]:  # fmt: skip
    look = _LOOKS[TOPICS[topic]]
    summary = {"summary": story.summaries[language]}
    if form in _FILMS:
        clip = f"{_FILES}/{look.clips[content % 2]}"
        captions = f"{clip}.{LANGUAGES[language]}.vtt"
        return summary | {
            "url": f"{clip}.webm", "captions_url": captions, "poster_url": f"{clip}.jpg",
        }  # fmt: skip
    if form == _ILLUSTRATION:
        drawing = look.drawings[content % 2]
        return summary | {"url": f"{_FILES}/{drawing}.svg", "alt_text": _WORDS[drawing][language]}
    if form == _AUDIO:
        return summary | {"url": f"{_FILES}/tones.mp3"}
    text = {"text": "\n".join(story.points[language])} if form == _SUMMARY else {}
    return summary | text | {"url": f"{_PAGES}/{content_id}?rendition_id={rendition_id}"}
