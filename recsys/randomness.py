"""Random generators that depend on what is asked, never on the order of asking."""

from hashlib import blake2b

import numpy as np

__all__ = ["generator_for"]


def generator_for(*parts: str | int) -> np.random.Generator:
    """Return a generator seeded by ``parts``: equal parts draw the same, others independently."""
    text = "\x1f".join(str(part) for part in parts)
    # An id from outside may hold half a surrogate pair, which plain UTF-8 refuses.
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest)))
