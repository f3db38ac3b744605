"""What training leaves behind: trees, text vectors and factors, as files without pickles."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np

from recsys.affinity.factor_model import FactorModel
from recsys.affinity.factors import FactorSnapshot
from recsys.affinity.feature_space import FeatureSpace
from recsys.candidates.shortlist import ShortlistRecipe
from recsys.formats.taste_model import TasteModel, guessed_tastes
from recsys.ranker.ranker import Ranker
from recsys.segments.model import SegmentModel
from recsys.slate.fatigue_fitting import DEFAULT_FATIGUE
from recsys.text.topics import TopicModel
from recsys.text.vectors import TextModel

__all__ = ["NO_MODEL", "Model"]

_FACTORS = "factors.npz"


@dataclass(frozen=True)
class Model:
    """Everything learned. Holds no employee id: authors enter factor columns as hashes."""

    ranker: Ranker | None
    """None when there was too little to learn from."""
    text: TextModel
    factors: FactorSnapshot | None
    trained_until: datetime
    shortlist: ShortlistRecipe = field(default_factory=ShortlistRecipe)
    """How candidates are chosen for the ranker, as when it was fitted."""
    tastes: TasteModel = field(default_factory=guessed_tastes)
    """Who takes in what in which format."""
    segments: SegmentModel | None = None
    """How people read; None when there were too few to learn from."""
    notes: tuple[str, ...] = ()
    """Inputs that training went on without, and why; sentences."""
    version: str = ""
    topics: TopicModel = field(default_factory=TopicModel.empty)
    """What texts are about, where labels are missing or wrong."""
    fatigue: float = DEFAULT_FATIGUE
    """How quickly people tire: :func:`recsys.slate.fatigue_fitting.fit_fatigue`."""

    def named(self) -> "Model":
        """Return the model with a version that its content determines: day and hash."""
        parts: Sequence[bytes] = (
            self.ranker.content() if self.ranker else b"",
            repr(self.shortlist).encode(),
            "\n".join(self.text.vocabulary).encode(),
            self.text.components.tobytes(),
            self.topics.coefficients.tobytes(),
            self.factors.model.item_feature_embeddings.tobytes() if self.factors else b"",
            self.tastes.logit.fixed.tobytes(),
            repr(self.segments.rules).encode() if self.segments else b"",
            self.segments.yardstick.precision.tobytes() if self.segments else b"",
            repr(self.fatigue).encode(),
        )
        digest = sha256(b"\0".join(parts)).hexdigest()[:10]
        return replace(self, version=f"{self.trained_until:%Y%m%d}-{digest}")

    def write(self, directory: Path) -> None:
        """Write the model's files into an existing directory."""
        if self.ranker is not None:
            self.ranker.write(directory)
        self.text.write(directory)
        self.topics.write(directory)
        if self.factors is not None:
            np.savez(
                directory / _FACTORS,
                fitted_at=np.array(self.factors.fitted_at),
                employee_columns=self.factors.employee_space.columns,
                content_columns=self.factors.content_space.columns,
                **self.factors.model.arrays(),  # type: ignore[arg-type]  # its keyword is no array
            )
        self.tastes.write(directory)
        if self.segments is not None:
            self.segments.write(directory)
        about = {
            "trained_until": self.trained_until.isoformat(),
            "shortlist": asdict(self.shortlist),
            "fatigue": self.fatigue,
            "notes": self.notes,
            "version": self.version,
        }
        (directory / "model.json").write_text(json.dumps(about, indent=2), encoding="utf-8")

    @classmethod
    def read(cls, directory: Path) -> "Model":
        """Read what :meth:`write` wrote."""
        about = json.loads((directory / "model.json").read_text(encoding="utf-8"))
        return cls(
            ranker=Ranker.read(directory),
            shortlist=ShortlistRecipe(**about["shortlist"]),
            fatigue=float(about["fatigue"]),
            text=TextModel.read(directory),
            topics=TopicModel.read(directory),
            factors=_read_factors(directory / _FACTORS),
            tastes=TasteModel.read(directory),
            segments=SegmentModel.read(directory),
            trained_until=datetime.fromisoformat(about["trained_until"]),
            notes=tuple(about["notes"]),
            version=about["version"],
        )


def _read_factors(path: Path) -> FactorSnapshot | None:
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    fitted_at = int(arrays.pop("fitted_at"))
    employees = FeatureSpace(arrays.pop("employee_columns"))
    contents = FeatureSpace(arrays.pop("content_columns"))
    return FactorSnapshot(fitted_at, FactorModel.from_arrays(arrays), employees, contents)


NO_MODEL = Model(
    ranker=None,
    text=TextModel.empty(),
    factors=None,
    trained_until=datetime(1970, 1, 1, tzinfo=UTC),
    notes=("no champion: feeds are ordered by popularity; train and promote a model",),
    version="none",
)
"""What serves before the first champion."""
