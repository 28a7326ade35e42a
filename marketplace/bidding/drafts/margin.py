"""What is left of a draft's prices over the carrier's own costs: its own business alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from marketplace.bidding.drafts.draft import Draft
from marketplace.bidding.drafts.sheet import AskedLine


@dataclass(frozen=True, slots=True)
class Margin:
    """A monthly margin: ``share`` of the price, None where the price is 0."""

    amount: Decimal
    share: Decimal | None


@dataclass(frozen=True, slots=True)
class Margins:
    """Margins per unit by (lot, line), and of all lines that have price and cost, times their quantities.

    ``known`` of the ``priced`` lines have an own cost; ``whole`` is None while none has.
    """

    lines: dict[tuple[str, str], Margin]
    whole: Margin | None
    known: int
    priced: int


def margins(draft: Draft, asked: Iterable[AskedLine]) -> Margins:
    """Return what is left a month of each line, and of all."""
    quantities = {(line.lot, line.line): line.quantity for line in asked}
    costs = {(cost.lot, cost.line): cost.monthly for cost in draft.costs}
    prices = {
        (lot.lot, line.line): line.mrc
        for lot in draft.lots
        for line in lot.lines
        if line.mrc is not None and (lot.lot, line.line) in quantities
    }
    both = {key: price for key, price in prices.items() if key in costs}
    found = {key: _margin(price, costs[key]) for key, price in both.items()}
    earned = sum((price * quantities[key] for key, price in both.items()), Decimal(0))
    spent = sum((costs[key] * quantities[key] for key in both), Decimal(0))
    return Margins(found, _margin(earned, spent) if both else None, len(both), len(prices))


def _margin(price: Decimal, cost: Decimal) -> Margin:
    return Margin(price - cost, (price - cost) / price if price else None)
