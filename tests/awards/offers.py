"""Compared bids of nobody, for tests of pure decisions."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from marketplace.awards import rules
from marketplace.awards.model import ComparedLot, ComparedOffer, Comparison
from marketplace.kernel.ids import BidId, OrganizationId

LOTS = ("T1", "T2", "T3")


def an_offer(provider: str, lot: str, total: str | Decimal, **parts: Any) -> ComparedOffer:
    plain = ComparedOffer(
        rank=1,
        joint=False,
        provider_id=OrganizationId(provider),
        provider_name=provider,
        bid_id=BidId(f"{provider}:{lot}"),
        total=Decimal(total),
        above_best=None,
        lines=(),
        optional=(),
        unpriced=(),
        deviations=(),
        slowest_install_days=None,
        valid_until=None,
        expired=False,
        stale=False,
        terms_sha256="",
    )
    return replace(plain, **parts)


def compared(offers: Sequence[tuple[str, ComparedOffer]], status: str = "closed") -> Comparison:
    lots = tuple(ComparedLot(ref, status, rules.in_order(offer for lot, offer in offers if lot == ref)) for ref in LOTS)
    return Comparison("USD", 36, lots, Decimal(0), None)
