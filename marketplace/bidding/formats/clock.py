"""What both reverse clocks share: a bid names exactly the clock's price, and which other rules go with a clock."""

from collections.abc import Iterator
from decimal import Decimal

from marketplace.bidding.commands import PlaceBid
from marketplace.bidding.model import BidderView, Refusal, RefusalCode
from marketplace.bidding.rules import Rules, ScoringKind, Ties
from marketplace.kernel.errors import FieldError
from marketplace.kernel.money import is_price


def own_price(view: BidderView, rules: Rules) -> Decimal | None:
    """Return the clock's price in the own money of the view's bidder; None if it can take none now.

    The clock shows the effective cost. Under declared qualities it is paid that minus its malus (plus its bonus),
    which may leave no positive price, or one above the ceiling.
    """
    stage = view.stage
    if stage is None or stage.price is None or not stage.may_bid:
        return None
    price = stage.price - view.malus
    return price if price > 0 and (rules.ceiling is None or price <= rules.ceiling) else None


def not_the_price(view: BidderView, rules: Rules, bid: PlaceBid) -> Refusal | None:
    """Return a refusal of a bid that names another price than the clock shows, with the one that would be taken."""
    price = own_price(view, rules)
    if bid.amount == price:
        return None
    now = "no price that you could take" if price is None else f"{price} {rules.currency} for you"
    return Refusal(
        RefusalCode.PRICE_MOVED,
        "clock",
        f"a bid names exactly the clock's price, which is {now}",
        amount=bid.amount,
        own_amount=view.own.amount if view.own else None,
        next_admissible_price=price,
    )


def common_problems(rules: Rules) -> Iterator[FieldError]:
    """Yield what no clock can work with."""
    if rules.ties is not Ties.ALLOWED:
        yield FieldError("/ties", "under a clock equal prices are decided by time: use allowed")
    if rules.scoring is not None and rules.scoring.kind is not ScoringKind.MONEY:
        yield FieldError("/scoring/kind", "a clock can't show points that depend on other bids: use money")


def figure_problems(pointer: str, *, seconds: int, **prices: Decimal | None) -> Iterator[FieldError]:
    """Yield an error for a stage without a length, and for each of ``prices`` that is none."""
    if seconds < 1:
        yield FieldError(f"{pointer}/seconds", "is below 1: give a stage at least 1 second")
    for name, price in prices.items():
        if price is not None and not is_price(price):
            yield FieldError(f"{pointer}/{name}", "is no price: give an amount above 0, in whole cents")
