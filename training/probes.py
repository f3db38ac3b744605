"""What rides along on the trial's walk to tell more about the engine's ranker."""

from collections.abc import Sequence
from dataclasses import dataclass

from recsys.engine import Engine
from recsys.evaluation.protocol import Scorer
from recsys.evaluation.run import Evaluation
from recsys.event_columns import EventColumns
from training.ablation import GroupLoss, ShuffledGroup, group_losses, shuffled_groups
from training.reliability import Calibrated, ScoreRecorder, calibrated

__all__ = ["Probes"]


@dataclass(frozen=True, slots=True)
class Probes:
    """Scorers that are asked every question but are no models; none without a ranker."""

    groups: Sequence[ShuffledGroup] = ()
    recorder: ScoreRecorder | None = None

    @classmethod
    def of(cls, engine: Engine, seed: int, *, with_groups: bool = True) -> "Probes":
        """Return the probes of an engine, those of feature groups only ``with_groups``."""
        ranker = engine.model.ranker
        if ranker is None:
            return cls()
        groups = shuffled_groups(ranker, engine.scorer, seed) if with_groups else []
        return cls(groups, ScoreRecorder(ranker, engine.scorer))

    @property
    def scorers(self) -> list[Scorer]:
        """Return all of them, to be handed to the evaluation."""
        return [*self.groups, *([] if self.recorder is None else [self.recorder])]

    def results(
        self, evaluation: Evaluation, log: EventColumns, seed: int
    ) -> tuple[tuple[GroupLoss, ...], Calibrated | None]:
        """Return what each feature group is worth, and whether probabilities come true."""
        if self.recorder is None:
            return (), None
        names = [group.name for group in self.groups]
        losses = group_losses(evaluation.ranks, names, evaluation.probes, seed=seed)
        return losses, calibrated(self.recorder, evaluation.ranks, log)
