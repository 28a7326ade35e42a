"""The page at the root: what this marketplace is, in ten seconds, with nothing loaded from anywhere."""

from functools import cache
from importlib.resources import files
from string import Template
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from marketplace.kernel import http
from marketplace.kernel.access import PUBLIC, Principal
from marketplace.kernel.config import Profile
from marketplace.kernel.work import Workshop

router = http.router(tags=["pages"])

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
}
_FICTION = (
    '<p class="fiction" role="note"><strong>A development installation.</strong> '
    "Every company, person, address and price in it is invented.</p>"
)


@router.get("/", summary="Landing page", include_in_schema=False, response_class=HTMLResponse)
def read_landing_page(request: Request, _: Annotated[Principal, Depends(PUBLIC)]) -> HTMLResponse:
    """What the marketplace is and where to go from here."""
    workshop: Workshop = request.app.state.workshop
    fictional = workshop.vault.settings.profile is Profile.DEVELOPMENT
    return HTMLResponse(_template().substitute(fiction=_FICTION if fictional else ""), headers=_HEADERS)


@cache
def _template() -> Template:
    return Template(files("marketplace.terminals").joinpath("landing.html").read_text(encoding="utf-8"))
