"""Links of one person: signed, and opaque to whoever looks at them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha512
from hmac import digest
from typing import Literal

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

__all__ = ["Claim", "LinkKind", "Links"]

LinkKind = Literal["r", "m", "u"]
"""``r`` follows a story, ``m`` shows the mail as a page, ``u`` unsubscribes: the first part of the
address, and part of what is signed, so that no link can be used for another purpose."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose link it is, of which mail, and for ``r`` of which item in it."""

    employee_id: str
    issue_id: str
    content_id: str = ""
    rendition_id: str = ""
    position: int = 0


class Links:
    """Makes and reads links; the same secret reads them in every process.

    ``PUBLIC_URL/KIND/TOKEN`` where the token is the claim under AES-256-SIV (RFC 5297): it can
    neither be read nor changed without the secret, and the same claim gives the same token, so a
    mail that is rendered twice is the same mail. A link has no end of its own: a story ends when it
    is withdrawn or expires, an employee when they are erased. Where the secret was replaced, old
    links mean nothing any more. Safe for concurrent use.

    Parameters
    ----------
    secret
        The database's 32 random bytes that sign the employees' tokens too; the key of links is
        derived from it.
    public_url
        Where this server is reached from people's mail programs.
    """

    def __init__(self, secret: bytes, public_url: str) -> None:
        self._cipher = AESSIV(digest(secret, b"newsletter links", sha512))
        self._public_url = public_url.rstrip("/")

    def url(self, kind: LinkKind, claim: Claim) -> str:
        """Return the address of a link."""
        said = orjson.dumps([
            claim.employee_id, claim.issue_id, claim.content_id, claim.rendition_id, claim.position,
        ])  # fmt: skip
        sealed = urlsafe_b64encode(self._cipher.encrypt(said, [kind.encode()])).rstrip(b"=")
        return f"{self._public_url}/{kind}/{sealed.decode()}"

    def read(self, kind: LinkKind, token: str) -> Claim | None:
        """Return what a token of this kind says; None for one that was not made here."""
        try:
            sealed = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
            said = self._cipher.decrypt(sealed, [kind.encode()])
        except (ValueError, InvalidTag):  # bad characters are a ValueError as well
            return None
        return Claim(*orjson.loads(said))
