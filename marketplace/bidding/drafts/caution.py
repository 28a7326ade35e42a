"""What a careful reader would look at twice before a bid is placed: slips of a digit, steep steps, gaps."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from statistics import median

from marketplace.bidding.offer import LotToPrice, Offer, total_cost

STEEP = Decimal("0.20")
"""A step down by more than this share of the own last price is asked about."""
SLIP = 10
"""A price that is so many times another of its kind, or a tenth of it, looks like a zero too much or too few."""
_FEWEST = 3
"""Prices of one service type from which on their middle says something."""


class Doubt(StrEnum):
    """What is doubtful. The bidder has to say that those of ``ASKED`` are meant."""

    TENFOLD = "tenfold"
    STEEP = "steep"
    BELOW_COST = "below cost"
    NO_TAXES = "no taxes"
    OPEN_ENDED = "open ended"


ASKED = frozenset({Doubt.TENFOLD, Doubt.STEEP, Doubt.BELOW_COST})
"""Those that are asked about before the bid is sent."""


@dataclass(frozen=True, slots=True)
class Caution:
    """One doubt about a lot's offer. ``lines`` are those it is about; ``figure`` and ``beside`` what was compared."""

    doubt: Doubt
    lot: str
    lines: tuple[str, ...] = ()
    figure: Decimal | None = None
    beside: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """An offer for a lot with its total, and the bidder's last total and offer there where they can be read.

    ``costs``: what its lines cost the bidder itself, a month and per unit, as far as it wrote that down.
    """

    lot: LotToPrice
    offer: Offer
    total: Decimal
    last_total: Decimal | None = None
    last_offer: Offer | None = None
    costs: Mapping[str, Decimal] = field(default_factory=dict)


def change(before: Decimal | None, after: Decimal) -> Decimal | None:
    """Return by which share a price changed, negative for down; None without an earlier price."""
    return None if not before else (after - before) / before


def cautions(priced: Iterable[Priced]) -> tuple[Caution, ...]:
    """Return all doubts about a bid, lot by lot."""
    priced = tuple(priced)
    middles = _middles(priced)
    return tuple(one for item in priced for one in _of(item, middles))


def _of(item: Priced, middles: Mapping[str, Decimal]) -> Iterator[Caution]:
    lot = item.lot.ref
    share = change(item.last_total, item.total)
    if share is not None and share < -STEEP:
        yield Caution(Doubt.STEEP, lot, (), item.total, item.last_total)
    yield from _below_cost(item)
    kinds = {line.ref: line.service_type for line in item.lot.lines}
    before = {line.line: line.mrc for line in item.last_offer.lines} if item.last_offer else {}
    for line in item.offer.lines:
        beside = before.get(line.line) or middles.get(kinds.get(line.line, ""))
        if beside and line.mrc and (line.mrc >= SLIP * beside or line.mrc * SLIP <= beside):
            yield Caution(Doubt.TENFOLD, lot, (line.line,), line.mrc, beside)
    if untaxed := tuple(line.line for line in item.offer.lines if not line.taxes):
        yield Caution(Doubt.NO_TAXES, lot, untaxed)
    if unlimited := tuple(line.line for line in item.offer.lines if line.open_ended):
        yield Caution(Doubt.OPEN_ENDED, lot, unlimited)


def beside_own_cost(lot: LotToPrice, offer: Offer, costs: Mapping[str, Decimal]) -> tuple[Decimal, Decimal] | None:
    """Return what an offer brings over the term and what it costs the bidder, both without taxes and surcharges.

    One-time prices are taken as one-time costs. None unless every offered line has an own cost.
    """
    if not offer.lines or any(line.line not in costs for line in offer.lines):
        return None
    bare = replace(offer, lines=tuple(replace(line, taxes=()) for line in offer.lines))
    at_cost = tuple(replace(line, mrc=costs[line.line]) for line in bare.lines)
    return total_cost(lot, bare).total, total_cost(lot, replace(bare, lines=at_cost, adjustment=Decimal(0))).total


def _below_cost(item: Priced) -> Iterator[Caution]:
    """Tell of a lot that is below its own cost as a whole, else of its lines that are."""
    both = beside_own_cost(item.lot, item.offer, item.costs)
    if both is not None and both[0] < both[1]:
        yield Caution(Doubt.BELOW_COST, item.lot.ref, (), *both)
        return
    if below := tuple(line.line for line in item.offer.lines if line.mrc < item.costs.get(line.line, line.mrc)):
        yield Caution(Doubt.BELOW_COST, item.lot.ref, below)


def _middles(priced: Iterable[Priced]) -> dict[str, Decimal]:
    """Return the middle monthly price by service type, where there are enough of them."""
    found: dict[str, list[Decimal]] = {}
    for item in priced:
        kinds = {line.ref: line.service_type for line in item.lot.lines}
        for line in item.offer.lines:
            if line.mrc and line.line in kinds:
                found.setdefault(kinds[line.line], []).append(line.mrc)
    return {kind: median(prices) for kind, prices in found.items() if len(prices) >= _FEWEST}
