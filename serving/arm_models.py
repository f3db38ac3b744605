"""Models of variants: other versions of the registry, beside the one that serves."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import structlog

from experiments.running.definition import Variant
from recsys.engine import Engine
from recsys.errors import ModelError
from recsys.model import Model
from recsys.registry import check_model, version_directory

__all__ = ["ArmModels"]

_log = structlog.get_logger()


class ArmModels:
    """Lends engines of other models over the state of the engine that serves.

    A version is read once, best ahead of its first feed (:meth:`read`). One that cannot be read,
    after its experiment was started with it, leaves the champion in its place; the log says so.
    """

    def __init__(self, models_dir: Path) -> None:
        self._models_dir = models_dir
        self._versions: dict[str, Model | None] = {"": None}
        self._mixed: dict[tuple[str, str, str], Model] = {}

    def read(self, variants: Iterable[Variant]) -> None:
        """Read the versions that some variants name."""
        for variant in variants:
            for version in variant.models:
                self._version(version)

    def engine(self, usual: Engine, variants: Iterable[Variant]) -> Engine:
        """Return what ranks under some variants; the last one that names a model decides."""
        named = [variant.models for variant in variants if any(variant.models)]
        if not named:
            return usual
        model = self._model(usual.model, *named[-1])
        return usual if model is usual.model else usual.beside(model)

    def _model(self, champion: Model, ranking: str, formats: str) -> Model:
        model, other = self._version(ranking) or champion, self._version(formats)
        if other is None:
            return model
        key = champion.version, ranking, formats
        if key not in self._mixed:
            version = f"{model.version}+{other.version}"
            self._mixed[key] = replace(model, tastes=other.tastes, version=version)
        return self._mixed[key]

    def _version(self, version: str) -> Model | None:
        """Return a version of the registry; None for the champion."""
        if version not in self._versions:
            self._versions[version] = self._read(version)
        return self._versions[version]

    def _read(self, version: str) -> Model | None:
        directory = version_directory(self._models_dir, version)
        try:
            check_model(directory)
            return Model.read(directory)
        except (ModelError, OSError, ValueError, KeyError) as error:
            _log.error("arm_model_unreadable", version=version, reason=str(error))
            return None
