"""Names that come from data, made harmless for the text around them."""

__all__ = ["isolated", "plain_name"]

_TURNS_TEXT = str.maketrans("", "", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain_name(name: object) -> str:
    """Return a name without the marks that turn the text after them around."""
    return str(name).translate(_TURNS_TEXT)


def isolated(name: object) -> str:
    """Return a name that, whatever its script, leaves the sentence around it in order."""
    return f"\u2068{plain_name(name)}\u2069"
