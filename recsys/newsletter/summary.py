"""What an issue is like as a whole: aggregates of picks, about nobody."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from recsys.newsletter.picks import Pick
from recsys.reports.suppression import DEFAULT_K, suppress

__all__ = ["Minutes", "Summary", "summarize"]

Hidden = int | None
"""A number of people or of their items; None where it tells about fewer than k people."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """Reading time of a mail, where lengths are known."""

    mean: float
    p10: float
    p50: float
    p90: float


@dataclass(frozen=True, slots=True)
class Summary:
    """An issue in numbers; tables without what may not be told."""

    people: Hidden
    mails: Hidden
    skipped: dict[str, Hidden]
    """By cause."""
    coverage: dict[str, Hidden]
    """Mails that hold a content, by content, the most covered first."""
    contents: int
    """Distinct contents in all mails together."""
    overlap_share: float | None
    """Of two people's mails, the share of items that is in both, on average."""
    short: dict[str, Hidden]
    """Mails in which a section lacks something, by section and quota."""
    formats: dict[str, Hidden]
    slot_types: dict[str, Hidden]
    items: dict[str, Hidden]
    """Mails by number of items."""
    minutes: Minutes | None
    must_reads_waiting: Hidden
    """People who owe more must-reads than their mail holds."""


def summarize(picks: Iterable[Pick], k: int = DEFAULT_K) -> Summary:
    """Return the numbers of an issue; groups below ``k`` people are hidden, also by subtraction.

    Cost: one pass; memory does not grow with the number of people but for one number each.
    """
    tally = _Tally()
    for pick in picks:
        tally.add(pick)
    return tally.summary(k)


class _Tally:
    def __init__(self) -> None:
        self.fates: Counter[str] = Counter()
        self.coverage: Counter[str] = Counter()
        self.short: Counter[str] = Counter()
        self.formats: Counter[str] = Counter()
        self.slot_types: Counter[str] = Counter()
        self.sizes: Counter[str] = Counter()
        self.waiting = 0
        self.minutes: list[float] = []

    def add(self, pick: Pick) -> None:
        self.fates[pick.skipped or "mails"] += 1
        self.waiting += pick.must_reads_waiting > 0
        self.short.update(pick.short)
        if not pick.items:
            return
        self.coverage.update(item.content_id for item in pick.items)
        # Once a mail, so that every number is one of people.
        self.formats.update({item.format for item in pick.items})
        self.slot_types.update({item.slot_type for item in pick.items})
        self.sizes[str(len(pick.items))] += 1
        self.minutes.append(sum(item.est_minutes or 0.0 for item in pick.items))

    def summary(self, k: int) -> Summary:
        fates = _parts(self.fates, k)
        people = sum(self.fates.values())
        is_enough = len(self.minutes) >= k
        return Summary(
            people=people if people >= k else None,
            mails=fates.pop("mails", None),
            skipped=fates,
            coverage=_each(self.coverage, k),
            contents=len(self.coverage) if is_enough else 0,
            overlap_share=self._overlap() if is_enough else None,
            short=_each(self.short, k),
            formats=_each(self.formats, k),
            slot_types=_each(self.slot_types, k),
            items=_parts(self.sizes, k),
            minutes=_minutes(self.minutes) if is_enough else None,
            must_reads_waiting=self.waiting if self.waiting >= k else None,
        )

    def _overlap(self) -> float:
        n, items = len(self.minutes), sum(self.coverage.values())
        pairs = sum(c * (c - 1) for c in self.coverage.values())
        return round(pairs / (n - 1) / items, 4)


def _parts(counts: Counter[str], k: int) -> dict[str, Hidden]:
    """Return counts that add up to a total which is known elsewhere."""
    names = [name for name, _ in counts.most_common()]
    table = suppress(np.array([counts[name] for name in names], np.int64), k)
    return dict(zip(names, table.values(), strict=False))


def _each(counts: Counter[str], k: int) -> dict[str, Hidden]:
    """Return counts of people who may be in several, so that no sum gives a hidden one away."""
    return {name: n if n >= k else None for name, n in counts.most_common()}


def _minutes(found: list[float]) -> Minutes:
    p10, p50, p90 = np.percentile(found, [10, 50, 90]).round(1).tolist()
    return Minutes(round(float(np.mean(found)), 1), p10, p50, p90)
