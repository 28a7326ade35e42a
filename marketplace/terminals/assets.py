"""Style, scripts, fonts and pictures: served under an address that changes with their content."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request, Response

from marketplace.kernel import http
from marketplace.kernel.access import PUBLIC, Principal
from marketplace.kernel.errors import NotFoundError
from marketplace.terminals.packing import pack, takes_gzip

router = http.router(tags=["pages"])

_FOLDER = Path(str(files("marketplace.terminals"))) / "static"
_MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}
_PACKED_ALREADY = frozenset({".woff2", ".png", ".ico"})
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its media type, its bytes, and the same packed by gzip (empty where that saves nothing)."""

    media: str
    content: bytes
    packed: bytes


@cache
def _assets() -> dict[str, Asset]:
    found = {}
    for path in sorted(_FOLDER.rglob("*")):
        if path.suffix in _MEDIA:
            content = path.read_bytes()
            packed = b"" if path.suffix in _PACKED_ALREADY else pack(content)
            found[path.relative_to(_FOLDER).as_posix()] = Asset(_MEDIA[path.suffix], content, packed)
    return found


@cache
def _version() -> str:
    """One for all files: a style sheet may then name its fonts by a relative address."""
    digest = hashlib.sha256()
    for name, asset in _assets().items():
        digest.update(name.encode() + b"\0" + asset.content)
    return digest.hexdigest()[:12]


def address(name: str) -> str:
    """Return the address of a file in ``static``. Raises KeyError for one that is not there."""
    if name not in _assets():
        raise KeyError(name)
    return f"/static/{_version()}/{name}"


@router.get("/static/{version}/{name:path}", summary="Static file", include_in_schema=False)
def read_static_file(version: str, name: str, request: Request, _: Annotated[Principal, Depends(PUBLIC)]) -> Response:
    """Return a file that pages refer to; a browser may keep it for ever, as another content has another address."""
    asset = _assets().get(name)
    if asset is None:
        raise NotFoundError
    headers = {"Cache-Control": _FOREVER if version == _version() else "no-store", "Vary": "Accept-Encoding"}
    if asset.packed and takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(asset.packed, media_type=asset.media, headers=headers | {"Content-Encoding": "gzip"})
    return Response(asset.content, media_type=asset.media, headers=headers)
