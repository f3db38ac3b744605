"""Who is in the audience of which content."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from recsys.audience.rules import Rule, matches, parse_rule
from recsys.catalogue.catalogue import Catalogue

__all__ = ["Audiences"]


class Audiences:
    """Answers whether contents are meant for an employee; remembers each (version, rule)."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._rules: dict[int, Rule] = {}
        self._answers: dict[tuple[int, int], bool] = {}

    def includes(self, version: int, contents: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """Return bool, shape (n,): contents for everybody, or whose rule the version matches.

        ``version`` is an employee's attribute version; somebody unknown (−1) is in no audience but
        everybody's, also where a rule says who is *not* meant.
        """
        rules = self._catalogue.contents["rule"].view(np.int32)[contents]
        included = rules < 0
        for rule in np.unique(rules[~included]).tolist():
            included[rules == rule] = self._includes(version, rule)
        return included

    def forget_employees(self) -> None:
        """Drop remembered answers; call after attributes changed, since versions move."""
        self._answers = {}

    def _includes(self, version: int, rule: int) -> bool:
        answer = self._answers.get((version, rule))
        if answer is None:
            attributes: Mapping[str, str] = self._catalogue.employees.attributes(version)
            wanted = self._rule(rule)
            answer = matches(wanted, attributes) if version >= 0 else not wanted
            self._answers[version, rule] = answer
        return answer

    def _rule(self, rule: int) -> Rule:
        if rule not in self._rules:
            self._rules[rule] = parse_rule(self._catalogue.contents.rules.id(rule))
        return self._rules[rule]
