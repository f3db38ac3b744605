"""What rides along on the trial's walk to tell more about the engine's ranker."""

from collections.abc import Sequence
from dataclasses import dataclass

from recsys.engine import Engine
from recsys.evaluation.protocol import Ranks, Scorer
from recsys.evaluation.run import Evaluation
from recsys.event_columns import EventColumns
from recsys.scoring import LiveScorer
from training.ablation import GroupLoss, ShuffledGroup, group_losses, shuffled_groups
from training.gate_checks import Check
from training.reliability import (
    Calibrated,
    ScoreRecorder,
    calibrated,
    check_calibration,
    outcomes,
)

__all__ = ["Probes"]


@dataclass(frozen=True, slots=True)
class Probes:
    """Scorers that are asked every question but are no models; none without a ranker."""

    groups: Sequence[ShuffledGroup] = ()
    recorder: ScoreRecorder | None = None
    champion: ScoreRecorder | None = None

    @classmethod
    def of(
        cls, engine: Engine, seed: int, champion: LiveScorer | None = None, *,
        with_groups: bool = True,
    ) -> "Probes":  # fmt: skip
        """Return the probes of an engine and of the champion that it is compared with.

        Those of feature groups only ``with_groups``.
        """
        other = None if champion is None else champion.model.ranker
        beside = None if champion is None or other is None else ScoreRecorder(other, champion)
        ranker = engine.model.ranker
        if ranker is None:
            return cls(champion=beside)
        groups = shuffled_groups(ranker, engine.scorer, seed) if with_groups else []
        return cls(groups, ScoreRecorder(ranker, engine.scorer), beside)

    @property
    def scorers(self) -> list[Scorer]:
        """Return all of them, to be handed to the evaluation."""
        recorders = (self.recorder, self.champion)
        return [*self.groups, *(recorder for recorder in recorders if recorder is not None)]

    def calibration(self, ranks: Ranks, log: EventColumns) -> Check:
        """Return whether probabilities come true about as well as the champion's."""
        own, champion = (
            None if recorder is None else outcomes(recorder, ranks, log)
            for recorder in (self.recorder, self.champion)
        )
        return check_calibration(own, champion)

    def results(
        self, evaluation: Evaluation, log: EventColumns, seed: int
    ) -> tuple[tuple[GroupLoss, ...], Calibrated | None]:
        """Return what each feature group is worth, and whether probabilities come true."""
        if self.recorder is None:
            return (), None
        names = [group.name for group in self.groups]
        losses = group_losses(evaluation.ranks, names, evaluation.probes, seed=seed)
        return losses, calibrated(self.recorder, evaluation.ranks, log)
