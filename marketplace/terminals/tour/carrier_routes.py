"""The pages of a visitor who plays a carrier: an inbox, an anonymous request, a bid sheet, live bidding, the result."""

from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from marketplace.kernel.access import PUBLIC, Principal
from marketplace.kernel.clock import machine_now
from marketplace.kernel.errors import ProblemError
from marketplace.terminals import pages
from marketplace.terminals.tour import course, market, matching, receipts, views, visits
from marketplace.terminals.tour.model import VISITOR, Kind, Role
from marketplace.terminals.tour.needs import ASKED
from marketplace.terminals.tour.story import Scene

router = pages.router("/tour/carrier")

Public = Annotated[Principal, Depends(PUBLIC)]
_BASE = "/tour/carrier"


@router.post("", summary="Begin a tour as a carrier")
def begin_as_carrier(request: Request, form: pages.Sent, _: Public) -> Response:  # noqa: ARG001 - the form checks the origin
    """Begin a fresh tour, with rivals of its own."""
    return visits.kept(request, visits.begun(Role.CARRIER), pages.see(f"{_BASE}/inbox"))


@router.get("/inbox", summary="Tour: page of a carrier's inbox")
def show_inbox(request: Request, _: Public) -> Response:
    """Show the one request that came, and why."""
    scene, elsewhere = visits.arrived(request, Role.CARRIER, "inbox")
    if scene is None:
        return elsewhere or visits.over(request)
    found = matching.reasons(ASKED)
    return _page(request, scene, "inbox", filter_name=matching.FILTER_NAME, reasons=found)


@router.get("/request", summary="Tour: page of an anonymous request")
def show_tour_request(request: Request, _: Public) -> Response:
    """Show the request exactly as every invited carrier sees it."""
    scene, elsewhere = visits.arrived(request, Role.CARRIER, "request")
    return _page(request, scene, "request") if scene is not None else elsewhere or visits.over(request)


@router.get("/sheet", summary="Tour: page of the bid sheet")
def show_sheet(request: Request, _: Public) -> Response:
    """Price each line; the price book has proposed something."""
    scene, elsewhere = visits.arrived(request, Role.CARRIER, "sheet")
    return _page(request, scene, "sheet") if scene is not None else elsewhere or visits.over(request)


@router.post("/sheet", summary="Tour: place the first bid")
def send_sheet(request: Request, form: pages.Sent, _: Public) -> Response:
    """Place the bid of the sheet; with it the auction opens."""
    monthly, once = form.texts("monthly"), form.texts("once")
    text = ";".join(f"{_figure(each)},{_figure(extra)}" for each, extra in zip(monthly, once, strict=False))

    def again() -> dict[str, Any]:
        scene, _elsewhere = visits.arrived(request, Role.CARRIER, "sheet")
        return {} if scene is None else _context(request, scene, "sheet")

    with pages.again(request, "tour/carrier_sheet.html", form, again):
        return visits.moved(request, Role.CARRIER, Kind.BID, text, "auction")


@router.get("/auction", summary="Tour: page of live bidding")
def show_tour_bidding(request: Request, _: Public) -> Response:
    """Show what the rules let a bidder see, with the smallest valid step as one button."""
    return _auction(request, "tour/carrier_auction.html")


@router.get("/auction/live", summary="Tour: what live bidding shows now")
def show_bidding_now(request: Request, _: Public) -> Response:
    """Show the live region alone, for a page that asks every two seconds."""
    return _auction(request, "tour/_carrier_auction.html")


@router.post("/price", summary="Tour: lower the price")
def send_tour_price(request: Request, form: pages.Sent, _: Public) -> Response:
    """Bid a lower total: accepted or refused by the rules, with the reason."""
    try:
        return visits.moved(request, Role.CARRIER, Kind.PRICE, _figure(form.text("price")), "auction")
    except ProblemError as problem:
        told = "; ".join(error.message for error in problem.errors) or problem.detail or problem.title
        return pages.see(f"{_BASE}/auction", told, "bad")


@router.post("/jump", summary="Tour: make the last price final")
def send_final(request: Request, form: pages.Sent, _: Public) -> Response:  # noqa: ARG001 - the form checks the origin
    """Bid no further and see the end at once."""
    return visits.moved(request, Role.CARRIER, Kind.JUMP, "", "result")


@router.get("/result", summary="Tour: page of a carrier's result")
def show_result(request: Request, _: Public) -> Response:
    """Won: meet the buyer. Lost: thanks, and what may be told."""
    scene, elsewhere = visits.arrived(request, Role.CARRIER, "result")
    if scene is None or scene.market is None:
        return elsewhere or visits.over(request)
    return _page(request, scene, "result")


def _auction(request: Request, template: str) -> Response:
    scene, elsewhere = visits.arrived(request, Role.CARRIER, "auction")
    if scene is None or scene.market is None:
        return elsewhere or visits.over(request)
    return pages.render(request, template, **_context(request, scene, "auction"))


def _page(request: Request, scene: Scene, step: str, **context: Any) -> Response:
    return pages.render(request, f"tour/carrier_{step}.html", **_context(request, scene, step), **context)


def _context(request: Request, scene: Scene, step: str) -> dict[str, Any]:
    _ = pages.words(request)
    labels = (_("Inbox"), _("Request"), _("Bid sheet"), _("Bidding"), _("Result"))
    content, preset = market.announced(ASKED, scene.stand.preset, None)
    seen = views.seen_by_carriers(scene.tour.seed, ASKED, content)
    context: dict[str, Any] = {
        "steps": visits.steps(scene, step, labels),
        "seen": seen,
        "preset": preset,
        "lines": views.sheet(ASKED, seen),
        "currency": seen.billing.currency,
    }
    if scene.play is not None and scene.market is not None:
        shown = views.carrier_auction(scene.play, scene.market, scene.tour.seed, machine_now())
        names = (_("Your price"), _("Your total"))
        context |= {
            "auction": shown,
            "receipts": receipts.receipts(scene.market.lots[0], scene.tour.seed, VISITOR),
            "opened_at": scene.market.opened_at,
            "chart": course.chart(request, shown.course, shown.clock.passed, (_("Your own cost"), shown.cost), names),
            "reveal": views.reveal_to(scene.play, "") if shown.won else None,
        }
    return context


def _figure(text: str) -> str:
    """Return what was typed without the signs that people put into amounts."""
    plain = text.replace(",", "").replace("$", "").replace(" ", "")
    return plain or str(Decimal(0))
