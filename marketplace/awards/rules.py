"""Pure decisions about comparing and selecting."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from marketplace.awards.model import AwardPreview, ComparedLot, ComparedOffer, Comparison, Selection, Winner
from marketplace.bidding import offer as offers
from marketplace.bidding.model import Status
from marketplace.bidding.offer import Fit, LotToPrice
from marketplace.bidding.opened import RankedOffer
from marketplace.kernel.errors import FieldError
from marketplace.kernel.ids import OrganizationId

REVEALED = (
    "your organization's name and registration numbers",
    "your contact's name, e-mail and phone",
    "the exact addresses and contacts of the sites of the awarded lots",
)
"""What a winner learns, in the words of the dialog before the award."""


def compare_offer(
    to_price: LotToPrice, ranked: RankedOffer, provider_name: str, version: int, today: date
) -> ComparedOffer:
    """Return one bid as the buyer compares it: total cost with its formula, what is open, what deviates."""
    cost = offers.total_cost(to_price, ranked.offer)
    priced = {price.line for price in ranked.offer.lines}
    installs = [price.install_days for price in ranked.offer.lines if price.install_days is not None]
    return ComparedOffer(
        rank=ranked.rank,
        joint=ranked.joint,
        provider_id=ranked.provider_id,
        provider_name=provider_name,
        bid_id=ranked.bid_id,
        total=cost.total,
        above_best=None,
        lines=cost.lines,
        optional=cost.optional,
        unpriced=tuple(line.ref for line in to_price.lines if line.ref not in priced),
        deviations=tuple(
            f"{price.line} {answer.code}: {answer.text}"
            for price in ranked.offer.lines
            for answer in price.answers
            if answer.fit is Fit.DEVIATES
        ),
        slowest_install_days=max(installs) if installs else None,
        valid_until=ranked.valid_until,
        expired=ranked.valid_until is not None and ranked.valid_until < today,
        stale=ranked.request_version != version,
        terms_sha256=ranked.offer.terms_sha256,
        open_ended=bool(cost.open_ended),
        open_because=tuple(
            f"{line.line} is {line.firmness} and has no construction cap" for line in cost.lines if line.open_ended
        ),
        taxes=tuple(
            f"{price.line} {offers.surcharge_words(tax)}" for price in ranked.offer.lines for tax in price.taxes
        ),
        adjustment=cost.adjustment,
        packages=ranked.offer.packages,
        volume=ranked.offer.volume,
        surrogate=ranked.surrogate,
    )


def in_order(found: Iterable[ComparedOffer]) -> tuple[ComparedOffer, ...]:
    """Return the bids in the auction's order with the open ones last and without a rank.

    What a bid leaves open is money, too: without a limit to it, a low total is no reason to be called the best.
    """
    found = tuple(found)
    complete = [offer for offer in found if not offer.open_ended]
    bids_at = Counter(offer.total for offer in complete)
    ranked = tuple(
        replace(offer, rank=rank, joint=offer.joint and bids_at[offer.total] > 1)
        for rank, offer in enumerate(complete, start=1)
    )
    return ranked + tuple(replace(offer, rank=None, joint=False) for offer in found if offer.open_ended)


def with_distances(lot: ComparedLot) -> ComparedLot:
    """Return the lot with each selectable offer's distance to the best one."""
    first = best(lot)
    if first is None:
        return lot
    offers = tuple(
        replace(offer, above_best=offer.total - first.total) if offer.selectable and not offer.open_ended else offer
        for offer in lot.offers
    )
    return replace(lot, offers=offers)


def best(lot: ComparedLot) -> ComparedOffer | None:
    """Return the lot's first selectable offer in the one order whose cost has a limit, or None."""
    return next((offer for offer in lot.offers if offer.selectable and not offer.open_ended), None)


def selection_errors(comparison: Comparison, selection: Selection) -> tuple[FieldError, ...]:
    """Return what stands against a selection: each open lot decided once, with a selectable bid and needed reasons."""
    open_lots = {lot.lot: lot for lot in comparison.lots if lot.status == Status.CLOSED}
    decided = [item.lot for item in selection.awarded] + [item.lot for item in selection.not_awarded]
    found = [
        FieldError("/awarded", f"{ref} is not decided: award it, or name it under not_awarded with a reason")
        for ref in open_lots
        if ref not in decided
    ]
    found += _unknown(open_lots, decided)
    for index, item in enumerate(selection.awarded):
        if item.lot in open_lots:
            found.extend(_choice_errors(open_lots[item.lot], item.bid_id, item.reason, f"/awarded/{index}"))
    return tuple(found)


def _unknown(open_lots: Mapping[str, ComparedLot], decided: list[str]) -> Iterator[FieldError]:
    for ref in dict.fromkeys(decided):
        if ref not in open_lots:
            yield FieldError("/awarded", f"{ref} is no lot that waits for a decision")
        elif decided.count(ref) > 1:
            yield FieldError("/awarded", f"{ref} is decided twice")


def _choice_errors(lot: ComparedLot, bid_id: str, reason: str, pointer: str) -> Iterator[FieldError]:
    chosen = next((offer for offer in lot.offers if offer.bid_id == bid_id), None)
    if chosen is None:
        yield FieldError(f"{pointer}/bid_id", f"this is no standing bid on {lot.lot}")
    elif chosen.stale:
        yield FieldError(f"{pointer}/bid_id", "this bid was made for an earlier version of the request")
    elif chosen.expired:
        yield FieldError(f"{pointer}/bid_id", f"this bid was valid until {chosen.valid_until}")
    elif chosen.open_ended and not reason.strip():
        why = "; ".join(chosen.open_because)
        yield FieldError(f"{pointer}/reason", f"this bid leaves its cost open ({why}): say why you select it")
    elif chosen.above_best and not reason.strip():
        yield FieldError(f"{pointer}/reason", "this is not the lowest total cost: say why you select it")


def admission_errors(
    comparison: Comparison, selection: Selection, approved: frozenset[OrganizationId]
) -> tuple[FieldError, ...]:
    """Return what stands against selecting providers that the platform has suspended or closed since they bid."""
    shut_out = {offer.bid_id for lot in comparison.lots for offer in lot.offers if offer.provider_id not in approved}
    return tuple(
        FieldError(f"/awarded/{index}/bid_id", "this carrier is not approved any more: nobody may be disclosed to it")
        for index, item in enumerate(selection.awarded)
        if item.bid_id in shut_out
    )


def preview(comparison: Comparison, selection: Selection) -> AwardPreview:
    """Return what confirming a selection without errors does: who learns what."""
    offers_by_id = {offer.bid_id: offer for lot in comparison.lots for offer in lot.offers}
    lots: dict[OrganizationId, list[str]] = {}
    totals: dict[OrganizationId, Decimal] = {}
    names: dict[OrganizationId, str] = {}
    for item in selection.awarded:
        offer = offers_by_id[item.bid_id]
        lots.setdefault(offer.provider_id, []).append(item.lot)
        totals[offer.provider_id] = totals.get(offer.provider_id, Decimal(0)) + offer.total
        names[offer.provider_id] = offer.provider_name
    winners = tuple(Winner(provider, names[provider], tuple(refs), totals[provider]) for provider, refs in lots.items())
    bidders = {offer.provider_id for offer in offers_by_id.values()}
    return AwardPreview(winners, REVEALED, len(bidders - set(lots)), sum(totals.values(), Decimal(0)))
