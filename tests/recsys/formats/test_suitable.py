import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.borders import checked_rows
from recsys.catalogue.catalogue import Catalogue
from recsys.catalogue.renditions import Rendition
from recsys.formats.suitable import suitable_formats, suitable_renditions
from recsys.schema import FORMATS

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


_renditions = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from(["video", "article", "audio", "illustration"]),
        st.sampled_from(["", "ja", "en-GB", "pt"]),
    ),
    max_size=12,
)  # fmt: skip


@given(_renditions, st.frozensets(st.sampled_from(["ja", "en", "fr"])), st.booleans())
def test_formats_of_many_contents_are_those_of_each(
    rows: list[tuple[int, str, str]], languages: frozenset[str], is_print: bool
) -> None:
    frame, _ = checked_rows(
        "renditions",
        [
            {"rendition_id": f"r{n}", "content_id": f"c{c}", "format": form, "language": language}
            for n, (c, form, language) in enumerate(rows)
        ],
    )
    catalogue = Catalogue()
    ids = [catalogue.contents.ids.add(f"c{c}") for c in range(4)]
    catalogue.upsert("renditions", frame, valid_from=0)
    surface = "print" if is_print else "portal"
    bits = suitable_formats(catalogue.renditions, np.array(ids, np.int32), languages, surface)
    for content, found in zip(ids, bits.tolist(), strict=True):
        suitable = suitable_renditions(catalogue.renditions.of(content), languages, surface)
        assert found == sum(1 << FORMATS.index(form) for form in {r.format for r in suitable})
