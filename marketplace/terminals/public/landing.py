"""The page at the root: in ten seconds what this is, why a buyer stays anonymous, and a sample of it."""

from typing import Annotated

from fastapi import Depends, Request, Response

from marketplace.kernel.access import PUBLIC, Principal
from marketplace.terminals import pages
from marketplace.terminals.account.signing_in import HOMES
from marketplace.terminals.tour import views
from marketplace.terminals.tour.needs import NEEDS

router = pages.router()

_SEED = 5
_SHOWN = ("name", "contact", "size", "site", "provider", "spend", "order")
"""The facts of the sample that tell most in little room."""


@router.get("/", summary="Landing page")
def show_landing_page(request: Request, principal: Annotated[Principal, Depends(PUBLIC)]) -> Response:
    """Say what the marketplace is, with a sample request beside the very view that carriers would get of it."""
    need = NEEDS["offices"]
    found = {fact.name: fact for fact in reversed(views.facts(_SEED, need, need.content))}
    return pages.render(
        request,
        "public/landing.html",
        need=need,
        facts=[found[name] for name in _SHOWN if name in found],
        home="" if principal.anonymous else HOMES[principal.kind],
    )
