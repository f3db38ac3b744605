"""`recsys promote` and `recsys rollback`: move the champion by hand."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.commands._shared import JsonOption, ModelsOption, load_settings, write_json

if TYPE_CHECKING:
    from recsys.registry import Champion

__all__ = ["promote", "rollback"]


def promote(
    version: Annotated[
        int | None, typer.Argument(min=1, help="Registered version; default: the challenger.")
    ] = None,
    *,
    models_dir: ModelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a registered version the champion, whatever the gate said; say what it said against it.

    Example: recsys promote 3
    """
    from training.releases import promote as move
    from training.tracking import Tracking

    models_dir = models_dir or load_settings().models_dir
    tracking = Tracking(models_dir)
    champion = move(tracking, models_dir, version, at=datetime.now(UTC))
    failed = tracking.failed_checks(champion.release.run_id)
    _show(champion, as_json=as_json, failed=failed)


def rollback(*, models_dir: ModelsOption = None, as_json: JsonOption = False) -> None:
    """Go back to the champion before this one; again goes back one more.

    Example: recsys rollback
    """
    from training.releases import roll_back
    from training.tracking import Tracking

    models_dir = models_dir or load_settings().models_dir
    champion = roll_back(Tracking(models_dir), models_dir, at=datetime.now(UTC))
    _show(champion, as_json=as_json)


def _show(champion: "Champion", *, as_json: bool, failed: list[str] | None = None) -> None:
    if as_json:
        history = [release.as_json() for release in champion.history]
        write_json(champion.release.as_json() | {"history": history, "failed_checks": failed})
        return
    release = champion.release
    for sentence in failed or ():
        typer.echo(f"- The gate refused it: {sentence}")
    typer.echo(f"Champion is registered version {release.registered_version}, {release.model_dir}")
