"""The newsletter's benchmark measures what it says."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.newsletter import picks_of
from benchmarks.newsletter_worth import Worth, lines
from benchmarks.slate_worlds import Plan
from tests.recsys.slate.companies import aged, engine_of, people


def test_every_share_is_picked_for(tmp_path: Path) -> None:
    engine = engine_of(
        employees=people(*(f"e{n}" for n in range(7))),
        contents=aged(*(f"c{n}" for n in range(12)), topics=["topic1"], owner_department="lab"),
    )
    engine.save(tmp_path / "bundle")
    shares = [picks_of(tmp_path / "bundle", place, 2) for place in (0, 1)]
    assert [share.people for share in shares] == [4, 3]
    assert [share.full for share in shares] == [4, 3]


def test_changes_are_of_sums_over_employees() -> None:
    ours, theirs = np.array([2.0, 1.0, 0.0, 3.0]), np.array([1.0, 1.0, 1.0, 1.0])
    reads = {
        "same top": theirs, "newest": theirs, "unseen top": theirs, "same top, best form": theirs,
        "personal, as top": ours, "personal, as newest": ours,
    }  # fmt: skip
    told = lines(Plan("strong"), Worth(reads, dict.fromkeys(reads, 5.0), 4))
    assert told[0] == "strong, seed 1: 4 mails of 10 items at most"
    assert any("personal, as top against same top: +50.0%" in line for line in told)
    assert "1.000 completed reads a mail" in told[1]


@pytest.mark.slow
def test_a_small_company_is_measured() -> None:
    from benchmarks.newsletter_worth import measure

    worth = measure(Plan("strong", 3, 60, trained_days=12, lived_days=14))
    assert worth.mails == 300
    for reads in worth.reads.values():
        assert (reads >= 0).all()
        assert reads.sum() > 0
    assert worth.minutes["personal, as top"] <= 1.05 * worth.minutes["same top"]
