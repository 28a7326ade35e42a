"""Pure decisions of oversight: how long a job stays taken, what is odd about bids, what a catalogue loses."""

from datetime import timedelta
from decimal import Decimal

from marketplace.bidding.model import LotOverview
from marketplace.catalogue.model import Catalogue
from marketplace.oversight.model import OddBid, Removed

TAKEN_FOR = timedelta(minutes=30)
"""How long a job stays with who took it, unless taken again or given back."""

FAR_BELOW = Decimal("0.5")
"""A leading price below this share of the next one is looked at."""

STEEP = Decimal("0.5")
"""A bidder that gives up more than this share of its own price in one step is looked at."""


def odd_bids(lot: LotOverview) -> tuple[OddBid, ...]:
    """Return why a person should look at a lot's bids; of sealed bids nothing is known but that one is called wrong."""
    found = []
    prices = lot.prices
    if prices is not None:
        if prices.leading_share is not None and prices.leading_share < FAR_BELOW:
            found.append(OddBid.LEAD_FAR_BELOW)
        if prices.steepest_share is not None and prices.steepest_share > STEEP:
            found.append(OddBid.STEEP_STEP)
    if lot.withdrawals:
        found.append(OddBid.CALLED_ERROR)
    return tuple(found)


def removed(before: Catalogue, after: Catalogue) -> Removed:
    """Return what ``before`` has and ``after`` has not."""
    kept = [(kind, after.service_type(kind.code)) for family in before.families for kind in family.service_types]
    features = tuple(
        (kind.code, feature.code)
        for kind, now in kept
        if now is not None
        for feature in kind.features
        if now.feature(feature.code) is None
    )
    there = _feature_codes(after)
    return Removed(
        nodes=tuple(node for node in before.nodes() if node not in after.nodes()),
        service_types=tuple(code for code in before.codes() if code not in after.codes()),
        features=features,
        gone=tuple(sorted(_feature_codes(before) - there)),
    )


def _feature_codes(catalogue: Catalogue) -> frozenset[str]:
    return frozenset(
        feature.code for family in catalogue.families for kind in family.service_types for feature in kind.features
    )
