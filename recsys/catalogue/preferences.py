"""What employees chose for themselves."""

from dataclasses import dataclass

import pandas as pd

from recsys.catalogue.columns import texts
from recsys.ids import IdMap

__all__ = ["NO_PREFERENCES", "PreferenceTable", "Preferences"]


@dataclass(frozen=True, slots=True)
class Preferences:
    """One employee's choices; the defaults are those of someone who chose nothing."""

    personalization_opt_out: bool = False
    preferred_format: str | None = None
    muted_topics: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    newsletter_frequency: str | None = None


NO_PREFERENCES = Preferences()


class PreferenceTable:
    """Choices by employee index; an upsert replaces an employee's row whole."""

    def __init__(self) -> None:
        self._rows: dict[int, Preferences] = {}

    def upsert(self, frame: pd.DataFrame, employees: IdMap) -> None:
        """Replace the choices of the employees in a canonical frame."""
        opt_out = frame["personalization_opt_out"].fillna(value=False).tolist()
        columns = (
            texts(frame[name])
            for name in ("preferred_format", "muted_topics", "languages", "newsletter_frequency")
        )
        rows = zip(
            employees.add_many(frame["employee_id"]).tolist(), opt_out, *columns, strict=True
        )
        for employee, out, preferred, muted, languages, frequency in rows:
            self._rows[employee] = Preferences(
                personalization_opt_out=bool(out),
                preferred_format=preferred or None,
                muted_topics=_as_set(muted),
                languages=_as_set(languages.lower()),
                newsletter_frequency=frequency or None,
            )

    def opted_out(self) -> list[int]:
        """Return the indices of employees who do not want to be learned from."""
        return [index for index, row in self._rows.items() if row.personalization_opt_out]

    def of(self, employee: int) -> Preferences:
        """Return the choices of an employee; those of nobody for an unknown one."""
        return self._rows.get(employee, NO_PREFERENCES)


def _as_set(text: str) -> frozenset[str]:
    return frozenset(part for part in text.split(";") if part)
