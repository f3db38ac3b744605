"""Structured log lines on standard error."""

import logging
import sys
from typing import Literal

import orjson
import structlog

__all__ = ["configure_logging"]


def configure_logging(level: str, line_format: Literal["auto", "text", "json"] = "auto") -> None:
    """Write log lines of at least ``level`` (debug, info, warning, error) to stderr.

    ``text`` is key=value for people, ``json`` one object a line for machines; ``auto`` is text if
    standard error is a terminal at this moment. Called once, at the rim of a program. Standard
    output stays free for results; lines carry numbers and the ids of things, never ids of people,
    names, texts, keys or tokens.
    """
    is_text = line_format == "text" or (line_format == "auto" and sys.stderr.isatty())
    renderer: structlog.typing.Processor = (
        structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
        if is_text
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=_StandardError,
    )


def _json(line: object, **_: object) -> str:
    return orjson.dumps(line, default=str).decode()


class _StandardError:
    """Writes to what standard error is at the moment of a line; it may have been replaced."""

    def __init__(self, *_: object) -> None:
        """Take and ignore the name structlog gives."""

    def msg(self, message: str) -> None:
        """Write one line."""
        sys.stderr.write(message + "\n")
        sys.stderr.flush()

    log = debug = info = warning = error = critical = exception = fatal = failure = msg
