"""A buyer's choice as the award page shows it: what a form or address says, lot by lot, and what is wrong with it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from buyers.requests.model import Content
from marketplace.awards import matrix, rules
from marketplace.awards.model import (
    ComparedLot,
    ComparedOffer,
    Comparison,
    Discount,
    LotRefusal,
    LotSelection,
    Selection,
)
from marketplace.awards.schemas import SelectionInput
from marketplace.bidding.model import Status
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.ids import BidId
from marketplace.terminals import pages

NO_BID = "none"
"""What a form names instead of a bid where a lot gets no award."""
LONGEST_REASON = 1000
A_PAGE = 100
"""Lots that one page lets choose from: each is a list of all its bids."""
_MOST_BESIDE = 50
_REASON = "reason."


@dataclass(frozen=True, slots=True)
class Choice:
    """One lot that waits for a decision and what is chosen for it; ``chosen`` none: no award.

    ``above``: how much dearer it is than the best. ``reason_because`` says why a reason is needed, if one is;
    ``lapsed`` what became of the bid that was asked for, where the best stands in for it.
    """

    lot: str
    name: str
    place: str
    offers: tuple[ComparedOffer, ...]
    best: ComparedOffer | None
    chosen: ComparedOffer | None
    above: Decimal
    reason: str
    reason_because: str
    lapsed: str


@dataclass(frozen=True, slots=True)
class Picked:
    """What an address or a form says: a bid (or ``NO_BID``) by lot, and reasons by lot."""

    bids: Mapping[str, str]
    reasons: Mapping[str, str]

    def selection(self) -> Selection:
        """Return the selection as the API takes it. Raises MalformedError, by lot."""
        won = [(lot, bid) for lot, bid in self.bids.items() if bid != NO_BID]
        lost = [lot for lot, bid in self.bids.items() if bid == NO_BID]
        with self.by_lot():
            body = pages.checked(
                SelectionInput,
                {
                    "awarded": [{"lot": lot, "bid_id": bid, "reason": self.reasons.get(lot, "")} for lot, bid in won],
                    "not_awarded": [{"lot": lot, "reason": self.reasons.get(lot, "")} for lot in lost],
                },
            )
        return Selection(
            tuple(LotSelection(item.lot, BidId(item.bid_id), item.reason) for item in body.awarded),
            tuple(LotRefusal(item.lot, item.reason) for item in body.not_awarded),
        )

    @contextmanager
    def by_lot(self) -> Iterator[None]:
        """Tell what is wrong with a selection at the fields of its lots, which know no numbers."""
        try:
            yield
        except MalformedError as problem:
            won = [lot for lot, bid in self.bids.items() if bid != NO_BID]
            lost = [lot for lot, bid in self.bids.items() if bid == NO_BID]
            errors = tuple(FieldError(_pointer(error.pointer, won, lost), _message(error)) for error in problem.errors)
            raise MalformedError(problem.detail, errors=errors) from problem


def picked(texts: Sequence[str], reasons: Mapping[str, str]) -> Picked:
    """Return what repeated ``T1:bid`` say; the last word on a lot counts, and what is no such pair says nothing."""
    pairs = (text.partition(":") for text in texts)
    return Picked({lot: bid for lot, sign, bid in pairs if lot and sign and bid}, reasons)


def picked_by(form: pages.Form) -> Picked:
    """Return what a form says."""
    return picked(form.texts("pick"), reasons_in({name: form.text(name) for name in form.fields}))


def reasons_in(said: Mapping[str, str]) -> dict[str, str]:
    """Return the reasons by lot that fields named ``reason.T1`` say."""
    return {
        name.removeprefix(_REASON): text[:LONGEST_REASON] for name, text in said.items() if name.startswith(_REASON)
    }


def none_of(comparison: Comparison, reason: str) -> Picked:
    """Return the choice of no bid on any lot that waits."""
    lots = [lot.lot for lot in waiting(comparison)]
    return Picked(dict.fromkeys(lots, NO_BID), dict.fromkeys(lots, reason))


def waiting(comparison: Comparison) -> list[ComparedLot]:
    """Return the lots that wait for a decision."""
    return [lot for lot in comparison.lots if lot.status == Status.CLOSED]


def choices(comparison: Comparison, content: Content, said: Picked) -> list[Choice]:
    """Return every lot that waits with what is chosen for it; where nothing is said, its best bid."""
    places, names = matrix.sites_of(content), {lot.ref: lot.name for lot in content.lots}
    return [_choice(lot, names.get(lot.lot, ""), places.get(lot.lot, ""), said) for lot in waiting(comparison)]


@dataclass(frozen=True, slots=True)
class Page:
    """The part of a choice that one page shows: ``shown`` are its lots, in their order.

    ``beside`` are lots of other pages that need a reason or a new look, the first of them; of the lots that are
    ``kept`` the page only holds what is chosen, so that nothing is lost by turning it.
    """

    number: int
    last: int
    first: int
    lots: int
    shown: tuple[Choice, ...]
    beside: tuple[Choice, ...]
    kept: tuple[Choice, ...]


def page_of(listed: Sequence[Choice], number: int) -> Page:
    """Return page ``number`` of a choice, the last one if there are not so many."""
    last = max(1, -(-len(listed) // A_PAGE))
    number = min(number, last)
    first = (number - 1) * A_PAGE
    shown = tuple(listed[first : first + A_PAGE])
    others = [*listed[:first], *listed[first + A_PAGE :]]
    beside = tuple(one for one in others if one.reason_because or one.lapsed)[:_MOST_BESIDE]
    kept = tuple(one for one in others if one not in beside)
    return Page(number, last, first + 1, len(listed), shown, beside, kept)


def total_of(chosen: Sequence[Choice], discounts: Sequence[Discount]) -> Decimal:
    """Return what a choice costs over the term: switching costs included, discounts taken off."""
    listed = sum((one.chosen.total + one.chosen.switching for one in chosen if one.chosen), Decimal(0))
    return listed - sum((discount.amount for discount in discounts), Decimal(0))


def saving_of(comparison: Comparison, chosen: Sequence[Choice], total: Decimal) -> Decimal | None:
    """Return what is saved of today's cost over the same term; None unless all its lots are decided by it."""
    whole = len(chosen) == len(comparison.lots) and all(one.chosen for one in chosen)
    return comparison.prior_cost - total if comparison.prior_cost is not None and whole else None


def _choice(lot: ComparedLot, name: str, place: str, said: Picked) -> Choice:
    best, wanted, lapsed = rules.best(lot), said.bids.get(lot.lot, ""), ""
    chosen = next((offer for offer in lot.offers if offer.bid_id == wanted), None)
    if wanted == NO_BID:
        chosen = None
    elif chosen is None or not chosen.selectable:
        lapsed = "" if not wanted else _lapsed(chosen)
        chosen = best or next((offer for offer in lot.offers if offer.selectable), None)
    return Choice(
        lot.lot,
        "" if name == lot.lot else name,
        place,
        tuple(offer for offer in lot.offers if offer.selectable),
        best,
        chosen,
        (chosen.above_best or Decimal(0)) if chosen else Decimal(0),
        said.reasons.get(lot.lot, ""),
        _because(chosen),
        lapsed,
    )


def _lapsed(offer: ComparedOffer | None) -> str:
    """Return what became of a bid that can't be taken any more: gone, expired or outdated."""
    if offer is None:
        return "gone"
    return "expired" if offer.expired else "outdated"


def _because(offer: ComparedOffer | None) -> str:
    """Return why the choice needs a reason: none chosen, open cost, incomplete, or dearer than the best."""
    if offer is None:
        return "none"
    if offer.open_ended:
        return "open"
    if offer.incomplete and offer.above_best is None:
        return "incomplete"
    return "dearer" if offer.above_best else ""


def _pointer(pointer: str, won: Sequence[str], lost: Sequence[str]) -> str:
    """Return ``/awarded/0/reason`` as ``/reason.T1``: what the form calls it."""
    parts = pointer.strip("/").split("/")
    lots = {"awarded": won, "not_awarded": lost}.get(parts[0], ())
    if len(parts) < 2 or not parts[1].isdecimal() or int(parts[1]) >= len(lots):  # noqa: PLR2004 - a list and a place in it
        return pointer
    return f"/{'reason' if parts[-1] == 'reason' else 'pick'}.{lots[int(parts[1])]}"


def _message(error: FieldError) -> str:
    if error.pointer.startswith("/not_awarded") and error.pointer.endswith("/reason"):
        return "say in a few words why no bid is taken"
    return error.message
