"""Diversity: the next slot should not repeat the ones above it."""

from dataclasses import dataclass
from typing import ClassVar

from recsys.slate.draft import Draft

__all__ = ["Diversity"]


@dataclass(frozen=True, slots=True)
class Diversity:
    """Lowers what is like a content above it (MMR, Carbonell & Goldstein 1998).

    The value is multiplied by exp(−strength · s), s the largest cosine of its text vector with
    those above. The original subtracts λ · s; as a factor it means the same for every ranker.
    """

    name: ClassVar[str] = "diversity"
    strength: float = 0.5

    def apply(self, draft: Draft) -> None:
        """Set the cost of similarity."""
        draft.similarity_cost = self.strength
