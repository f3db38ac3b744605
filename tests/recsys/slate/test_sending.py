"""May we send now: activity, wishes, leave, weekly cap, quiet hours."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from recsys.answers import Sending
from recsys.engine import Engine

if TYPE_CHECKING:
    from tests.recsys.conftest import Company

# 2026-03-23 is a Monday; the company's engine has answered for Monday 00:00 UTC.
_NOON_IN_TOKYO = datetime(2026, 3, 24, 3, tzinfo=UTC)


def _engine(company: "Company", **attributes: Any) -> Engine:
    engine = company.engine()
    engine.upsert_employees(
        [{"employee_id": "e01", "valid_from": "2026-01-02", "timezone": "Asia/Tokyo", **attributes}]
    )
    return engine


def _asked(engine: Engine, at: datetime = _NOON_IN_TOKYO, who: str = "e01") -> Sending:
    return engine.sending(who, at)


def test_at_noon_nothing_speaks_against_it(company: "Company") -> None:
    assert _asked(_engine(company)) == Sending(True, None, None)
    assert _asked(company.engine(), who="nobody").is_allowed


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (datetime(2026, 3, 24, 10, tzinfo=UTC), datetime(2026, 3, 24, 23, tzinfo=UTC)),  # 19:00
        (datetime(2026, 3, 24, 22, 59, tzinfo=UTC), datetime(2026, 3, 24, 23, tzinfo=UTC)),  # 7:59
    ],
)
def test_the_evening_and_the_night_are_quiet_where_the_reader_lives(
    company: "Company", at: datetime, until: datetime
) -> None:
    assert _asked(_engine(company), at) == Sending(False, "quiet_hours", until)
    assert _asked(_engine(company), until).is_allowed
    assert _asked(_engine(company, timezone="no/where"), at).is_allowed


def test_leave_ends_on_the_morning_of_the_first_day_back(company: "Company") -> None:
    engine = _engine(company, leave_from="2026-03-20", leave_until="2026-03-25")
    back = datetime(2026, 3, 24, 23, tzinfo=UTC)  # 8:00 on the 25th in Tokyo
    assert _asked(engine) == Sending(False, "on_leave", back)
    assert _asked(engine, back).is_allowed
    open_end = _asked(_engine(company, leave_from="2026-03-20"))
    assert open_end == Sending(False, "on_leave", None)
    assert _asked(_engine(company, leave_from="2026-03-26")).is_allowed


def test_somebody_inactive_or_unwilling_gets_nothing(company: "Company") -> None:
    assert _asked(_engine(company, active=False)).cause == "inactive"
    engine = _engine(company)
    engine.upsert_preferences([{"employee_id": "e01", "newsletter_frequency": "never"}])
    assert _asked(engine).cause == "declined"


def test_three_issues_a_week_are_enough_however_many_contents_they_hold(
    company: "Company",
) -> None:
    engine = _engine(company)
    sent = [
        {"event_id": f"s{hours}-{n}", "event_type": "newsletter_sent", "employee_id": "e01",
         "content_id": f"c0{n}" if n else None,
         "occurred_at": _NOON_IN_TOKYO - timedelta(hours=hours, minutes=n)}
        for hours in (8, 24, 47) for n in range(3)
    ]  # fmt: skip
    assert engine.observe(sent[:6]).rejected == 0
    assert _asked(engine).is_allowed
    engine.observe(sent[6:])
    free = _NOON_IN_TOKYO - timedelta(hours=47) + timedelta(days=7)
    assert _asked(engine) == Sending(False, "weekly_cap", free)
    assert _asked(engine, free).is_allowed
    assert _asked(engine, free, who="e02").is_allowed
