"""Experiments: design, assignment, exposure, statistics, reports."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.analysis import analyze

__all__ = ["analyze"]


def __getattr__(name: str) -> Any:  # noqa: ANN401  # the type depends on the name
    """Import the public name on first use: commands and servers that need it not start faster."""
    if name == "analyze":
        from experiments.analysis import analyze

        return analyze
    raise AttributeError(f"module 'experiments' has no attribute {name!r}")
