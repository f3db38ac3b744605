"""Tests of the log that the growth benchmark makes."""

import numpy as np

from benchmarks.growth import Size, event_blocks
from recsys.event_columns import EventColumns
from recsys.times import DAY_US


def test_blocks_are_a_log_in_time_order_of_things_already_published() -> None:
    published_at = np.arange(1_780_000_000_000_000, 1_780_000_000_000_000 + 30 * DAY_US, DAY_US)
    size = Size(events=60_001, employees=50, contents=30)
    log = EventColumns.concatenate(list(event_blocks(size, published_at)))
    assert len(log) == len(np.unique(log.key)) == size.events
    assert np.all(np.diff(log.occurred_at) >= 0)
    assert np.all(published_at[log.content] <= log.occurred_at)
    assert 0 <= log.employee.min() <= log.employee.max() < size.employees
    assert 0.08 < log.is_interaction.mean() < 0.12


def test_a_company_grows_with_its_log() -> None:
    assert Size.of(1_000_000) == Size(1_000_000, 10_000, 2_500)
