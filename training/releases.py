"""Moving the alias ``champion``, in MLflow and in the pointer that serving follows."""

from datetime import datetime
from pathlib import Path

from recsys.errors import ConfigurationError
from recsys.registry import (
    Champion,
    Release,
    check_model,
    move_champion,
    read_champion,
    version_directory,
)
from training.tracking import Tracking

__all__ = ["promote", "roll_back"]


def promote(tracking: Tracking, models_dir: Path, number: int | None, *, at: datetime) -> Champion:
    """Make a registered version the champion (default: the challenger) and return it.

    Repeating it changes nothing. The model must be in the models folder, complete and unchanged.
    """
    number = number or tracking.alias("challenger")
    if number is None:
        raise ConfigurationError("there is no challenger to promote; `recsys train` registers one")
    run_id, model_version = tracking.version(number)
    directory = version_directory(models_dir, model_version)
    check_model(directory)
    release = Release(directory.relative_to(models_dir).as_posix(), number, run_id, at)
    current = read_champion(models_dir)
    if current is None:
        return _move(tracking, models_dir, Champion(release))
    if current.release.registered_version == number:
        return _move(tracking, models_dir, current)
    return _move(tracking, models_dir, current.succeeded_by(release))


def roll_back(tracking: Tracking, models_dir: Path, *, at: datetime) -> Champion:
    """Go back to the champion before this one and return it; again goes back one more."""
    current = read_champion(models_dir)
    previous = None if current is None else current.before(at)
    if previous is None:
        raise ConfigurationError(
            "there is no earlier champion to go back to; `recsys promote VERSION` takes any "
            "registered version"
        )
    check_model(models_dir / previous.release.model_dir)
    return _move(tracking, models_dir, previous)


def _move(tracking: Tracking, models_dir: Path, champion: Champion) -> Champion:
    # The alias first: if the tracking server cannot be reached, serving keeps what it has.
    tracking.set_alias("champion", champion.release.registered_version)
    move_champion(models_dir, champion)
    return champion
