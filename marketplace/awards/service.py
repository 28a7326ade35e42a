"""The buyer's comparison and decision, and lots that come back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from decimal import Decimal

from buyers.requests import rules as request_rules
from buyers.requests import service as requests
from buyers.requests.model import Request, Status
from marketplace.awards import approval_store, disclosure, events, matrix, problem_of, rules, store
from marketplace.awards.model import (
    Approval,
    Award,
    AwardedLot,
    AwardPreview,
    Basis,
    ComparedLot,
    Comparison,
    Discount,
    LotSelection,
    Outcome,
    Selection,
    SwitchingCosts,
    WonLot,
)
from marketplace.bidding import service as bidding
from marketplace.bidding.opened import OpenedLot
from marketplace.kernel import ids
from marketplace.kernel.errors import ConflictError, MalformedError, NotFoundError
from marketplace.kernel.ids import BidId, InvitationId, OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work
from sellers import service as sellers

NO_BASIS = Basis()
"""A selection by lot, which rests on no scenario."""


class NothingToDecideError(ConflictError):
    """No lot of the request waits for a decision."""

    kind = "nothing-to-decide"
    title = "No lot waits for a decision"


class ApprovalPendingError(ConflictError):
    """A selection of this request waits for a second user: until that is decided, nothing else is."""

    kind = "approval-pending"
    title = "A selection waits for a second user"


def compare(work: Work, request_id: RequestId, *, hold: bool = True) -> Comparison:
    """Return the opened bids of all lots beside each other. Raises NotOpenedError while bids are taken.

    Without ``hold`` what has closed is read without a lock: to look at, not to decide on.
    """
    opened = bidding.ranked_offers(work, request_id, hold=hold)
    provider_ids = {offer.provider_id for ranked in opened.values() for offer in ranked.offers}
    return comparison_of(work, request_id, opened, sellers.names(work, tuple(provider_ids)))


def comparison_of(
    reading: Reading,
    request_id: RequestId,
    opened: Mapping[str, OpenedLot],
    names: Mapping[OrganizationId, str],
    *,
    with_switching: bool = True,
) -> Comparison:
    """Return bids that the buyer may see beside each other, their providers under the names given."""
    request = requests.get(reading, request_id)
    features = rules.must_features(request.content)
    today = reading.now.astimezone(UTC).date()
    stated = approval_store.switching_costs(reading, request_id) if with_switching else SwitchingCosts()
    lots = []
    for ref, ranked in opened.items():
        offers = tuple(
            rules.compare_offer(
                ranked.to_price,
                offer,
                names[offer.provider_id],
                rules.Wanted(request.version, today, features, stated.of(ref, offer.provider_id)),
            )
            for offer in ranked.offers
        )
        lots.append(rules.with_distances(ComparedLot(ref, ranked.status, rules.in_order(offers))))
    best = [offer.total + offer.switching for lot in lots if (offer := rules.best(lot)) is not None]
    spend = request_rules.monthly_spend(request.content)
    return Comparison(
        currency=request.content.billing.currency,
        term_months=request.content.term_months,
        lots=tuple(lots),
        cheapest_total=sum(best, Decimal(0)),
        prior_cost=spend * request.content.term_months if spend is not None else None,
        grand_totals=rules.grand_totals(lots),
        switching_note=rules.switching_note(stated),
    )


def preview(work: Work, request_id: RequestId, selection: Selection, basis: Basis = NO_BASIS) -> AwardPreview:
    """Return who would learn what if the selection were confirmed; changes nothing. Raises MalformedError."""
    comparison = compare(work, request_id)
    _check(work, request_id, comparison, selection, basis)
    sites = matrix.sites_of(requests.get(work, request_id).content)
    shown = rules.preview(comparison, selection, sites)
    return replace(shown, discounts=earned(work, request_id, comparison, selection))


def earned(
    reading: Reading, request_id: RequestId, comparison: Comparison, selection: Selection
) -> tuple[Discount, ...]:
    """Return the discounts that a selection earns by the conditions of its bids."""
    return problem_of.earned(comparison, requests.get(reading, request_id).content, selection)


def checked(work: Work, request_id: RequestId, selection: Selection, basis: Basis = NO_BASIS) -> Comparison:
    """Hold a request and its lots, and return the comparison that a selection without errors belongs to.

    Raises:
        NotOpenedError: bids are still taken.
        NothingToDecideError: every lot is decided, or has failed.
        SuspendedError: the buyer's verification is revoked.
        MalformedError: the selection names an unknown, stale or expired bid, one of a carrier that is not approved any
            more, or lacks a reason.
    """
    request = requests.hold(work, request_id)
    comparison = compare(work, request_id)
    _check(work, request_id, comparison, selection, basis)
    if request.suspended:
        raise request_rules.SuspendedError("To award it, the buyer must be verified again first.")
    return comparison


def decide(
    work: Work,
    request_id: RequestId,
    selection: Selection,
    basis: Basis = NO_BASIS,
    approval: Approval | None = None,
) -> Award:
    """Award lots, disclose the buyer to the winners and tell the losers, all in this transaction.

    ``approval`` is that of the second user, who is the caller. Raises as ``checked`` does, and ApprovalPendingError.
    """
    comparison = checked(work, request_id, selection, basis)
    pending = approval_store.pending(work, request_id)
    if pending is not None and (approval is None or pending.id != approval.id):
        raise ApprovalPendingError("Approve or reject it, or cancel it, before anything else is awarded.")
    award = _award(work, request_id, comparison, selection)
    award = replace(
        award,
        discounts=earned(work, request_id, comparison, selection),
        basis=basis,
        decided_by=work.principal.user_id if approval is None else approval.asked_by,
        approved_by=None if approval is None else work.principal.user_id,
    )
    store.add(work, award)
    won = tuple(lot.lot for lot in award.lots if lot.outcome is Outcome.AWARDED)
    for lot in award.lots:
        if lot.bid_id is not None:
            bidding.award_lot(work, request_id, lot.lot, lot.bid_id)
        else:
            bidding.fail_lot(work, request_id, lot.lot)
    _end(work, requests.get(work, request_id), won)
    work.append(events.AwardMade(request_id, award.id, won))
    _tell(work, requests.get(work, request_id), award, comparison)
    return award


def end_without_bids(work: Work, request_id: RequestId) -> None:
    """End a request of which every lot failed for want of bids. Harmless where it does not apply."""
    request = requests.hold(work, request_id)
    if request.status in {Status.OPEN, Status.CLOSED} and bidding.all_failed(work, request_id):
        requests.mark_not_awarded(work, request_id, "There were no bids.")


def return_lots(work: Work, award: Award, provider_id: OrganizationId, lots: Sequence[str], reason: str) -> None:
    """Give lots back to the buyer after their award fell through; the next valid bids stand.

    The award's discounts are reckoned anew over the lots that remain: a package that is no longer whole is void.
    """
    bids = {lot.lot: lot.bid_id for lot in award.lots}
    for ref in lots:
        bidding.return_lot(work, award.request_id, ref, reason, bids[ref])
    store.mark_returned(work, award.id, tuple(lots), reason)
    if award.discounts:
        store.save_discounts(work, award.id, _still_earned(work, award.id))
    work.append(events.LotsReturned(award.request_id, award.id, provider_id, tuple(lots)))


def _still_earned(work: Work, award_id: str) -> tuple[Discount, ...]:
    """Return the discounts that the lots of an award which still stand earn by themselves."""
    award = award_of(work, award_id)
    standing = Selection(
        tuple(
            LotSelection(lot.lot, lot.bid_id)
            for lot in award.lots
            if lot.outcome is Outcome.AWARDED and lot.bid_id is not None
        )
    )
    return earned(work, award.request_id, compare(work, award.request_id, hold=False), standing)


def award_of(reading: Reading, award_id: str) -> Award:
    """Return one decision. Raises NotFoundError."""
    award = store.get(reading, award_id)
    if award is None:
        raise NotFoundError
    return award


def own_wins(reading: Reading, invitation_id: str) -> list[WonLot]:
    """Return the lots that the calling provider won. Raises NotFoundError."""
    invitation = sellers.invitation(reading, InvitationId(invitation_id))
    return own_wins_of(reading, [invitation.request_id])[invitation.request_id]


def own_wins_of(reading: Reading, request_ids: Collection[RequestId]) -> dict[RequestId, list[WonLot]]:
    """Return, by request, the lots that the calling provider won, in one statement for all of them."""
    return store.won_lots(reading, request_ids, reading.principal.organization_id)


def meet_buyer(work: Work, invitation_id: str) -> disclosure.Disclosed:
    """Return who the buyer is to the calling winner; every reading is recorded. Raises NotFoundError for others."""
    invitation = sellers.invitation(work, InvitationId(invitation_id))
    return disclosure.read_identity(work, invitation.request_id, invitation.provider_id)


def returned_lots(reading: Reading, award_id: str, provider_id: OrganizationId) -> tuple[str, ...]:
    """Return the lots of an award to a provider that went back to the buyer; for the buyer and that provider."""
    return store.returned_lots(reading, award_id, provider_id)


def has_won(reading: Reading, request_id: RequestId, provider_id: OrganizationId) -> bool:
    """Return whether a provider won a lot of a request, given back since or not; a provider asks for itself."""
    return bool(store.won_lots(reading, [request_id], provider_id)[request_id])


def awards_of(reading: Reading, request_id: RequestId) -> list[Award]:
    """Return the decisions on a request, newest first."""
    return store.of_request(reading, request_id)


def held(reading: Reading, request_id: RequestId) -> tuple[tuple[str, BidId], ...]:
    """Return the lots of a request that stand awarded, each with its bid."""
    return tuple(
        (lot.lot, lot.bid_id)
        for award in store.of_request(reading, request_id)
        for lot in award.lots
        if lot.outcome is Outcome.AWARDED and lot.bid_id is not None
    )


def _check(work: Work, request_id: RequestId, comparison: Comparison, selection: Selection, basis: Basis) -> None:
    if not any(lot.status == "closed" for lot in comparison.lots):
        raise NothingToDecideError
    errors = rules.selection_errors(comparison, rules.with_reason(selection, basis.reason))
    errors += rules.admission_errors(comparison, selection, frozenset(sellers.approved(work)))
    content = requests.get(work, request_id).content
    errors += problem_of.beyond(comparison, content, selection, held(work, request_id))
    if errors:
        raise MalformedError("The selection can't be confirmed like this.", errors=errors)


def _award(work: Work, request_id: RequestId, comparison: Comparison, selection: Selection) -> Award:
    offers = {offer.bid_id: offer for lot in comparison.lots for offer in lot.offers}
    lots = [
        AwardedLot(
            item.lot,
            Outcome.AWARDED,
            offers[item.bid_id].provider_id,
            item.bid_id,
            offers[item.bid_id].total,
            item.reason,
        )
        for item in selection.awarded
    ]
    lots += [AwardedLot(item.lot, Outcome.NOT_AWARDED, None, None, None, item.reason) for item in selection.not_awarded]
    return Award(ids.new("awd"), request_id, work.now, tuple(lots))


def _end(work: Work, request: Request, won: tuple[str, ...]) -> None:
    """Move the request to its end; a later award of returned lots finds it awarded already."""
    if request.status is Status.AWARDED:
        return
    if won:
        requests.mark_awarded(work, request.id)
    else:
        requests.mark_not_awarded(work, request.id, "None of the bids was selected.")


def _tell(work: Work, request: Request, award: Award, comparison: Comparison) -> None:
    """Disclose the buyer to each winner; tell each bidder that won nothing that it lost, and nothing else."""
    invitations = {item.provider_id: item for item in sellers.invitations_of_request(work, request.id)}
    wins: dict[OrganizationId, list[str]] = {}
    for lot in award.lots:
        if lot.provider_id is not None:
            wins.setdefault(lot.provider_id, []).append(lot.lot)
    for provider_id, lots in wins.items():
        disclosure.disclose(work, request, award.id, provider_id, tuple(lots))
        work.append(events.AwardWon(request.id, award.id, provider_id, invitations[provider_id].id, tuple(lots)))
    if len(store.of_request(work, request.id)) > 1:
        return  # whoever lost was told at the first award; that lots came back since is nobody's to know
    bidders = {offer.provider_id for lot in comparison.lots for offer in lot.offers}
    for provider_id in sorted(bidders - set(wins)):
        work.append(events.AwardLost(request.id, award.id, provider_id, invitations[provider_id].id))
