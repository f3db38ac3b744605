"""Structured log lines on standard error."""

import logging
import sys

import structlog

__all__ = ["configure_logging"]


def configure_logging(level: str) -> None:
    """Write log lines of at least ``level`` (debug, info, warning, error) as key=value to stderr.

    Called once, at the rim of a program. Standard output stays free for results; lines carry
    identifiers and numbers, never names or texts.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=_StandardError,
    )


class _StandardError:
    """Writes to what standard error is at the moment of a line; it may have been replaced."""

    def __init__(self, *_: object) -> None:
        """Take and ignore the name structlog gives."""

    def msg(self, message: str) -> None:
        """Write one line."""
        sys.stderr.write(message + "\n")
        sys.stderr.flush()

    log = debug = info = warning = error = critical = exception = fatal = failure = msg
