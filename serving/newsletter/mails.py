"""Where mails come from: what rendering and delivery ask of the plans."""

from collections.abc import Iterator
from typing import Protocol

from serving.newsletter.mail import Mail
from serving.newsletter.rendering.edition import Edition

__all__ = ["Mails", "NoMails"]


class Mails(Protocol):
    """The mails of planned issues, after the last check. Safe for concurrent use."""

    def edition(self, issue_id: str) -> Edition | None:
        """Return how an issue is presented; None if there is no such issue, or no plan of it."""

    def find(self, issue_id: str, employee_id: str) -> Mail | None:
        """Return one person's mail; None if they get none, or the issue is not kept any more."""

    def count(self, issue_id: str) -> int:
        """Return how many mails an issue has."""

    def all(self, issue_id: str) -> Iterator[Mail]:
        """Yield the mails of an issue in the order of employee ids; none for an unknown issue."""


class NoMails:
    """No issue was ever planned."""

    def edition(self, issue_id: str) -> Edition | None:  # noqa: ARG002
        """Return nothing."""
        return None

    def find(self, issue_id: str, employee_id: str) -> Mail | None:  # noqa: ARG002
        """Return nothing."""
        return None

    def count(self, issue_id: str) -> int:  # noqa: ARG002
        """Return 0."""
        return 0

    def all(self, issue_id: str) -> Iterator[Mail]:  # noqa: ARG002
        """Yield nothing."""
        return iter(())
