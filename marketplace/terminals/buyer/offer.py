"""One bid in full: its lines with every part of their cost, its answers, conditions, terms and history."""

from datetime import UTC
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from buyers.desk import service as desk
from buyers.requests import model as requests
from marketplace.awards import matrix
from marketplace.awards import service as awards
from marketplace.awards.model import ComparedOffer
from marketplace.bidding import watching
from marketplace.bidding.offer import Fit, LineCost, LinePrice, Offer, surcharge_words
from marketplace.bidding.offer_conditions import capacity_words
from marketplace.bidding.opened import OpenedLot
from marketplace.bidding.service import NotOpenedError
from marketplace.bidding.watching import FoundBid
from marketplace.catalogue import service as catalogues
from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.buyer.live_auction_model import best_of, is_complete, once_of
from marketplace.terminals.buyer.requests import head_of
from sellers import key_terms
from sellers import service as sellers

router = pages.router()

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]


@router.get("/b/requests/{request_id}/offers/{bid_id}", summary="One bid in full")
def show_offer(request_id: str, bid_id: str, request: Request, reading: ReadingOnly, _: Buyer) -> Response:
    """Show one bid on a closed lot; a script that asks gets its figures and formulas alone."""
    own = desk.read(reading, request_id)
    try:
        found = watching.find_bid(reading, own.id, bid_id)
    except NotOpenedError:
        return pages.render(request, "buyer/compare/closed.html", **head_of(reading, own))
    shown = _context(reading, own, found)
    partial = request.headers.get("hx-request") == "true"
    return pages.render(request, "buyer/offer/_figure.html" if partial else "buyer/offer/page.html", **shown)


def _context(reading: Reading, own: requests.Request, found: FoundBid) -> dict[str, Any]:
    providers = {offer.provider_id for offer in found.opened.offers} | {found.provider_id}
    names = sellers.names(reading, tuple(providers))
    comparison = awards.comparison_of(reading, own.id, {found.lot: found.opened}, names)
    (lot,) = comparison.lots
    offer = next((one for one in lot.offers if one.bid_id == found.version.bid_id), None)
    best = best_of(lot)
    return head_of(reading, own) | {
        "found": found,
        "offer": offer,
        "name": names.get(found.provider_id, ""),
        "lot": found.lot,
        "places": matrix.sites_of(own.content).get(found.lot, ""),
        "best": best,
        "is_best": offer is not None and best is not None and offer.bid_id == best.bid_id,
        "complete": offer is not None and is_complete(offer),
        "once": once_of(offer) if offer is not None else None,
        "months": own.content.term_months,
        "currency": own.content.billing.currency,
        "lines": _lines(reading, own, found.opened, found.offer, offer),
        "conditions": _conditions(found.offer, own.content.billing.currency),
        "rivals": [one for one in lot.offers if offer is not None and one.bid_id != offer.bid_id],
        "today": reading.now.astimezone(UTC).date(),
        **_terms(reading, found.offer),
    }


def _lines(
    reading: Reading, own: requests.Request, opened: OpenedLot, said: Offer, offer: ComparedOffer | None
) -> list[dict[str, Any]]:
    """Return every line of the lot: what was asked, what is offered, and what it costs with its formula."""
    catalogue = catalogues.version(reading, own.catalogue_version)
    kinds = {kind.code: kind for family in catalogue.families for kind in family.service_types}
    wanted = {line.ref: line for line in own.content.lines}
    places = {site.ref: site.place for site in own.content.sites}
    prices: dict[str, LinePrice] = {price.line: price for price in said.lines}
    costs: dict[str, LineCost] = {}
    if offer is not None:
        costs = {cost.line: cost for cost in (*offer.lines, *offer.optional)}
    counted = {cost.line for cost in offer.lines} if offer is not None else set()
    found = []
    for line in opened.to_price.lines:
        asked, price = wanted.get(line.ref), prices.get(line.ref)
        kind = kinds.get(line.service_type)
        found.append(
            {
                "ref": line.ref,
                "service": kind.name if kind else line.service_type,
                "place": places.get(asked.site) if asked else None,
                "site": asked.site if asked else "",
                "quantity": line.quantity,
                "must": line.must,
                "price": price,
                "cost": costs.get(line.ref),
                "counted": line.ref in counted,
                "taxes": [surcharge_words(tax) for tax in price.taxes] if price else [],
                "kind": kind,
                "answers": _answers(asked, price),
            }
        )
    return found


def _answers(asked: requests.Line | None, price: LinePrice | None) -> list[dict[str, Any]]:
    """Return the wanted features of a line with what was answered; ``fit`` is empty where nothing was."""
    given = {answer.code: answer for answer in price.answers} if price else {}
    return [
        {
            "wanted": feature,
            "must": feature.priority is requests.Priority.MUST,
            "fit": given[feature.code].fit.value if feature.code in given else "",
            "text": given[feature.code].text if feature.code in given else "",
            "wrong": feature.code in given and given[feature.code].fit is Fit.DEVIATES,
        }
        for feature in (asked.features if asked else ())
    ]


def _conditions(said: Offer, currency: str) -> list[str]:
    found = [matrix.package_words(package, currency) for package in said.packages]
    found += [matrix.volume_words(tier, currency) for tier in said.volume]
    if said.capacity is not None:
        found.append(capacity_words(said.capacity))
    return found


def _terms(reading: Reading, said: Offer) -> dict[str, Any]:
    try:
        terms = sellers.terms(reading, said.terms_id)
    except NotFoundError:
        return {"terms": None, "sentences": {}, "warnings": []}
    return {
        "terms": terms,
        "sentences": {key_terms.NAMES.get(k, k): words for k, words in key_terms.sentences(terms.key_terms).items()},
        "warnings": list(key_terms.warnings(terms.key_terms)),
    }
