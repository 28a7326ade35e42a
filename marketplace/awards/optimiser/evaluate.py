"""What a choice of offers costs and which rules it breaks, counted without any solver."""

from dataclasses import dataclass

from marketplace.awards.optimiser.instance import Instance, PricedDiscount
from marketplace.awards.optimiser.obedience import Violation, broken_rules
from marketplace.awards.optimiser.tally import tally_of


@dataclass(frozen=True, slots=True)
class Claim:
    """A tier that is claimed: the discount, which of its tiers by threshold, that threshold, the cents it saves."""

    discount: str
    tier: int
    min: int
    saving: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of a choice in cents, and everything that it breaks."""

    cost: int
    paid: int
    switching: int
    malus: int
    savings: int
    reserves: int
    moves: int
    carriers: int
    claims: tuple[Claim, ...]
    violations: tuple[Violation, ...]


def evaluate(instance: Instance, chosen: frozenset[int]) -> Evaluation:
    """Return the evaluation of a choice of offers (positions). Of each discount the best tier that is met counts."""
    tally = tally_of(instance, chosen)
    claims = tuple(claim for discount in instance.discounts if (claim := best_tier(discount, chosen)) is not None)
    offers = [instance.offers[number] for number in chosen]
    savings = sum(claim.saving for claim in claims)
    reserves = sum(instance.lots[lot].reserve or 0 for lot in tally.open_lots)
    cost = sum(offer.cost for offer in offers) - savings + reserves
    return Evaluation(
        cost=cost,
        paid=sum(offer.paid for offer in offers),
        switching=sum(offer.switching for offer in offers),
        malus=sum(offer.offer.malus for offer in offers),
        savings=savings,
        reserves=reserves,
        moves=tally.moves,
        carriers=len(tally.won),
        claims=claims,
        violations=broken_rules(instance, tally, cost),
    )


def best_tier(discount: PricedDiscount, chosen: frozenset[int]) -> Claim | None:
    """Return the tier that saves most among those met; None if none is met or none saves anything."""
    parts = [part for part in discount.parts if part.offer in chosen]
    if not parts:
        return None
    match discount.metric:
        case "lots":
            reached = sum(part.lots for part in parts)
        case "sites":
            reached = len({site for part in parts for site in part.sites})
        case "mrc":
            reached = sum(part.mrc for part in parts)
    best: Claim | None = None
    for number, threshold in enumerate(discount.thresholds):
        if reached >= threshold:
            saving = sum(part.savings[number] for part in parts) + discount.lumps[number]
            if saving > (best.saving if best else 0):
                best = Claim(discount.id, number, threshold, saving)
    return best
