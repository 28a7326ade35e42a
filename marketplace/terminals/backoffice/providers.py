"""Letting a carrier into the trade, keeping it out for a while, and closing it."""

from typing import Any

from fastapi import Request, Response

from marketplace.kernel import journal
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.backoffice.desk import Id, PlatformAdmin, beneath, colleagues
from sellers import service as sellers
from sellers.model import ProviderStatus
from sellers.schemas import ReasonInput

router = pages.router()

_PATH = "/o/providers/{provider_id}"
_TEMPLATE = "backoffice/provider.html"
_HISTORY = 30


@router.get(_PATH, summary="A carrier, for the back office")
def show_provider(provider_id: Id, request: Request, reading: ReadingOnly, _: PlatformAdmin) -> Response:
    """Show who a carrier says it is, what it has set up, and what was decided."""
    return pages.render(request, _TEMPLATE, **_context(reading, provider_id))


@router.post(f"{_PATH}/decision", summary="Decide about a carrier by form")
def send_provider_decision(
    provider_id: Id, request: Request, work: Working, form: pages.Sent, _: PlatformAdmin
) -> Response:
    """Approve, suspend or close, with a reason that the carrier reads."""
    words = pages.words(request)
    act = form.text("act")
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, provider_id)), beneath(act):
        reason = pages.checked(ReasonInput, {"reason": form.text(f"{act}.reason")}).reason
        if act == "approve":
            sellers.approve(work, provider_id, reason)
            done = words("Approved. Open requests that its filters accept reach it within moments.")
        elif act == "suspend":
            sellers.suspend(work, provider_id, reason)
            done = words("Suspended. It receives nothing and its bids in running auctions no longer count.")
        else:
            sellers.close(work, provider_id, reason)
            done = words("Closed for good.")
    return pages.see(f"/o/providers/{provider_id}", done)


def _context(reading: Reading, provider_id: str) -> dict[str, Any]:
    provider = sellers.get(reading, provider_id)
    status = provider.status
    return {
        "provider": provider,
        "filters": sellers.active_filters(reading, [provider.id]),
        "history": journal.newest(reading.session, stream=f"provider:{provider.id}", before=None, limit=_HISTORY),
        "names": colleagues(reading),
        "may_approve": status in {ProviderStatus.PENDING, ProviderStatus.SUSPENDED},
        "may_suspend": status is ProviderStatus.APPROVED,
        "may_close": status is not ProviderStatus.CLOSED,
    }
