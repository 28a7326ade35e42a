"""How what leaves the house does: each channel's deliveries, what failed and why, and the addresses that are spared.

Who a delivery is for stands here by id alone: a name or an address would tell the platform who a buyer is.
"""

from typing import Any

from fastapi import Request, Response

from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.backoffice.desk import PlatformAdmin
from notifications import health
from notifications.mail import addresses

router = pages.router()

_PAGE = "backoffice/deliveries.html"
_PATH = "/o/deliveries"


@router.get(_PATH, summary="Deliveries")
def show_deliveries(request: Request, reading: ReadingOnly, _: PlatformAdmin) -> Response:
    """Show how every channel does, and which addresses are not mailed."""
    return pages.render(request, _PAGE, **_context(reading))


@router.post(f"{_PATH}/resend", summary="Send a delivery again by form")
def send_delivery_again(request: Request, work: Working, form: pages.Sent, _: PlatformAdmin) -> Response:
    """Have a delivery that failed sent again; who wanted it is recorded."""
    with pages.again(request, _PAGE, form, lambda: _context(work)):
        health.resend(work, form.text("channel"), form.text("delivery"))
    return pages.see(_PATH, pages.said(request, "It is sent again."))


@router.post(f"{_PATH}/lift", summary="Mail an address again by form")
def send_suppression_lift(request: Request, work: Working, form: pages.Sent, _: PlatformAdmin) -> Response:
    """Take an address off the list of those that are not mailed; who did it is recorded."""
    with pages.again(request, _PAGE, form, lambda: _context(work)):
        addresses.lift(work, form.text("suppression"))
    return pages.see(_PATH, pages.said(request, "The address is mailed again."))


def _context(reading: Reading) -> dict[str, Any]:
    return {"channels": health.health(reading), "suppressions": addresses.suppressions(reading)}
