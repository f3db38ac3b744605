"""The report of an experiment in a real browser."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from experiments.report.page import render_report
from experiments.texts import LANGUAGES
from tests.experiments.report.results import entry, result, silent

RESULT = result(
    entry("completed_reads_of_must_read_contents", "personal_video", 0.40, 0.02, 0.08, 0.001)
    | {"method": "proportion+cuped", "n_clusters": 128},
    entry("clicks", "personal_video", 2.0, -0.5, 0.5, 0.8),
    silent("<script>document.title='taken'</script>", "personal_video", None),
    warnings=["x" * 300],
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    for language in LANGUAGES:
        page = render_report(RESULT, language, title="A" * 120)
        (folder / f"{language}.html").write_text(page, encoding="utf-8")
    return folder


def _open(browser: Browser, path: Path, width: int, scheme: Literal["light", "dark"]) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.goto(path.as_uri())
    return page


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_is_wider_than_the_window(
    browser: Browser, pages: Path, language: str, width: int
) -> None:
    page = _open(browser, pages / f"{language}.html", width, "light")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.title() != "taken"
    # All dots and lines of the plots are inside their plot.
    outside = page.evaluate("""() => [...document.querySelectorAll("circle, line, rect")].filter(
        part => { const a = part.getBoundingClientRect(),
                        b = part.closest("svg").getBoundingClientRect();
                  return a.left < b.left - 1 || a.right > b.right + 1; }).length""")
    assert outside == 0
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_is_readable(
    browser: Browser, pages: Path, scheme: Literal["light", "dark"]
) -> None:
    """WCAG AA: 4.5 between text and what is behind it."""
    page = _open(browser, pages / "en.html", 1280, scheme)
    worst = page.evaluate("""() => {
        const parse = c => c.match(/[\\d.]+/g).map(Number);
        const light = c => { const [r, g, b] = parse(c).map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const behind = e => { const c = getComputedStyle(e).backgroundColor;
            return parse(c)[3] === 0 && e.parentElement ? behind(e.parentElement) : c; };
        const ratios = [...document.querySelectorAll("p, h1, h2, li, th, td, dt, dd, span, text")]
            .filter(e => e.textContent.trim()).map(e => {
                const style = getComputedStyle(e);
                const [a, b] = [e.tagName === "text" ? style.fill : style.color, behind(e)]
                    .map(light).sort();
                return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.className, e.tagName];
            });
        return ratios.sort((x, y) => x[0] - y[0])[0]; }""")
    assert worst[0] >= 4.5, worst
    page.close()
