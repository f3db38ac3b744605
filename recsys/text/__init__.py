"""Vectors of titles and texts."""
