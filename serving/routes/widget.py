"""`/widget/intranet-feed.js`: the module that a portal's page loads."""

from fastapi import APIRouter, Request, Response

from serving.widget.module import ENTRY, widget_module

__all__ = ["router"]

router = APIRouter(prefix="/widget", include_in_schema=False)

_HEADERS = {
    "Access-Control-Allow-Origin": "*",  # pages of any site may load it; what it calls may not
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "public, max-age=600, stale-while-revalidate=86400",
    "Vary": "Accept-Encoding",
}


@router.api_route(f"/{ENTRY}", methods=["GET", "HEAD"])
async def widget(request: Request) -> Response:
    """Return the module, compressed for who can read that; 304 to who has it."""
    module = widget_module()
    headers = _HEADERS | {"ETag": module.etag}
    if module.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    body = module.plain
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = module.gzipped, "gzip"
    return Response(body, headers=headers, media_type="text/javascript; charset=utf-8")
