"""The kit's own page: every macro in every state, for who builds pages and for the tests of looks and access."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from markupsafe import Markup

from marketplace.kernel.access import PUBLIC, Principal
from marketplace.kernel.config import Profile
from marketplace.kernel.errors import FieldError, MalformedError, NotFoundError
from marketplace.terminals import pages

router = pages.router()

_DRAWING = Markup(
    '<svg viewBox="0 0 320 96" role="img" aria-label="{}"><path d="M0 20h70v22h80v18h90v14h80" fill="none"'
    ' stroke="currentColor" stroke-width="2"/></svg>'
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A table beside a drawing, as charts give it."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@router.get("/kit", summary="Every piece that pages are made of")
def read_kit(request: Request, _: Annotated[Principal, Depends(PUBLIC)]) -> Response:
    """Show the kit, in a development installation only. Raises NotFoundError elsewhere."""
    if request.app.state.workshop.vault.settings.profile is not Profile.DEVELOPMENT:
        raise NotFoundError
    return pages.render(request, "public/kit.html", **samples(request))


def samples(request: Request) -> dict[str, Any]:
    """Return the invented things that the kit's page shows."""
    now = pages.now_of(request)
    return {
        "title": "Kit",
        "wide": True,
        "soon": now + timedelta(minutes=1, seconds=28),
        "later": now + timedelta(days=2, hours=4),
        "amount": Decimal("34400.00"),
        "drawing": _DRAWING.format("Price over time"),
        "table": Sample(("Time", "Price"), (("14:00", "$48,000"), ("14:02", "$34,400"))),
        "wrong": MalformedError(
            errors=(
                FieldError("/email", "Write an e-mail address, like dana@lakeshore.example."),
                FieldError("/price", "Write a price above 0, like 120.50."),
                FieldError("/kinds", "Choose at least one service."),
            )
        ),
        "sheet": (("S-01", "Seattle, WA", "3580.00", "1000"), ("S-02", "Portland, OR", "2290.00", "500")),
    }
