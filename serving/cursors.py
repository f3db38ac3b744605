"""Cursors: where a page ended, in a form nobody is tempted to read."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

from serving.problems import Fault, ProblemError

__all__ = ["read_cursor", "write_cursor"]


def write_cursor(last: str) -> str:
    """Return the cursor of a page whose last row has the id ``last``."""
    return urlsafe_b64encode(last.encode()).decode()


def read_cursor(cursor: str) -> str:
    """Return the id a cursor stands for; a problem (422) if it is none of ours."""
    try:
        last = urlsafe_b64decode(cursor.encode()).decode()
    except (binascii.Error, ValueError):
        last = ""
    if not last or "\0" in last:
        fault = Fault(location="query.cursor", expected="the next_cursor of an earlier page")
        raise ProblemError(
            422, "the cursor belongs to no page; leave it out to start at the beginning",
            errors=[fault],
        )  # fmt: skip
    return last
