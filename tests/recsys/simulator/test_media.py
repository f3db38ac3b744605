"""Each rendition has what its format needs, and the files are there."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson
import pandas as pd

if TYPE_CHECKING:
    from recsys.simulator.simulated import Simulated

MEDIA = files("serving.portal").joinpath("media")
OWN = ["captions_url", "poster_url", "alt_text", "summary", "text"]


def described(world: Simulated) -> pd.DataFrame:
    frame = world.dataset["renditions"]
    own = pd.DataFrame([orjson.loads(a) for a in frame["attributes"].fillna("{}")], columns=OWN)
    return frame.join(own)


def test_formats_have_their_columns_after_the_import(strong: Simulated) -> None:
    frame = described(strong)
    given = frame[OWN].notna().groupby(frame["format"]).mean()
    films = ["video", "short_video"]
    assert (given.loc[films, ["captions_url", "poster_url"]] == 1).all(axis=None)
    assert given.loc["illustration", "alt_text"] == 1
    assert given.loc["text_summary", "text"] == 1
    assert (given["summary"] == 1).all()
    assert given.to_numpy().sum() == 2 * 2 + 1 + 1 + len(given)  # and nothing else


def test_every_file_that_is_named_ships_with_the_demo(strong: Simulated) -> None:
    frame = described(strong)
    named = pd.concat([frame[c].dropna() for c in ("url", "captions_url", "poster_url")]).unique()
    paths = [str(url).removeprefix("/portal/media/") for url in named if "/media/" in str(url)]
    assert len(paths) > 20
    for path in paths:
        assert MEDIA.joinpath(path).is_file(), path
    shipped = {f.name for f in MEDIA.iterdir()} - {"README.md"}
    assert shipped == set(paths)


def test_words_are_in_the_language_of_the_rendition(strong: Simulated) -> None:
    frame = described(strong)
    for column in ("alt_text", "summary", "text"):
        told = frame[frame[column].notna()]
        japanese = told[column].str.contains("[\u3040-\u30ff]")
        assert (japanese == (told["language"] == "ja")).all()
    assert frame["text"].dropna().str.count("\n").between(1, 2).all()
    captions = frame["captions_url"].dropna()
    assert (captions.str[-6:-4] == frame["language"][captions.index]).all()


def test_other_pages_are_those_of_the_content(strong: Simulated) -> None:
    frame = described(strong)
    pages = frame[~frame["url"].str.contains("/media/")]
    assert set(pages["format"]) == {"article", "text_summary"}
    for row in pages.head(200).itertuples():
        assert (
            row.url
            == f"/portal/contents/{row.content_id}?rendition_id={quote(str(row.rendition_id))}"
        )


def test_files_are_small_and_captions_cover_the_clip() -> None:
    for file in MEDIA.iterdir():
        most = {"webm": 60, "jpg": 40, "mp3": 40}.get(file.name.rsplit(".", 1)[-1], 3)
        assert len(file.read_bytes()) <= most * 1024, file.name
        if file.name.endswith(".vtt"):
            text = file.read_text(encoding="utf-8")
            assert text.startswith("WEBVTT\n\n")
            assert re.findall(r"--> (\S+)", text)[-1] == "00:06.000"
