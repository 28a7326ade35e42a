"""A rehearsed auction in plain sentences: what happened, and what was on one carrier's screen."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from marketplace.bidding import events as told
from marketplace.bidding.events import Event
from marketplace.bidding.model import BidderView, Status
from marketplace.bidding.rules import Rules


@dataclass(frozen=True, slots=True)
class Seen:
    """What one carrier had on its screen at an instant."""

    at: datetime
    words: str


def steps_in_words(events: Iterable[Event], currency: str) -> tuple[str, ...]:
    """Return what happened, one sentence an event, each behind its time (UTC)."""
    sentences = ((event.at, _SENTENCES[type(event)](event, currency)) for event in events if type(event) in _SENTENCES)
    return tuple(f"{at:%Y-%m-%d %H:%M:%S} {sentence}" for at, sentence in sentences)


def seen_in_words(view: BidderView, rules: Rules, now: datetime) -> Seen:
    """Return a bidder's screen in words: what isn't said isn't there."""
    money = rules.currency
    words = [_STATUS.get(view.status, f"The lot is {view.status}.")]
    if view.stage is not None and view.stage.price is not None:
        words.append(f"The clock shows {_money(view.stage.price, money)}.")
    if view.own is None:
        words.append("You have no bid.")
    else:
        own = "sealed" if view.own.amount is None else _money(view.own.amount, money)
        words.append(f"Your price: {own}.")
    if view.rank is not None:
        words.append(f"Your place: {view.rank}{', shared' if view.joint else ''}.")
    if view.light is not None:
        words.append(f"Your colour: {view.light}.")
    if view.lead_price is not None:
        words.append(f"The best price: {_money(view.lead_price, money)}.")
    if view.prices is not None:
        words.append(f"All prices: {', '.join(_money(line.amount, money) for line in view.prices)}.")
    if view.bidders is not None:
        words.append(f"Bidders: {view.bidders}.")
    if view.next_admissible_price is not None and view.status in {Status.OPEN, Status.PAUSED}:
        words.append(f"The highest price taken from you: {_money(view.next_admissible_price, money)}.")
    return Seen(now, " ".join(words))


_STATUS = {
    Status.SCHEDULED: "The lot has not opened.",
    Status.OPEN: "The lot is open.",
    Status.PAUSED: "The lot is paused.",
    Status.CLOSED: "The lot has closed.",
    Status.FAILED: "The lot ended without a bid.",
}


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:,.2f} {currency}"


def _round(event: told.RoundStarted, currency: str) -> str:
    price = f" at {_money(event.price, currency)}" if event.price is not None else ""
    order = f": {', '.join(event.order)}" if event.order else ""
    return f"Round {event.number} begins{price}{order}."


def _placed(event: told.BidPlaced, currency: str) -> str:
    what = "hands in a sealed bid" if event.amount is None else f"bids {_money(event.amount, currency)}"
    return f"{event.bidder} {what}."


_SENTENCES: Mapping[type[Event], Callable[[Any, str], str]] = {
    told.LotRescheduled: lambda event, _: f"The lot moves to {event.opens_at:%H:%M:%S}: the one before took longer.",
    told.LotOpened: lambda _, __: "The lot opens.",
    told.BidPlaced: _placed,
    told.TurnBidEntered: lambda event, _: f"{event.bidder} enters a price in its turn.",
    told.TurnEnded: lambda event, _: f"The turn of {event.bidder} ends.",
    told.RoundStarted: _round,
    told.BidderLeft: lambda event, _: f"{event.bidder} is out.",
    told.LotExtended: lambda event, _: f"The close moves to {event.closes_at:%H:%M:%S}.",
    told.LotClosed: lambda _, __: "The lot closes.",
    told.BidsOpened: lambda event, _: f"The sealed bids are opened: {len(event.prices)}.",
    told.LotFailed: lambda _, __: "Nobody bid: the lot fails.",
}
