"""Files of pictures and films, which a browser may keep for a while."""

from collections.abc import MutableMapping
from os import PathLike, stat_result
from typing import Any

from starlette.responses import Response
from starlette.staticfiles import StaticFiles

__all__ = ["MediaFiles"]

_KEEP = "public, max-age=86400"
"""A day: they change with a release only, and a film is asked for part by part."""


class MediaFiles(StaticFiles):
    """Serves files, and parts of them where asked for (films seek), that may be kept."""

    def file_response(
        self,
        full_path: str | PathLike[str],
        stat_result: stat_result,
        scope: MutableMapping[str, Any],
        status_code: int = 200,
    ) -> Response:
        """Return a file, a part of it or that it has not changed."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = _KEEP
        return response
