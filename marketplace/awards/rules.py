"""Pure decisions about comparing and selecting."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from buyers.requests.model import Content, Priority
from marketplace.awards.model import (
    ApprovalLimit,
    AwardPreview,
    ComparedLot,
    ComparedOffer,
    Comparison,
    GrandTotal,
    LineAccess,
    Selection,
    SwitchingCosts,
    Winner,
)
from marketplace.bidding import offer as offers
from marketplace.bidding.model import Status
from marketplace.bidding.offer import FeatureAnswer, Fit, LotToPrice
from marketplace.bidding.opened import RankedOffer
from marketplace.kernel.errors import FieldError
from marketplace.kernel.ids import OrganizationId

REVEALED = (
    "your organization's name and registration numbers",
    "your contact's name, e-mail and phone",
    "the exact addresses and contacts of the sites of the awarded lots",
    "your purchase-order number, and your texts on these lots as you wrote them",
)
"""What a winner learns, in the words of the dialog before the award."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a bid is held against: the version and day, the must features by line, and what leaving its lot costs."""

    version: int
    today: date
    must_features: Mapping[str, frozenset[str]]
    switching: Decimal = Decimal(0)


def must_features(content: Content) -> dict[str, frozenset[str]]:
    """Return the codes of the features that a bid has to meet, by line."""
    return {
        line.ref: frozenset(wanted.code for wanted in line.features if wanted.priority is Priority.MUST)
        for line in content.lines
    }


def compare_offer(to_price: LotToPrice, ranked: RankedOffer, provider_name: str, wanted: Wanted) -> ComparedOffer:
    """Return one bid as the buyer compares it: total cost with its formula, what is open, what deviates."""
    cost = offers.total_cost(to_price, ranked.offer)
    priced = {price.line: price for price in ranked.offer.lines}
    quantities = {line.ref: line.quantity for line in to_price.lines}
    installs = [price.install_days for price in ranked.offer.lines if price.install_days is not None]
    answers = [(price.line, answer) for price in ranked.offer.lines for answer in price.answers]
    unpriced = tuple(line.ref for line in to_price.lines if line.ref not in priced)
    found = ComparedOffer(
        rank=ranked.rank,
        joint=ranked.joint,
        provider_id=ranked.provider_id,
        provider_name=provider_name,
        bid_id=ranked.bid_id,
        total=cost.total,
        above_best=None,
        lines=cost.lines,
        optional=cost.optional,
        unpriced=unpriced,
        deviations=tuple(f"{line} {answer.code}: {answer.text}" for line, answer in answers if _deviates(answer)),
        slowest_install_days=max(installs) if installs else None,
        valid_until=ranked.valid_until,
        expired=ranked.valid_until is not None and ranked.valid_until < wanted.today,
        stale=ranked.request_version != wanted.version,
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
        incomplete=(
            *(f"{ref} is not priced" for ref in unpriced),
            *(
                f"{line} does not meet {answer.code}: {answer.text}"
                for line, answer in answers
                if _deviates(answer) and answer.code in wanted.must_features.get(line, frozenset())
            ),
        ),
        switching=wanted.switching,
        malus=ranked.malus,
        monthly=sum((priced[line.line].mrc * quantities[line.line] for line in cost.lines), Decimal(0)),
        features=(sum(not _deviates(answer) for _, answer in answers), len(answers)),
        exceeded=sum(answer.fit is Fit.EXCEEDS for _, answer in answers),
        met=tuple(
            sorted({answer.code for _, answer in answers} - {answer.code for _, answer in answers if _deviates(answer)})
        ),
        access=tuple(
            LineAccess(price.line, price.access_owner, price.entrance)
            for price in (priced[line.line] for line in cost.lines)
        ),
        capacity=ranked.offer.capacity,
        alternative=ranked.offer.alternative,
    )
    return replace(found, formula=lot_formula(found))


def _deviates(answer: FeatureAnswer) -> bool:
    return answer.fit is Fit.DEVIATES


def lot_formula(offer: ComparedOffer) -> str:
    """Return in figures and words how a bid's evaluated cost comes from the totals of its lines."""
    parts = [f"{line.total} ({line.line})" for line in offer.lines]
    if offer.adjustment:
        parts.append(f"{offer.adjustment} adjustment of the lot")
    if offer.switching:
        parts.append(f"{offer.switching} switching cost")
    if offer.malus:
        parts.append(f"{offer.malus} declared qualities")
    return f"{' + '.join(parts)} = {offer.evaluated}"


def in_order(found: Iterable[ComparedOffer]) -> tuple[ComparedOffer, ...]:
    """Return the bids best first: complete ones, then incomplete ones, then those whose cost is open.

    The order is the auction's, and with switching costs that of the evaluated cost. An incomplete bid is never ranked
    among complete ones: it has a rank only where no bid on the lot is complete. What a bid leaves open is money, too:
    without a limit to it, a low total is no reason to be called the best, so that it has no rank at all.
    """
    found = tuple(found)
    if any(offer.switching for offer in found) and all(offer.malus is not None for offer in found):
        found = tuple(sorted(found, key=lambda offer: offer.evaluated))
    limited = [offer for offer in found if not offer.open_ended]
    complete = [offer for offer in limited if not offer.incomplete]
    ranked = complete or limited
    bids_at = Counter(offer.evaluated for offer in ranked)
    placed = [
        replace(offer, rank=rank, joint=(offer.joint or bool(offer.switching)) and bids_at[offer.evaluated] > 1)
        for rank, offer in enumerate(ranked, start=1)
    ]
    beside = [offer for offer in limited if offer.incomplete] if complete else []
    beside += [offer for offer in found if offer.open_ended]
    return (*placed, *(replace(offer, rank=None, joint=False) for offer in beside))


def with_distances(lot: ComparedLot) -> ComparedLot:
    """Return the lot with the distance of each selectable offer, as complete as the best one, to that."""
    first = best(lot)
    if first is None:
        return lot
    return replace(
        lot,
        offers=tuple(
            replace(offer, above_best=offer.evaluated - first.evaluated)
            if offer.selectable and not offer.open_ended and bool(offer.incomplete) <= bool(first.incomplete)
            else offer
            for offer in lot.offers
        ),
    )


def best(lot: ComparedLot) -> ComparedOffer | None:
    """Return the lot's first selectable offer in the one order whose cost has a limit, or None."""
    return next((offer for offer in lot.offers if offer.selectable and not offer.open_ended), None)


def grand_totals(lots: Iterable[ComparedLot]) -> tuple[GrandTotal, ...]:
    """Return what each provider's selectable, complete bids cost together: those for most lots first, then cheapest."""
    lots = tuple(lots)
    mine: dict[OrganizationId, dict[str, ComparedOffer]] = {}
    for lot in lots:
        for offer in lot.offers:
            if offer.selectable and not offer.open_ended and not offer.incomplete:
                mine.setdefault(offer.provider_id, {}).setdefault(lot.lot, offer)
    found = []
    for provider_id, by_lot in mine.items():
        total = sum((offer.total + offer.switching for offer in by_lot.values()), Decimal(0))
        parts = " + ".join(f"{offer.total + offer.switching} ({ref})" for ref, offer in by_lot.items())
        name = next(iter(by_lot.values())).provider_name
        missing = tuple(lot.lot for lot in lots if lot.lot not in by_lot)
        found.append(GrandTotal(provider_id, name, tuple(by_lot), missing, total, f"{parts} = {total}"))
    return tuple(sorted(found, key=lambda item: (len(item.missing), item.total, item.provider_id)))


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
    elif chosen.incomplete and chosen.above_best is None and not reason.strip():
        why = "; ".join(chosen.incomplete)
        yield FieldError(f"{pointer}/reason", f"this bid is incomplete ({why}): say why you select it")
    elif chosen.above_best and not reason.strip():
        yield FieldError(f"{pointer}/reason", "this is not the lowest total cost: say why you select it")


def with_reason(selection: Selection, reason: str) -> Selection:
    """Return the selection with ``reason`` for every choice that has none of its own: one scenario, one reason."""
    if not reason.strip():
        return selection
    return replace(selection, awarded=tuple(replace(item, reason=item.reason or reason) for item in selection.awarded))


def approval_words(total: Decimal, allowed: ApprovalLimit) -> str:
    """Return why a selection needs a second user."""
    return (
        f"A second user of your organization has to approve: {total} counts against the limit of {allowed.amount} "
        f"{allowed.currency}. Until then nothing is told to anybody."
    )


def switching_note(stated: SwitchingCosts) -> str:
    """Return when the switching costs that count were stated; nothing where none do."""
    if not stated.costs or stated.stated_at is None:
        return ""
    when = f"Switching costs were stated on {stated.stated_at:%Y-%m-%d %H:%M} UTC, "
    if stated.late:
        return f"{when}when bids could be seen already: {stated.reason}"
    return f"{when}before any bid could be seen."


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


def preview(comparison: Comparison, selection: Selection, sites: Mapping[str, str] | None = None) -> AwardPreview:
    """Return what confirming a selection without errors does: who learns what. ``sites``: where each lot is."""
    sites = sites or {}
    offers_by_id = {offer.bid_id: offer for lot in comparison.lots for offer in lot.offers}
    lots: dict[OrganizationId, list[str]] = {}
    totals: dict[OrganizationId, Decimal] = {}
    names: dict[OrganizationId, str] = {}
    for item in selection.awarded:
        offer = offers_by_id[item.bid_id]
        lots.setdefault(offer.provider_id, []).append(item.lot)
        totals[offer.provider_id] = totals.get(offer.provider_id, Decimal(0)) + offer.total
        names[offer.provider_id] = offer.provider_name
    winners = tuple(
        Winner(
            provider,
            names[provider],
            tuple(refs),
            totals[provider],
            tuple(dict.fromkeys(site for ref in refs if (site := sites.get(ref)))),
        )
        for provider, refs in lots.items()
    )
    bidders = {offer.provider_id for offer in offers_by_id.values()}
    return AwardPreview(winners, REVEALED, len(bidders - set(lots)), sum(totals.values(), Decimal(0)))
