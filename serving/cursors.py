"""Cursors: where a page ended, in a form nobody is tempted to read."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

from serving.problems import Fault, ProblemError

__all__ = ["bad_cursor", "read_cursor", "write_cursor"]


def write_cursor(place: str) -> str:
    """Return the cursor that stands for a place: the id of a page's last row, say."""
    return urlsafe_b64encode(place.encode()).decode()


def read_cursor(cursor: str) -> str:
    """Return the place a cursor stands for; a problem (422) if it is none of ours."""
    try:
        place = urlsafe_b64decode(cursor.encode()).decode()
    except (binascii.Error, ValueError):
        place = ""
    if not place or "\0" in place:
        raise bad_cursor()
    return place


def bad_cursor() -> ProblemError:
    """Return the problem (422) that a cursor is none of ours."""
    fault = Fault(location="query.cursor", expected="the next_cursor of an earlier page")
    return ProblemError(
        422, "the cursor belongs to no page; leave it out to start at the beginning",
        errors=[fault],
    )  # fmt: skip
