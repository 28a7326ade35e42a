"""What if the declared qualities had counted more or less: another order of the same bids, which decides nothing."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from marketplace.awards import rules
from marketplace.awards.model import ComparedLot, ComparedOffer, Comparison
from marketplace.kernel.ids import OrganizationId

ANNOUNCED = 100
"""Percent: as the rules say."""
MOST = 300
STEP = 25


@dataclass(frozen=True, slots=True)
class Reweighed:
    """A lot whose best complete bid would be another one, with both, and what each is compared by at that weight."""

    lot: str
    before: ComparedOffer
    after: ComparedOffer
    before_evaluated: Decimal
    after_evaluated: Decimal


@dataclass(frozen=True, slots=True)
class Share:
    """On how many lots a carrier's bid is the best: as announced, and at the other weight."""

    provider_id: OrganizationId
    name: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The order at another weight. ``cost_before`` and ``cost_after``: what the best bids cost, qualities left out."""

    percent: int
    lots: int
    changed: tuple[Reweighed, ...]
    shares: tuple[Share, ...]
    cost_before: Decimal
    cost_after: Decimal


def is_weighed(comparison: Comparison) -> bool:
    """Tell whether declared qualities count in money in any bid: what else there is to weigh is not known here."""
    return any(offer.malus for lot in comparison.lots for offer in lot.offers)


def evaluated_at(offer: ComparedOffer, percent: int) -> Decimal:
    """Return what a bid is compared by if its declared qualities count at ``percent`` of what was announced."""
    return offer.total + offer.switching + (offer.malus or Decimal(0)) * percent / 100


def what_if(comparison: Comparison, percent: int) -> WhatIf:
    """Return which lots and carriers would come first at another weight. Bids that lose a rank by rule stay without."""
    found = [
        (lot, before, _best(lot, before, percent)) for lot in comparison.lots if (before := rules.best(lot)) is not None
    ]
    changed = tuple(
        Reweighed(lot.lot, before, after, evaluated_at(before, percent), evaluated_at(after, percent))
        for lot, before, after in found
        if after.bid_id != before.bid_id
    )
    return WhatIf(
        percent,
        len(found),
        changed,
        _shares([before for _, before, _ in found], [after for _, _, after in found]),
        sum((before.total + before.switching for _, before, _ in found), Decimal(0)),
        sum((after.total + after.switching for _, _, after in found), Decimal(0)),
    )


def _best(lot: ComparedLot, before: ComparedOffer, percent: int) -> ComparedOffer:
    """Return the best of the bids that the rules may call so; of equals the one that is the best now."""
    ranked = [offer for offer in lot.offers if offer.above_best is not None]
    return min((before, *ranked), key=lambda offer: evaluated_at(offer, percent))


def _shares(before: Iterable[ComparedOffer], after: Iterable[ComparedOffer]) -> tuple[Share, ...]:
    was, would = list(before), list(after)
    names = {offer.provider_id: offer.provider_name for offer in (*was, *would)}
    first, then = Counter(one.provider_id for one in was), Counter(one.provider_id for one in would)
    order = sorted(names, key=lambda one: (-first[one], -then[one], names[one]))
    return tuple(Share(one, names[one], first[one], then[one]) for one in order)
