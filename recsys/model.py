"""What training leaves behind: trees, text vectors and factors, as files without pickles."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import numpy as np

from recsys.affinity.factor_model import FactorModel
from recsys.affinity.factors import FactorSnapshot
from recsys.affinity.feature_space import FeatureSpace
from recsys.ranker.lambdarank import Ranker
from recsys.text.vectors import TextModel

__all__ = ["Model"]

_RANKER, _TEXT, _VOCABULARY, _FACTORS = "ranker.txt", "text.npz", "vocabulary.json", "factors.npz"


@dataclass(frozen=True)
class Model:
    """Everything learned. Holds no employee id: authors enter factor columns as hashes."""

    ranker: Ranker | None
    """None when there was too little to learn from."""
    text: TextModel
    factors: FactorSnapshot | None
    trained_until: datetime
    notes: tuple[str, ...] = ()
    """Inputs that training went on without, and why; sentences."""
    version: str = ""

    def named(self) -> "Model":
        """Return the model with a version that its content determines: day and hash."""
        parts: Sequence[bytes] = (
            self.ranker.model_text.encode() if self.ranker else b"",
            "\n".join(self.text.vocabulary).encode(),
            self.text.components.tobytes(),
            self.factors.model.item_feature_embeddings.tobytes() if self.factors else b"",
        )
        digest = sha256(b"\0".join(parts)).hexdigest()[:10]
        return replace(self, version=f"{self.trained_until:%Y%m%d}-{digest}")

    def write(self, directory: Path) -> None:
        """Write the model's files into an existing directory."""
        if self.ranker is not None:
            (directory / _RANKER).write_text(self.ranker.model_text, encoding="utf-8")
        np.savez(directory / _TEXT, idf=self.text.idf, components=self.text.components)
        (directory / _VOCABULARY).write_text(
            json.dumps(self.text.vocabulary, ensure_ascii=False), encoding="utf-8"
        )
        if self.factors is not None:
            np.savez(
                directory / _FACTORS,
                fitted_at=np.array(self.factors.fitted_at),
                employee_columns=self.factors.employee_space.columns,
                content_columns=self.factors.content_space.columns,
                **self.factors.model.arrays(),  # type: ignore[arg-type]  # its keyword is no array
            )
        about = {
            "trained_until": self.trained_until.isoformat(),
            "notes": self.notes,
            "version": self.version,
        }
        (directory / "model.json").write_text(json.dumps(about, indent=2), encoding="utf-8")

    @classmethod
    def read(cls, directory: Path) -> "Model":
        """Read what :meth:`write` wrote."""
        about = json.loads((directory / "model.json").read_text(encoding="utf-8"))
        ranker = directory / _RANKER
        with np.load(directory / _TEXT, allow_pickle=False) as arrays:
            vocabulary = json.loads((directory / _VOCABULARY).read_text(encoding="utf-8"))
            text = TextModel(tuple(vocabulary), arrays["idf"], arrays["components"])
        return cls(
            ranker=Ranker(ranker.read_text(encoding="utf-8")) if ranker.exists() else None,
            text=text,
            factors=_read_factors(directory / _FACTORS),
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
