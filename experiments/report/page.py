"""The report as one HTML file that needs nothing else: no script, no font, no network."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.report.names import plain_name
from experiments.report.reading import Reader
from experiments.report.tables import (
    arm_rows,
    count_verdicts,
    exclusion_sentences,
    group_sentences,
    number_rows,
    ratio_state,
    segment_tables,
)
from experiments.report.verdict import Yardstick
from experiments.sentences import translated
from experiments.texts import Language, texts

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

__all__ = ["render_report", "write_report"]


def render_report(
    result: Mapping[str, Any],
    language: Language,
    *,
    title: str | None = None,
    yardstick: Yardstick | None = None,
    proportions: frozenset[str] = frozenset(),
    timeline: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the page for what an analysis gave.

    Parameters
    ----------
    result
        What :func:`experiments.analyze` returns; names in it may hold anything.
    title
        What the experiment is called.
    yardstick
        How results are to be read; by default a change of 10 % matters and more is better.
    proportions
        Metrics to write as per cent beyond those whose method says so.
    timeline
        Days and what was done, in their order.
    """
    words, yardstick = texts(language), yardstick or Yardstick()
    entries = result.get("metrics") or ()
    control = _control(result)
    is_flagged = ratio_state(result) == "bad"
    reader = Reader(language, yardstick, proportions, control, len(entries), is_flagged)
    parts = reader.parts(entries)
    comparisons = [comparison for part in parts for comparison in part.comparisons]
    return _template().render(
        language=language,
        t=words,
        leveled=reader.level,
        title=plain_name(title or words["report.title"]),
        style=_style(),
        control=None if control is None else plain_name(control),
        yardstick=words["report.yardstick"].format(share=f"{100 * yardstick.matters_share:.4g}%"),
        counts=count_verdicts(comparisons, words),
        ratio=ratio_state(result),
        groups=group_sentences(result, words),
        arms=arm_rows(result),
        warnings=[
            plain_name(translated(str(warning), language))
            for warning in result.get("warnings") or ()
        ],
        parts=parts,
        rows=number_rows(entries, reader),
        segments=segment_tables(result, reader),
        excluded=exclusion_sentences(result, words),
        timeline=[(day, plain_name(what)) for day, what in timeline],
    )


def write_report(path: Path, page: str) -> None:
    """Write a page; an older one of the same name is replaced."""
    path.write_text(page, encoding="utf-8")


def _control(result: Mapping[str, Any]) -> str | None:
    """Return the variant that nothing is compared with; None if that is not clear."""
    treated = {str(entry.get("variant")) for entry in result.get("metrics") or ()}
    left = [str(arm) for arm in result.get("n_units") or {} if str(arm) not in treated]
    return left[0] if treated and len(left) == 1 else None


def _breakable(name: str) -> "Markup":
    """Return a name that may be broken after its joints, rather than anywhere."""
    from markupsafe import Markup, escape

    broken = str(escape(name)).replace("_", "_<wbr>").replace("/", "/<wbr>")
    return Markup(broken)  # noqa: S704  (escaped above; only <wbr> is added)


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["breakable"] = _breakable
    source = files("experiments.report").joinpath("page.html").read_text(encoding="utf-8")
    return environment.from_string(source)


@cache
def _style() -> str:
    return files("experiments.report").joinpath("page.css").read_text(encoding="utf-8")
