"""From what a buyer asks for to what is announced of its auction: rules, and what there is to price."""

from datetime import datetime

from buyers.requests.model import Content, Line, Priority
from marketplace.bidding import model
from marketplace.bidding import offer as offers
from marketplace.bidding.offer import LineToPrice, LotToPrice, Usage

_COMPOSED = {"sealed": ("sealed_first_price", "sealed"), "english": ("english", "open")}
"""A buyer's choice as the engine's format and visibility."""


def rules_of(content: Content, now: datetime) -> model.Rules:
    """Return the buyer's choice as the engine's rules; what passes the checks of a submission never fails here."""
    choice, closes_at = content.auction, content.schedule.closes_at
    if closes_at is None:
        raise RuntimeError("a published request has a close")
    format_, visibility = _COMPOSED[choice.format]
    decrement = None
    if choice.decrement is not None:
        decrement = model.Decrement(model.DecrementKind.ABSOLUTE, choice.decrement)
    elif choice.decrement_percent is not None:
        decrement = model.Decrement(model.DecrementKind.PERCENT, choice.decrement_percent)
    return model.Rules(
        format=format_,
        visibility=visibility,
        currency=content.billing.currency,
        opens_at=max(content.schedule.opens_at or now, now),
        closes_at=closes_at,
        ceiling=choice.ceiling,
        decrement=decrement,
        base=model.Base(choice.base),
        min_bidders=choice.min_bidders,
        valid_until_at_least=content.schedule.award_planned_on,
    )


def to_price(content: Content, ref: str) -> LotToPrice:
    """Return what an offer for a lot has to price, and what its total depends on."""
    members = next((lot.lines for lot in content.lots if lot.ref == ref), ())
    lines = tuple(
        LineToPrice(
            line.ref, line.service_type, line.quantity, line.priority is Priority.MUST, _usage_of(content, line)
        )
        for line in content.lines
        if line.ref in members
    )
    return LotToPrice(ref, lines, content.term_months, content.discount_rate)


def _usage_of(content: Content, line: Line) -> tuple[Usage, ...]:
    """Return a line's share of the prior usage of its service type."""
    together = sum(other.quantity for other in content.lines if other.service_type == line.service_type)
    return tuple(
        Usage(item.unit, offers.share(item.monthly_quantity, line.quantity, together))
        for item in content.prior_usage
        if item.service_type == line.service_type
    )
