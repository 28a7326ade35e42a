"""What an award's discounts are in its contracts: divided among them, reckoned anew, void when their lots return."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from marketplace.awards.model import Award, Discount, Outcome
from marketplace.contracts import rules
from marketplace.contracts.model import ContractDiscount, Presentation
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.money import cents


def contract_discounts(award: Award, provider_id: OrganizationId, lots: Sequence[str]) -> tuple[ContractDiscount, ...]:
    """Return what falls on a contract's lots of the discounts that its provider's lots of an award earn."""
    totals = {lot.lot: lot.total or Decimal(0) for lot in award.lots if lot.outcome is Outcome.AWARDED}
    found = []
    for discount in award.discounts:
        here = [ref for ref in discount.lots if ref in lots]
        if discount.provider_id == provider_id and here:
            shares = divided(discount, totals)
            amount = sum((shares[ref] for ref in here), Decimal(0))
            elsewhere = tuple(ref for ref in discount.lots if ref not in lots)
            found.append(ContractDiscount(discount.words, discount.lots, amount, elsewhere))
    return tuple(found)


def divided(discount: Discount, totals: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return a discount by lot, in proportion to the lots' totals; the cents add up to the whole."""
    weights = {ref: totals.get(ref, Decimal(0)) for ref in discount.lots}
    whole = sum(weights.values(), Decimal(0))
    shares: dict[str, Decimal] = {}
    counted = given = Decimal(0)
    for ref, weight in weights.items():
        counted += weight
        upto = cents(discount.amount * counted / whole) if whole else discount.amount
        shares[ref] = upto - given
        given = upto
    return shares


def reckoned_anew(presentation: Presentation, award: Award) -> Presentation:
    """Return a presentation with what its lots earn as the award stands now; the same where nothing changed."""
    now = contract_discounts(award, presentation.provider_id, presentation.lot_refs)
    if now == presentation.discounts:
        return presentation
    old = presentation.figures
    return replace(
        presentation,
        figures=rules.figures(presentation.lots, old.currency, old.term_months, now),
        discounts=now,
        revision=presentation.revision + 1,
    )


def lapsed(presentation: Presentation, returned: Collection[str]) -> tuple[str, ...]:
    """Return, in words, the discounts of a made contract whose condition has failed since: its document stays.

    ``returned`` are the lots of the award to this provider that went back to the buyer.
    """
    currency = presentation.figures.currency
    return tuple(
        f"'{discount.words}' ({discount.amount} {currency}) is not granted any more: "
        f"{', '.join(gone)} returned to the buyer, as the contract provides for"
        for discount in presentation.discounts
        if (gone := [ref for ref in discount.elsewhere if ref in returned])
    )
