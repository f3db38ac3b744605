"""The model that is compared with the champion: a version of the model store, or a path."""

from pathlib import Path
from typing import TYPE_CHECKING

from recsys.errors import ModelError

if TYPE_CHECKING:
    from recsys.model import Model

__all__ = ["open_challenger"]


def open_challenger(name: str, models_dir: Path) -> "Model":
    """Return the model of a saved engine, of a model's directory, or of a version in the store.

    Raises :class:`recsys.errors.ModelError` if there is none, or if its files were changed.
    """
    from recsys.bundle import verify
    from recsys.model import Model
    from recsys.registry import check_model, version_directory

    bundle = Path(name)
    if (bundle / "manifest.json").is_file():
        verify(bundle)
        return Model.read(bundle / "model")
    stored = version_directory(models_dir, name)
    directory = bundle if bundle.is_dir() else stored
    if not directory.is_dir():
        raise ModelError(
            f"there is no challenger {name!r}: it is no saved engine, and {models_dir} holds no "
            "such version; `recsys train` prints the version it made"
        )
    check_model(directory)
    return Model.read(directory)
