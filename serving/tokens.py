"""Short-lived tokens of employees, for browsers: what an employee sees of this API is their own."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

__all__ = ["PREFIX", "Tokens"]

PREFIX = "rt_"
"""What every token begins with; keys begin otherwise."""


class Tokens:
    """Makes and reads tokens; the same secret reads them in every process.

    A token is ``rt_CLAIM.SIGNATURE``. The claim is the second it expires in and the employee's id,
    in base64: to be read by anybody, there is nothing secret in it. The signature is HMAC-SHA256
    of the claim as it is written, so no second spelling of a token is valid. It cannot be revoked;
    it ends by itself.

    Parameters
    ----------
    secret
        32 random bytes.
    lifetime
        How long a token is valid.
    """

    def __init__(self, secret: bytes, lifetime: timedelta) -> None:
        self._secret = secret
        self._lifetime = lifetime

    def make(self, employee_id: str, at: datetime) -> tuple[str, datetime]:
        """Return a token that is valid from ``at``, and when it expires (in whole seconds)."""
        expires = int((at + self._lifetime).timestamp())
        claim = urlsafe_b64encode(f"{expires}:{employee_id}".encode())
        token = PREFIX + (claim + b"." + self._signature(claim)).decode()
        return token, datetime.fromtimestamp(expires, UTC)

    def employee(self, token: str, at: datetime) -> str | None:
        """Return whose token this is; None for one that is expired or was not made here.

        Signatures are compared in constant time; a claim is read only once its signature holds.
        """
        claim, _, signature = token.removeprefix(PREFIX).encode("utf-8", "replace").partition(b".")
        if not hmac.compare_digest(signature, self._signature(claim)):
            return None
        expires, _, employee_id = urlsafe_b64decode(claim).decode().partition(":")
        return employee_id if at.timestamp() < int(expires) else None

    def _signature(self, claim: bytes) -> bytes:
        return urlsafe_b64encode(hmac.digest(self._secret, claim, "sha256")).rstrip(b"=")
