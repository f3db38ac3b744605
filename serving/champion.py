"""The model that serves: the champion, or a plain order where there is none."""

from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from recsys.errors import ModelError
from recsys.model import NO_MODEL, Model
from recsys.registry import champion_bundle, read_champion

__all__ = ["ServingModel", "find_champion"]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ServingModel:
    """A model, where the champion's pointer named it, and why a newer one could not be read."""

    model: Model
    model_dir: str | None = None
    failure: str | None = None


def find_champion(models_dir: Path, current: ServingModel | None = None) -> ServingModel:
    """Return the champion of a model store; ``current`` itself if nothing has changed.

    A champion that cannot be read leaves ``current`` serving, or no ranker: a plainer feed beats
    none. The reason is logged once and shown by ``/v1/model``.
    """
    try:
        champion = read_champion(models_dir)
        named = None if champion is None else champion.release.model_dir
        if current is not None and (current.model_dir, current.failure) == (named, None):
            return current
        directory = champion_bundle(models_dir)
        return ServingModel(NO_MODEL if directory is None else Model.read(directory), named)
    except (ModelError, OSError, ValueError, KeyError) as error:
        return _despite(current, str(error))


def _despite(current: ServingModel | None, failure: str) -> ServingModel:
    if current is not None and current.failure == failure:
        return current
    _log.error("champion_unreadable", reason=failure)
    model = NO_MODEL if current is None else current.model
    noted = replace(model, notes=(*model.notes, failure))
    return ServingModel(noted, None if current is None else current.model_dir, failure)
