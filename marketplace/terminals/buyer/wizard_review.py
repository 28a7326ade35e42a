"""The last step: what is missing as links, words that give the buyer away, and handing the request in."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response

from buyers.desk import service as desk
from buyers.desk.schemas import SubmitInput
from buyers.registry import service as registry
from buyers.requests import model as requests
from buyers.requests.auction_words import in_words
from buyers.requests.leak_check import Finding
from buyers.requests.model import Content
from buyers.requests.presets import PRESETS
from buyers.requests.rules import default_lots, monthly_spend
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.http import Working
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.buyer import wizard, wizard_auction, wizard_carriers
from marketplace.terminals.buyer.wizard import Context, Step

router = pages.router()

Submitter = Annotated[
    Principal,
    Depends(allow(Kind.BUYER, roles=(UserRole.ADMIN, UserRole.REQUESTER, UserRole.NEGOTIATOR), scope=Scope.REQUESTS)),
]
_TEMPLATE = "buyer/wizard/review.html"
_AROUND = 60


def values(form: pages.Form, content: Content, zone: ZoneInfo) -> dict[str, Any]:  # noqa: ARG001 - as every step's
    """Return nothing: the review edits no part."""
    return {}


def context(reading: Reading, own: requests.Request) -> Context:
    """Return what is shown before a request is handed in."""
    content = own.content
    texts = desk.texts_of(reading, own.id, content)
    return {
        "reach": wizard_carriers.reach_of(reading, own),
        "verified": registry.is_verified(reading, reading.principal.organization_id),
        "found": [(one, *around(texts.get(one.where, ""), one)) for one in wizard.findings(reading, own)],
        "unusual": desk.unusual(reading, own.id) if own.id else None,
        "preset": PRESETS.get(wizard_auction.choice_of(content)),
        "rules": in_words(content.auction, content.billing.currency),
        "all_lots": default_lots(content),
        "spend": monthly_spend(content),
        "step_of": wizard.step_of,
    }


def around(text: str, found: Finding) -> tuple[str, str]:
    """Return the text before and after a finding, as much as one reads at a glance."""
    before, after = text[: found.start], text[found.end :]
    cut = before if len(before) <= _AROUND else "…" + before[-_AROUND:]
    return cut, after if len(after) <= _AROUND else after[:_AROUND] + "…"


STEP = Step("review", (), values, context)


@router.post("/b/requests/{request_id}/edit/submit", summary="Hand in a request by form")
def send_finished_request(request_id: str, request: Request, work: Working, form: pages.Sent, _: Submitter) -> Response:
    """Publish the request, or hand it in to wait for the verification of the organization."""
    own = wizard.draft_of(work, request_id)

    def again() -> Context:
        return wizard.frame(work, own, STEP) | context(work, own)

    with pages.again(request, _TEMPLATE, form, again):
        accepted = [words for words in form.texts("accept_findings") if words]
        body = pages.checked(SubmitInput, {"accept_findings": accepted})
        done = desk.submit(work, own.id, body.accept_findings, http.etag(int(form.text("revision") or 0)))
    words = pages.words(request)
    if done.waits:
        note = words(
            "Handed in. It goes out to carriers as soon as your organization is verified; nobody sees it before."
        )
    else:
        note = words("Published. The carriers it suits are being told now; they know you as %(name)s.")
        note %= {"name": done.request.pseudonym}
    return pages.see(f"/b/requests/{own.id}", note)
