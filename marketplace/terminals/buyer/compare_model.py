"""What a comparison shows, as frozen values: the query of its address, columns, rows, cells, the choice; heat."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from urllib.parse import urlencode

from marketplace.awards.model import ComparedLot, ComparedOffer, Discount
from marketplace.terminals.buyer.live_auction_model import is_complete, once_of

CELLS = 1_000
"""Bids that one page shows: its HTML travels in less than 60 KB."""
A_PAGE, LEAST_A_PAGE = 200, 20
"""Rows of a page, at most and at least."""
FAR_APART = Decimal("0.25")
"""Bids on a lot differ much from here on: the dearest complete one above the lowest, as a share."""
NOBODY = "nobody"
"""What the address names where the lots without a choice are asked for."""
FIGURES = ("total", "monthly", "once")
ONLY = ("waiting", "complete", "incomplete", "one", "none", "empty", "apart")
_HEATS = (Decimal(0), Decimal("0.05"), Decimal("0.15"), Decimal("0.30"))
"""Up to so much above the best, as a share: green, light green, plain, light amber; amber beyond."""


@dataclass(frozen=True, slots=True)
class Query:
    """What the address says: which figures, rows and columns, in which order, and what is chosen.

    ``picks`` are the choices by lot that differ from the base, which is a scenario, one carrier, or the best bids.
    """

    figure: str = "total"
    sort: str = "lot"
    down: bool = False
    only: str = ""
    state: str = ""
    chosen: str = ""
    carriers: tuple[str, ...] = ()
    page: int = 1
    scenario: str = ""
    base: str = ""
    picks: tuple[tuple[str, str], ...] = ()

    def without(self, name: str) -> "Query":
        """Return the query without one of the filters of rows."""
        only, state, chosen = (
            "" if one == name else value
            for one, value in (("only", self.only), ("state", self.state), ("chosen", self.chosen))
        )
        return replace(self, only=only, state=state, chosen=chosen)

    def address(self, **changes: object) -> str:
        """Return the query's text with ``changes``; a changed filter begins at the first page again."""
        given = {name: getattr(self, name) for name in self.__slots__} | changes
        if changes and "page" not in changes:
            given["page"] = 1
        pairs: list[tuple[str, str]] = []
        for name, value in given.items():
            if name == "picks":
                pairs += [("pick", f"{lot}:{bid}") for lot, bid in value]
            elif name == "carriers":
                pairs += [("carrier", one) for one in value]
            elif value and value != getattr(_PLAIN, name):
                pairs.append((name, "1" if value is True else str(value)))
        return f"?{urlencode(pairs)}" if pairs else "?"


_PLAIN = Query()


@dataclass(frozen=True, slots=True)
class Column:
    """One carrier. ``wanted`` lots in all, ``lots`` with a complete bid; figures are of these."""

    provider_id: str
    name: str
    colour: int
    lots: int
    wanted: int
    total: Decimal
    monthly: Decimal
    once: Decimal
    formula: str
    met: int
    answered: int
    exceeded: int
    install_days: int | None
    conditions: tuple[str, ...]
    defaulted: bool
    best: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure; ``word`` says by code what colour alone must not. Without a bid: not served."""

    amount: Decimal | None = None
    bid_id: str = ""
    heat: int | None = None
    word: str = ""
    chosen: bool = False
    selectable: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One site of a lot of several: its share of each bid, to look at; what is awarded is the lot."""

    label: str
    note: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One lot with a cell a carrier."""

    ref: str
    name: str
    places: str
    waiting: bool
    status: str
    cells: tuple[Cell, ...]
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What is chosen and what it comes to: after the discounts that it earns, switching costs included."""

    bids: Mapping[str, str]
    changed: tuple[tuple[str, str], ...]
    lots: int
    wanted: int
    carriers: tuple[Column, ...]
    listed: Decimal
    discounts: tuple[Discount, ...]
    total: Decimal
    monthly: Decimal
    switching: Decimal
    saving: Decimal | None
    above_best: Decimal
    needs_reason: tuple[str, ...]
    scenario: str
    base: str


@dataclass(frozen=True, slots=True)
class Loosening:
    """A filter to loosen: its name in the address, and how many lots there would be without it."""

    name: str
    lots: int


def rows_a_page(columns: int) -> int:
    """Return how many rows a page of so many carriers has."""
    return max(LEAST_A_PAGE, min(A_PAGE, CELLS // max(columns, 1)))


def spread(lot: ComparedLot, figure: str) -> Decimal | None:
    """Return how far the dearest complete bid on a lot is above the lowest, as a share; None without two."""
    known = [figure_of(offer, figure) for offer in lot.offers if is_complete(offer)]
    return (max(known) - min(known)) / min(known) if len(known) > 1 and min(known) else None


def figure_of(offer: ComparedOffer, figure: str) -> Decimal:
    """Return one of a bid's figures: what it is compared by, a month of it by list, or what it costs once."""
    if figure == "monthly":
        return offer.monthly
    return once_of(offer) if figure == "once" else offer.evaluated


def heat_of(amount: Decimal, best: Decimal | None) -> int | None:
    """Return how far a figure is above the best, from 0 (best) to 4."""
    if best is None:
        return None
    above = (amount - best) / best if best else Decimal(0) if amount == best else Decimal(1)
    return next((heat for heat, share in enumerate(_HEATS) if above <= share), len(_HEATS))


def lowest(lot: ComparedLot, figure: str) -> Decimal | None:
    """Return the lowest of one figure among a lot's complete bids."""
    return min((figure_of(offer, figure) for offer in lot.offers if is_complete(offer)), default=None)


def cell_of(offer: ComparedOffer | None, figure: str, best: Decimal | None, chosen: str | None) -> Cell:
    """Return one bid's cell; without a bid an empty one."""
    if offer is None:
        return Cell()
    amount = figure_of(offer, figure)
    whole = is_complete(offer)
    word = _word(offer) or ("low" if amount == best else "")
    heat = heat_of(amount, best) if whole else None
    return Cell(amount, offer.bid_id, heat, word, offer.bid_id == chosen, offer.selectable)


def _word(offer: ComparedOffer) -> str:
    if offer.expired:
        return "expired"
    if offer.stale:
        return "stale"
    if offer.open_ended:
        return "open"
    return "incomplete" if offer.incomplete else ""


def needs_reason(offer: ComparedOffer) -> bool:
    """Tell whether the award will ask why: not the cheapest, or open, or incomplete beside complete ones."""
    return offer.open_ended or bool(offer.above_best) or (bool(offer.incomplete) and offer.above_best is None)


def belongs(lot: ComparedLot, only: str) -> bool:
    """Tell whether a lot passes one of the filters; an unknown one keeps none out."""
    complete, bids = sum(is_complete(offer) for offer in lot.offers), len(lot.offers)
    passes = {
        "waiting": lot.status == "closed",
        "complete": bids == complete > 0,
        "incomplete": complete < bids,
        "one": complete == 1,
        "none": complete == 0,
        "empty": bids == 0,
        "apart": (spread(lot, "total") or 0) >= FAR_APART,
    }
    return passes.get(only, True)


def key_of(lot: ComparedLot, mine: Mapping[str, ComparedOffer], sort: str, figure: str) -> Decimal | None:
    """Return what rows are ordered by; None goes last."""
    if sort == "best":
        return lowest(lot, figure)
    if sort == "spread":
        return spread(lot, figure)
    offer = mine.get(sort)
    return None if offer is None else figure_of(offer, figure)
