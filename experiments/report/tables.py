"""The parts of a report that are lists and tables: groups, numbers, segments, what was left out."""

from collections.abc import Mapping, Sequence

from experiments.report.names import plain_name
from experiments.report.numbers import NO_NUMBER, relative
from experiments.report.reading import MARKS, Comparison, Entry, Reader, decision_interval

__all__ = [
    "arm_rows",
    "count_verdicts",
    "exclusion_sentences",
    "group_sentences",
    "number_rows",
    "ratio_state",
    "segment_tables",
]

Words = Mapping[str, str]
Row = tuple[str, ...]


def count_verdicts(comparisons: Sequence[Comparison], words: Words) -> list[tuple[str, ...]]:
    """Return verdict, mark, name and number of every verdict that occurs, the clearest first."""
    found = [comparison.verdict for comparison in comparisons]
    return [
        (verdict, mark, words[f"report.verdict.{verdict}"], str(found.count(verdict)))
        for verdict, mark in MARKS.items()
        if verdict in found
    ]


def arm_rows(result: Entry) -> list[Row]:
    """Return name, units and share of every variant."""
    counts: Mapping[str, int] = result.get("n_units") or {}
    total = sum(counts.values())
    return [
        (plain_name(arm), f"{n:,}", f"{n / total:.1%}" if total else NO_NUMBER)
        for arm, n in counts.items()
    ]


def ratio_state(result: Entry) -> str:
    """Return ``good``, ``bad`` or ``unknown``: do the sizes of the groups fit the plan."""
    return _state(result.get("srm") or {})


def group_sentences(result: Entry, words: Words) -> list[str]:
    """Return whether the groups are what was planned, who was exposed, and which look this is."""
    ratio = result.get("srm") or {}
    unit, p_value = plain_name(ratio.get("unit")), _compared(ratio.get("p_value"))
    told = [words[f"report.ratio.{_state(ratio)}"].format(unit=unit, p_value=p_value)]
    exposure, look = result.get("exposure"), result.get("look")
    if exposure:
        shares = ", ".join(
            f"{plain_name(arm)} {NO_NUMBER if share is None else f'{share:.1%}'}"
            for arm, share in (exposure.get("shares") or {}).items()
        )
        p_value = _compared(exposure.get("p_value"))
        said = words[f"report.exposure.{_state(exposure)}"]
        told.append(said.format(shares=shares, p_value=p_value))
    if look:
        share = f"{100 * look['share']:.4g}%"
        told.append(words["report.look"].format(number=look["number"], share=share))
    return told


def number_rows(entries: Sequence[Entry], reader: Reader) -> list[Row]:
    """Return one row per entry, cells as text."""
    return [(plain_name(entry.get("metric")), *_cells(entry, reader)) for entry in entries]


def segment_tables(result: Entry, reader: Reader) -> list[tuple[str, list[Row]]]:
    """Return every declared segment with a row per group, metric and variant.

    A row holds group, metric, variant, difference and interval; a hidden group says so.
    """
    return [
        (
            plain_name(segment.get("segment")),
            [row for group in segment.get("groups") or () for row in _group_rows(group, reader)],
        )
        for segment in result.get("segments") or ()
    ]


def exclusion_sentences(result: Entry, words: Words) -> list[str]:
    """Return what was left out and why; what the catalogue does not know is told as it is."""
    return [
        _exclusion(left_out, words) if isinstance(left_out, Mapping) else plain_name(left_out)
        for left_out in result.get("excluded") or ()
    ]


def _exclusion(left_out: Entry, words: Words) -> str:
    cause = plain_name(left_out.get("cause") or left_out.get("reason") or NO_NUMBER)
    told = words["report.excluded.item"].format(
        count=plain_name(left_out.get("count", NO_NUMBER)),
        cause=words.get(f"report.cause.{cause}", cause),
    )
    where = [
        f"{words[f'report.in_{key}']} {plain_name(left_out[key])}"
        for key in ("column", "metric", "variant")
        if left_out.get(key) is not None
    ]
    return f"{told} ({', '.join(where)})" if where else told


def _cells(entry: Entry, reader: Reader) -> Row:
    scale, words = reader.scale([entry]), reader.words
    return (
        plain_name(entry.get("variant")),
        scale.value(entry.get("control_mean")),
        scale.value(entry.get("treatment_mean")),
        _difference(entry, reader),
        _interval(entry, reader),
        _p_value(entry.get("decision_p_value")),
        _p_value(entry.get("adjusted_p_value")),
        _method(entry, words),
    )


def _group_rows(group: Entry, reader: Reader) -> list[Row]:
    value = group.get("value")
    name = reader.words["report.segments.nobody"] if value is None else plain_name(value)
    if group.get("is_hidden"):
        return [(name, reader.words["report.segments.hidden"], "", "", "")]
    return [
        (
            name,
            plain_name(entry.get("metric")),
            plain_name(entry.get("variant")),
            _difference(entry, reader),
            _interval(entry, reader),
        )
        for entry in group.get("metrics") or ()
    ]


def _difference(entry: Entry, reader: Reader) -> str:
    effect = reader.scale([entry]).difference(entry.get("effect"))
    share = entry.get("rel_effect")
    return effect if share is None else f"{effect} ({relative(share)})"


def _interval(entry: Entry, reader: Reader) -> str:
    ends = decision_interval(entry)
    if ends is None:
        return NO_NUMBER
    scale, (low, high) = reader.scale([entry]), ends
    return reader.words["report.from_to"].format(scale.tick(low), scale.difference(high))


def _method(entry: Entry, words: Words) -> str:
    parts = [part for part in str(entry.get("method") or "").split("+") if part]
    told = ", ".join(words.get(f"report.method.{part}", plain_name(part)) for part in parts)
    n_clusters = entry.get("n_clusters")
    if n_clusters is not None:
        told += f" ({n_clusters:,})"
    return told or NO_NUMBER


def _state(test: Entry) -> str:
    if test.get("p_value") is None:
        return "unknown"
    return "bad" if test.get("flag") else "good"


def _compared(p_value: float | None) -> str:
    """Return a p-value as it stands behind a p: ``= 0.30`` or ``< 0.0001``."""
    told = _p_value(p_value)
    return told.replace("<", "< ") if told.startswith("<") else f"= {told}"


def _p_value(p_value: float | None) -> str:
    if p_value is None:
        return NO_NUMBER
    if p_value < 0.0001:
        return "<0.0001"
    return f"{p_value:.4f}" if p_value < 0.1 else f"{p_value:.2f}"
