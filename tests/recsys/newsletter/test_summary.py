"""Numbers of an issue, and nothing about fewer than ten people."""

from recsys.newsletter.picks import Pick, PickedItem, SkippedCause
from recsys.newsletter.summary import summarize


def _pick(n: int, *content_ids: str, skipped: SkippedCause | None = None) -> Pick:
    items = tuple(
        PickedItem(c, f"{c}-r", "article", "top", i, "personal", 1.0, 1.0, 1.0, est_minutes=2.0)
        for i, c in enumerate(content_ids, start=1)
    )
    return Pick(f"e{n}", "ja", "", items, skipped, short=("more",) if n < 12 else ())


def test_an_issue_is_counted() -> None:
    picks = [_pick(n, "a", "b") for n in range(20)] + [_pick(20 + n, "a", "c") for n in range(20)]
    picks += [_pick(40 + n, skipped="declined") for n in range(15)]
    found = summarize(picks)
    assert (found.people, found.mails, found.skipped) == (55, 40, {"declined": 15})
    assert found.coverage == {"a": 40, "b": 20, "c": 20}
    assert found.short == {"more": 12}
    assert found.items == {"2": 40}
    assert found.minutes is not None
    assert found.minutes.mean == 4.0
    pairs = [(one, other) for i, one in enumerate(picks[:40]) for other in picks[:i]]
    ids = [{item.content_id for item in pick.items} for pick in picks[:40]]
    shared = [len(ids[int(a.employee_id[1:])] & ids[int(b.employee_id[1:])]) / 2 for a, b in pairs]
    assert found.overlap_share is not None
    assert abs(found.overlap_share - sum(shared) / len(shared)) < 1e-4


def test_small_groups_are_hidden_also_by_subtraction() -> None:
    picks = [_pick(n, "a") for n in range(30)] + [_pick(90, "rare")]
    picks += [_pick(50 + n, skipped="declined") for n in range(3)]
    picks += [_pick(70 + n, skipped="on_leave") for n in range(11)]
    found = summarize(picks)
    assert found.people == 45
    assert found.mails == 31
    assert found.skipped == {"on_leave": None, "declined": None}
    assert found.coverage == {"a": 30, "rare": None}
    few = summarize(picks[:4])
    assert (few.people, few.mails, few.minutes, few.overlap_share) == (None, None, None, None)
