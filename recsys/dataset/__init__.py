"""Canonical data sets: reading, checking, importing from other layouts."""
