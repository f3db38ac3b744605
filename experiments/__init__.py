"""Experiments: design, assignment, exposure, statistics, reports."""
