"""Pages travel packed: which answers, for whom, and by which rule not."""

import gzip

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

_LEVEL = 6
"""At 9 a page takes three times as long and is 1 % smaller."""
LEAST = 1_000
"""Bytes below which an answer fits into one packet anyway."""
_IN_THE_LOOP = 16_000
"""Bytes up to which packing takes less time than handing the work to a thread."""
_MEDIA = ("text/", "application/json", "application/geo+json", "image/svg+xml")
_FOREIGN = frozenset({"cross-site", "same-site"})


def takes_gzip(accept_encoding: str) -> bool:
    """Tell whether a client that sends this Accept-Encoding takes gzip (RFC 9110, 12.5.3: q=0 says no)."""
    for part in accept_encoding.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name == "gzip":
            return not any(one.replace(" ", "") in {"q=0", "q=0.0", "q=0.00", "q=0.000"} for one in parameters)
    return False


async def packed(request: Request, response: Response) -> Response:
    """Return the answer packed by gzip where its client takes that and it gets smaller; otherwise as it is.

    A stream has no body yet and stays as it is: each of its messages leaves at once. What a foreign page makes a
    browser ask for stays unpacked, too: from the packed length of a page that repeats a chosen text, who watches the
    wire could guess what else is in it (BREACH, CVE-2013-3587).
    """
    body = bytes(getattr(response, "body", b""))
    if len(body) < LEAST or not response.headers.get("content-type", "").startswith(_MEDIA):
        return response
    if "content-encoding" in response.headers:
        return response
    response.headers.add_vary_header("Accept-Encoding")
    if request.headers.get("sec-fetch-site") in _FOREIGN or not takes_gzip(request.headers.get("accept-encoding", "")):
        return response
    small = pack(body) if len(body) <= _IN_THE_LOOP else await run_in_threadpool(pack, body)
    if len(small) < len(body):
        response.body = small
        response.headers["content-length"] = str(len(small))
        response.headers["content-encoding"] = "gzip"
    return response


def pack(content: bytes) -> bytes:
    """Return ``content`` packed: the same for the same content at any time, on any machine of one zlib."""
    return gzip.compress(content, _LEVEL, mtime=0)
