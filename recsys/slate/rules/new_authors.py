"""New faces: a boost for authors somebody has not met."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from recsys.slate.draft import Draft

__all__ = ["NewAuthors"]

_MET = float(np.log1p(0.1))
"""A tenth of a reading is left of one after 200 days: by then they are strangers again."""


@dataclass(frozen=True, slots=True)
class NewAuthors:
    """Raises contents of authors of whom the employee has read nothing for long."""

    name: ClassVar[str] = "new_authors"
    strength: float = 0.1
    """Added to the factor: 0.1 is "a tenth better"."""

    def apply(self, draft: Draft) -> None:
        """Multiply values; without an author, or without features, nothing happens."""
        if not draft.question.is_personal:
            return
        is_new = draft.feature("own_author_60d") < _MET
        is_new &= draft.column("author").view(np.int32) >= 0
        draft.scale(self.name, 1.0 + self.strength * is_new)
