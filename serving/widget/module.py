"""The widget as browsers get it: one ES module, joined from its parts."""

import gzip
import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

__all__ = ["ENTRY", "WidgetModule", "widget_module"]

ENTRY = "intranet-feed.js"

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_COMMENT = re.compile(r"^[ ]*(//[^\n]*|/\*\*.*?\*/)\n", re.MULTILINE | re.DOTALL)
_INDENT = re.compile(r"^[ \n]+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class WidgetModule:
    """The module as it is sent, plain and compressed, and a tag that changes with it."""

    plain: bytes
    gzipped: bytes
    etag: str


@cache
def widget_module() -> WidgetModule:
    """Return the module, joined once in a process.

    Parts are native modules whose top-level names differ, so joining them is leaving out what
    imports and exports. Comments that fill lines, and indents, stay at home as well.
    """
    text = "".join(_parts(ENTRY, set()))
    plain = _INDENT.sub("", _COMMENT.sub("", text)).encode()
    etag = f'"{sha256(plain).hexdigest()[:20]}"'
    return WidgetModule(plain, gzip.compress(plain, 9, mtime=0), etag)


def _parts(name: str, seen: set[str]) -> list[str]:
    """Return the texts of a part and of what it imports, which comes first; each once."""
    if name in seen:
        return []
    seen.add(name)
    text = files("serving.widget").joinpath("parts", name).read_text(encoding="utf-8")
    needed = [part for other in _IMPORT.findall(text) for part in _parts(other, seen)]
    own = re.sub(r"^export (?=const|class|function|async)", "", text, flags=re.MULTILINE)
    return [*needed, _IMPORT.sub("", own)]
