"""Experiments: design, assignment, exposure, statistics, reports."""

from experiments.analysis import analyze

__all__ = ["analyze"]
