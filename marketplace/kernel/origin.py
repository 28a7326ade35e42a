"""Where a browser's request comes from: what a cookie vouches for must not be sent by another site's page."""

from fastapi import Request

from marketplace.kernel.errors import ForbiddenError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class ForeignOriginError(ForbiddenError):
    """A browser sends a command that a page of another site made it send (OWASP: cross-site request forgery)."""

    kind = "foreign-origin"
    title = "This was not sent from a page of this marketplace"


def check_same_origin(request: Request) -> None:
    """Raise ForeignOriginError unless a command was sent by a page of ours, by what the browser itself says of it.

    ``Sec-Fetch-Site`` decides where it is sent (W3C Fetch Metadata); else ``Origin`` must be the address asked for. A
    browser sends at least one with every command. What only reads needs no check: no answer can be read elsewhere.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    if site is None:
        own = f"{request.url.scheme}://{request.headers.get('host', '')}"
        if request.headers.get("origin") == own:
            return
    elif site in {"same-origin", "none"}:  # none: the person itself, by reloading the answer of a form
        return
    raise ForeignOriginError("Open the page again and send it from there.")
