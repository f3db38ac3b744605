"""For whom contents are meant where nobody knows who is looking: a screen, a kiosk, a wall."""

from collections.abc import Mapping

import numpy as np

from recsys.audience.audience import Audiences, Index, Times
from recsys.audience.conditions import Audience, Comparison, InSegment, Known, evaluate
from recsys.audience.population import Bools
from recsys.catalogue.catalogue import Catalogue

__all__ = ["Passers"]

_SURE, _OPEN, _NEVER = Known(True, True), Known(False, True), Known(False, False)


class Passers(Audiences):
    """Answers for somebody of whom only some attributes are known; whom it is asked for is ignored.

    A content is meant for them if its rule holds whatever else is true of them. So a rule about
    what is not known here never lets anything through, not even by saying who is *not* meant: of
    those who pass, some may be just these. Learned segments are never known; the company's own are
    as far as attributes tell. Snapshots are decided as things are now, since nobody is meant by
    name.

    Parameters
    ----------
    audiences
        Whose rules these are.
    catalogue
        Of the same company.
    attributes
        What is known. A value that no employee has is as good as not known.
    """

    def __init__(
        self, audiences: Audiences, catalogue: Catalogue, attributes: Mapping[str, str]
    ) -> None:
        super().__init__(catalogue, named=audiences.named)
        self._rules_of = audiences
        values = catalogue.employees.values
        self.attributes = {
            name: value
            for name, value in attributes.items()
            if name in values and value in values[name]
        }
        """Those that count."""

    def of_rule(self, rule: int) -> Audience | None:
        """Return what a rule says, read once for everybody."""
        return self._rules_of.of_rule(rule)

    def matches(self, employee: int, at: int, rules: Index, published_at: Times) -> Bools:
        """Return bool, shape (n,): whether each rule means everybody with these attributes."""
        del employee, at, published_at
        distinct, place = np.unique(rules, return_inverse=True)
        sure = [rule < 0 or self._is_sure(self.of_rule(rule)) for rule in distinct.tolist()]
        return np.array(sure, np.bool_)[place]

    def _is_sure(self, audience: Audience | None) -> bool:
        return audience is not None and evaluate(audience.condition, self._told, _SURE).is_sure

    def _told(self, comparison: Comparison) -> Known:
        if isinstance(comparison, InSegment):
            found = _NEVER
            for name in comparison.names:
                found |= self._in_segment(name)
            return found
        held = self.attributes.get(comparison.attribute)
        if held is None:
            return _OPEN
        return _SURE if any(map(comparison.holds, held.split(";"))) else _NEVER

    def _in_segment(self, name: str) -> Known:
        if name not in self.named:
            return _OPEN
        return evaluate(self.named.condition(name), self._told, _SURE)
