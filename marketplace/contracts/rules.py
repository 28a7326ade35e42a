"""Pure decisions about contracts: which terms are presented with which lots, and when they can be decided."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from marketplace.awards.model import Award, AwardedLot, Outcome
from marketplace.bidding import offer as offers
from marketplace.bidding.opened import OpenedOffer
from marketplace.contracts.model import (
    AcceptedBefore,
    Contract,
    ContractDiscount,
    ContractLine,
    ContractLot,
    ContractStatus,
    Figures,
    Presentation,
    PresentedTerms,
)
from marketplace.contracts.negotiation.model import AgreedChanges
from marketplace.kernel.errors import ConflictError
from marketplace.kernel.ids import BidId, OrganizationId
from marketplace.kernel.money import cents
from sellers.key_terms import KeyTerms


class TermsDecidedError(ConflictError):
    """Terms are accepted or refused once."""

    kind = "terms-decided"
    title = "These terms were decided before"


class OtherTermsError(ConflictError):
    """The hash that was accepted is not that of the terms that were presented."""

    kind = "other-terms"
    title = "These are not the terms that were presented"


class OtherFiguresError(ConflictError):
    """A lot of the award returned since the terms were presented, so that the discounts are others."""

    kind = "other-figures"
    title = "The discounts were reckoned anew since these terms were presented"


class OtherChangesError(ConflictError):
    """The changes that were accepted are not the last that both sides agreed on."""

    kind = "other-changes"
    title = "These are not the changes that were agreed last"


Bound = tuple[OrganizationId, str, int]
"""What one presentation is for: a provider, one of its terms documents, the request's version that was bid on."""


def bound_lots(award: Award, opened: Mapping[BidId, OpenedOffer]) -> dict[Bound, list[AwardedLot]]:
    """Return the awarded lots by what is presented together, in the order of the lots' numbers."""
    found: dict[Bound, list[AwardedLot]] = {}
    for lot in sorted(award.lots, key=lambda item: (len(item.lot), item.lot)):
        if lot.outcome is Outcome.AWARDED and lot.provider_id is not None and lot.bid_id is not None:
            bid = opened[lot.bid_id]
            found.setdefault((lot.provider_id, bid.offer.terms_id, bid.request_version), []).append(lot)
    return found


def contract_lot(view: Mapping[str, Any], bid: OpenedOffer) -> ContractLot:
    """Return a lot as it is contracted. ``view`` is the carrier view of the version that was bid on."""
    wanted = {line["ref"]: line for line in view["lines"]}
    names = {lot["ref"]: lot["name"] for lot in view["lots"]}
    cost = offers.total_cost(bid.to_price, bid.offer)
    optional = {line.line for line in cost.optional}
    lines = tuple(
        ContractLine(
            line=price.line,
            service_type=wanted[price.line]["service_type"],
            site=wanted[price.line]["site"],
            quantity=wanted[price.line]["quantity"],
            optional=price.line in optional,
            mrc=price.mrc,
            nrc=price.nrc,
            usage_rates=price.usage_rates,
            install_days=price.install_days,
            answers=price.answers,
            taxes=price.taxes,
            firmness=price.firmness,
            construction_cap=price.construction_cap,
            access_owner=price.access_owner,
            entrance=price.entrance,
        )
        for price in bid.offer.lines
    )
    return ContractLot(
        lot=bid.offer.lot,
        name=names[bid.offer.lot],
        bid_id=bid.bid_id,
        bid_version=bid.version,
        bid_placed_at=bid.placed_at,
        bid_commitment=bid.commitment,
        total=cost.total,
        note=bid.offer.note,
        lines=lines,
        adjustment=cost.adjustment,
        open_ended=cost.open_ended,
        packages=bid.offer.packages,
        volume=bid.offer.volume,
    )


def figures(
    lots: Iterable[ContractLot], currency: str, term_months: int, discounts: Iterable[ContractDiscount] = ()
) -> Figures:
    """Return the sums over lots, the total after discounts."""
    lots = tuple(lots)
    off = sum((discount.amount for discount in discounts), Decimal(0))
    lines = [line for lot in lots for line in lot.lines if not line.optional]
    installs = [line.install_days for line in lines if line.install_days is not None]
    return Figures(
        currency=currency,
        term_months=term_months,
        monthly=cents(sum((line.mrc * line.quantity for line in lines), Decimal(0))),
        one_time=cents(sum((line.nrc * line.quantity for line in lines), Decimal(0))),
        total=cents(sum((lot.total for lot in lots), Decimal(0)) - off),
        slowest_install_days=max(installs) if installs else None,
        discount=off,
    )


def presentation(
    award_id: str,
    view: Mapping[str, Any],
    provider: tuple[OrganizationId, str],
    terms: PresentedTerms,
    bids: Iterable[OpenedOffer],
    *,
    key_terms: KeyTerms | None = None,
    accepted_before: AcceptedBefore | None = None,
    discounts: tuple[ContractDiscount, ...] = (),
) -> Presentation:
    """Return what a buyer decides on. ``provider`` is its id and name; ``bids`` are on the same ``view``."""
    lots = tuple(contract_lot(view, bid) for bid in bids)
    return Presentation(
        award_id=award_id,
        request_version=view["version"],
        provider_id=provider[0],
        provider_name=provider[1],
        terms=terms,
        figures=figures(lots, view["billing"]["currency"], view["term_months"], discounts),
        lots=lots,
        key_terms=key_terms,
        accepted_before=accepted_before,
        discounts=discounts,
    )


def check_undecided(contract: Contract) -> None:
    """Raise TermsDecidedError unless the buyer still has to decide."""
    if contract.status is not ContractStatus.PRESENTED:
        raise TermsDecidedError(f"They were {contract.status}.")


def check_figures(contract: Contract, shown_sha256: str, seen_sha256: str | None) -> None:
    """Raise OtherFiguresError for a presentation that has changed, unless the buyer names the hash of what it is now.

    ``shown_sha256`` is that hash, ``seen_sha256`` the one that the buyer gives.
    """
    if seen_sha256 != shown_sha256 and (seen_sha256 is not None or contract.presentation.revision):
        raise OtherFiguresError("Read the contract again and accept with the shown_sha256 that it has now.")


def check_acceptance(
    contract: Contract, terms_sha256: str, changes_version: int | None, agreed: AgreedChanges | None
) -> None:
    """Raise unless exactly the presented terms with the changes agreed last are accepted.

    Raises TermsDecidedError, OtherTermsError, OtherChangesError.
    """
    check_undecided(contract)
    if changes_version != (agreed.version if agreed else None):
        raise OtherChangesError(
            f"Agreed is version {agreed.version} of the changes: read the negotiation and accept with that version."
            if agreed
            else "No changes were agreed: leave changes_version out."
        )
    if terms_sha256 != contract.presentation.terms.sha256:
        raise OtherTermsError(f"Presented were terms with the SHA-256 {contract.presentation.terms.sha256}.")
