import pytest

from recsys.catalogue.renditions import Rendition
from recsys.formats.suitable import suitable_renditions

RENDITIONS = [
    Rendition("film-ja", "video", language="ja"),
    Rendition("film-en", "video", language="en-GB"),
    Rendition("text-ja", "text_summary", language="ja"),
    Rendition("comic", "illustration"),
]


@pytest.mark.parametrize(
    ("languages", "surface", "expected"),
    [
        ({"en"}, "portal", ["film-en", "comic"]),
        ({"ja"}, "portal", ["film-ja", "text-ja", "comic"]),
        ({"ja"}, "print", ["text-ja", "comic"]),
        (set(), "portal", ["film-ja", "film-en", "text-ja", "comic"]),
        ({"pt"}, "portal", ["comic"]),
    ],
)
def test_language_first_then_surface(
    languages: set[str], surface: str, expected: list[str]
) -> None:
    suitable = suitable_renditions(RENDITIONS, frozenset(languages), surface)
    assert [rendition.rendition_id for rendition in suitable] == expected


def test_a_wish_nothing_fulfils_is_passed_over() -> None:
    films = RENDITIONS[:1]
    assert suitable_renditions(films, frozenset({"en"}), "print") == films
