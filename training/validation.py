"""Whether data is fit to learn from: all of :mod:`training.data_checks`, before anything is fit.

A finding stops the training, or lets it go on with a sentence that is kept, or is only said. What
is wrong for a day degrades; what would be learned as the truth stops. Nothing names an employee.
"""

from datetime import datetime

from recsys.errors import DatasetError
from training.data_checks.clocks import check_arrivals, check_future, check_hours
from training.data_checks.columns import (
    check_attributes,
    check_columns,
    check_news,
    check_rejects,
)
from training.data_checks.findings import Finding, stopping
from training.data_checks.flow import check_freshness, check_streams, check_volume
from training.data_checks.recent import RecentLog
from training.data_checks.rows import check_bursts, check_duplicates, check_ids
from training.material import Material

__all__ = ["check", "checked"]

_ORDER = ("stop", "degrade", "inform")


def check(material: Material, now: datetime) -> tuple[Finding, ...]:
    """Return what is wrong with the data at the clock's ``now``, gravest first.

    Looks at the last nine weeks before the end of the log: half a second for a million events.
    """
    dataset, until = material.dataset, material.until
    log = RecentLog.of(dataset["events"], until)
    found = [
        *check_future(dataset, until, now),
        *check_freshness(log, until, now),
        *check_volume(log),
        *check_streams(log),
        *check_hours(log),
        *check_arrivals(log),
        *check_ids(log, dataset),
        *check_duplicates(log),
        *check_bursts(log),
        *check_columns(log),
        *check_attributes(dataset, until),
        *check_rejects(dataset, material.n_rejected),
        *check_news(log),
    ]
    return tuple(sorted(found, key=lambda finding: _ORDER.index(finding.effect)))


def checked(material: Material, now: datetime, *, despite_data: bool) -> tuple[Finding, ...]:
    """Return the findings; raise :class:`DatasetError` with the sentences of those that stop.

    ``despite_data`` goes on all the same.
    """
    findings = check(material, now)
    stops = stopping(findings)
    if stops and not despite_data:
        sentences = "".join(f"\n- {finding.sentence}" for finding in stops)
        raise DatasetError(
            f"nothing was fit, because the data does not look right:{sentences}\n"
            "Put it right, or pass --despite-data to learn from it as it is"
        )
    return findings
