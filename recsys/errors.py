"""The errors this project raises on purpose; everything else is a defect.

A message says what went wrong, which value, what was expected and what to do next.
"""

__all__ = [
    "ConfigurationError",
    "DatasetError",
    "ModelError",
    "RecsysError",
    "StoreError",
    "TimeTravelError",
]


class RecsysError(Exception):
    """Root of all errors raised on purpose."""


class ConfigurationError(RecsysError):
    """A setting or an argument has a value that cannot work."""


class DatasetError(RecsysError):
    """A data set as a whole cannot be read (single bad rows are rejects, never errors)."""


class StoreError(RecsysError):
    """The database cannot be opened, or is not at the expected schema version."""


class ModelError(RecsysError):
    """A model bundle is missing, damaged or of an unknown version."""


class TimeTravelError(RecsysError):
    """An engine was asked about a moment before one it has already answered for."""
