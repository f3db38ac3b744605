"""Mails as HTML and text: complete, valid, small, and harmless whatever the catalogue holds."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.newsletter.rendering import renderer as module
from serving.newsletter.rendering.edition import Edition
from serving.newsletter.rendering.renderer import MOST_BYTES, Rendered, Renderer
from serving.newsletter.rendering.stories import Stories, Story
from tests.serving.newsletter.letters import LINKS, NOW, WHOLE, item, mail

VOID = {"meta", "img", "br", "hr", "input", "link"}


class Page(HTMLParser):
    """Checks that elements are nested as they should be; keeps attributes and texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style" and data.strip():
            self.texts.append(data.strip())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def rendered(renderer: Renderer, language: str = "ja", **more: object) -> Rendered:
    found = renderer.render(replace(mail(*WHOLE, language=language), **more))  # type: ignore[arg-type]
    assert found is not None
    return found


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_mail_is_well_formed_and_accessible(renderer: Renderer, language: str) -> None:
    html = rendered(renderer, language).html
    page = Page(html)
    assert page.all("html")[0]["lang"] == language
    assert all(table["role"] == "presentation" for table in page.all("table"))
    assert all(image["alt"] for image in page.all("img"))
    assert len(page.all("h1")) == 1
    assert page.all("script") == page.all("form") == page.all("iframe") == []
    assert not any(mark in html for mark in ("<mj-", "{{", "{%"))
    hidden = [link for link in page.all("a") if link.get("aria-hidden") == "true"]
    assert {link["tabindex"] for link in hidden} == {"-1"}
    assert {"light dark"} == {
        m["content"] for m in page.all("meta") if m.get("name") == "color-scheme"
    }
    assert "prefers-color-scheme: dark" in html


def test_every_item_is_told_in_words(renderer: Renderer) -> None:
    texts = " ".join(Page(rendered(renderer).html).texts)
    for words in (
        "必読", "7月10日（金）までに確認", "読んで確認する", "3:20", "字幕あり", "動画を見る", "▶",
        "よく読む話題です", "よく読む人の投稿です", "応募120件", "営業部より", "ほかの部門から",
        "5件", "配信を停止する", "ブラウザで表示",
    ):  # fmt: skip
        assert words in texts, words


def test_the_text_tells_the_same(renderer: Renderer) -> None:
    made = rendered(renderer)
    page = Page(made.html)
    links = {link["href"] for link in page.all("a")}
    assert links == set(re.findall(r"https://\S+", made.text))
    assert len(links) == len(WHOLE) + 2
    for words in ("[必読] 7月10日（金）までに確認", "(動画 · 3:20 · 字幕あり)", "営業部より"):
        assert words in made.text
    assert "\n\n\n" not in made.text


def test_a_must_read_that_is_overdue_says_so(renderer: Renderer) -> None:
    late = Renderer(renderer._stories, LINKS, Edition(NOW + timedelta(8)))
    assert "期限を過ぎています（7月10日（金））" in rendered(late).html


def test_notices_for_everybody_cannot_be_unsubscribed_from(renderer: Renderer) -> None:
    made = renderer.render(mail(WHOLE[0]))
    assert made is not None
    assert made.unsubscribe_url == ""
    assert "/u/" not in made.html + made.text
    assert "配信停止はできません" in made.html


def test_a_stand_in_issue_says_that_it_is_not_personal(renderer: Renderer) -> None:
    note = "いま多くの人が読んでいる記事"
    assert note in rendered(renderer, source="popular").html
    assert note not in rendered(renderer).html


def test_items_without_a_story_are_left_out(renderer: Renderer) -> None:
    made = renderer.render(mail(item("nothing"), WHOLE[1]))
    assert made is not None
    assert [i.content_id for i in made.items] == ["talk"]
    assert renderer.render(mail(item("nothing"))) is None


def test_segments_get_as_many_lines_as_they_want(renderer: Renderer) -> None:
    long = replace(_story(1), text="字" * 300)
    book = _Book([long])
    by_lines = {
        lines: Renderer(book, LINKS, Edition(NOW)).render(mail(item("c1"), lines=lines))
        for lines in (0, 1, 3, None)
    }
    shown = {n: made.text.count("字") for n, made in by_lines.items() if made is not None}
    assert shown == {0: 0, 1: 37, 3: 113, None: 75}


class _Book(Stories):
    def __init__(self, stories: list[Story]) -> None:
        self.held = {story.content_id: story for story in stories}

    def find(self, content_id: str, rendition_id: str) -> Story | None:
        return self.held.get(content_id)


def _story(n: int, **more: object) -> Story:
    plain = Story(
        f"c{n}", "", "article", "題", "文", "ja", "https://a.example/", "", "", None, False, 2.0,
        "部", NOW, None,
    )  # fmt: skip
    return replace(plain, **more)  # type: ignore[arg-type]


HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}{% for x in y %}",
    "\u202eevil\u202c", "]]>--><!--[if mso]>", "a" * 500, "漢" * 500, "'\"&<>`",
    "\r\nBcc: x@y.example", "<mj-raw>", "javascript:alert(1)",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts(text: str) -> None:
    from serving.newsletter.rendering.tidy import clamp

    title = clamp(text, 120)
    story = _story(1, title=title, text=title, owner=title, image_alt=title,
                   image_url="https://a.example/x.png")  # fmt: skip
    edition = Edition(NOW, name=text, titles={"news": text})
    made = Renderer(_Book([story]), LINKS, edition).render(
        mail(item("c1", slot_type="other_department", reasons=("other_department",)))
    )
    assert made is not None
    page, tame = Page(made.html), Page(_tame(edition))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in tame.elements]
    assert title in page.texts
    assert "\u202e" not in made.html + made.text + made.subject.text
    assert made.text.count("\n") == _tame_text(edition).count("\n")


def _tame(edition: Edition) -> str:
    return _tame_mail(edition).html


def _tame_text(edition: Edition) -> str:
    return _tame_mail(edition).text


def _tame_mail(edition: Edition) -> Rendered:
    story = _story(1, image_url="https://a.example/x.png")
    made = Renderer(_Book([story]), LINKS, replace(edition, name="", titles={})).render(
        mail(item("c1", slot_type="other_department", reasons=("other_department",)))
    )
    assert made is not None
    return made


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    n=st.integers(1, 60),
    id_length=st.sampled_from([1, 40, 400]),
    text=st.sampled_from(["漢" * 60, "&" * 120, "<" * 120, "a b" * 40]),
    url=st.sampled_from(["", "https://a.example/" + "x" * 1_900]),
)
def test_a_mail_is_never_cut_off_by_the_mail_program(
    n: int, id_length: int, text: str, url: str
) -> None:
    stories = [
        _story(k, content_id=f"{k:0{id_length}}", title=text, text=text * 5, image_url=url)
        for k in range(n)
    ]
    items = [item(story.content_id, position=k + 1) for k, story in enumerate(stories)]
    made = Renderer(_Book(stories), LINKS, Edition(NOW)).render(
        mail(*items, employee_id="e" * id_length)
    )
    assert made is not None
    assert len(made.html.encode()) <= MOST_BYTES
    assert made.unsubscribe_url in made.html
    assert [i.position for i in made.items] == list(range(1, len(made.items) + 1))
    if len(made.items) < n:
        assert f"ほかに{n - len(made.items)}件" in made.html
    elif id_length == 1 and not url:
        assert n < 60


def test_a_usual_mail_keeps_everything(renderer: Renderer) -> None:
    stories = [_story(k, title="漢" * 60, text="字" * 300) for k in range(12)]
    items = [item(f"c{k}", position=k + 1) for k in range(12)]
    made = Renderer(_Book(stories), LINKS, Edition(NOW)).render(mail(*items))
    assert made is not None
    assert len(made.items) == 12
    assert "字" in made.html


def test_the_source_uses_only_components_that_are_known() -> None:
    """The compiler passes on what it does not know; a mail program would show nothing for it."""
    source = Path(module.__file__).with_name("letter.mjml").read_text(encoding="utf-8")
    used = set(re.findall(r"<(mj-[a-z]+)", source))
    assert used <= {
        "mj-head", "mj-title", "mj-preview", "mj-raw", "mj-attributes", "mj-all", "mj-section",
        "mj-text", "mj-image", "mj-style", "mj-body", "mj-column", "mj-group", "mj-divider",
    }  # fmt: skip
