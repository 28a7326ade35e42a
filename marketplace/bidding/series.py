"""Lots of one request that run one after the other: what a later close of one moves, and when results may be told."""

from datetime import datetime

from buyers.requests import service as requests
from marketplace.bidding import arrangement, clockwork, lot_clock, store
from marketplace.bidding.arrangement import Span, Standing
from marketplace.bidding.commands import Extend, Reschedule
from marketplace.bidding.formats.table import FORMATS
from marketplace.bidding.model import BidderView, Status
from marketplace.bidding.play import FinalPlay
from marketplace.bidding.store import StoredLot
from marketplace.bidding.visibility import RUNNING
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading, Work


def shift(work: Work, request_id: RequestId) -> None:
    """Move the lots that have not opened to where the lots before them leave them; harmless to repeat."""
    if not store.is_any_scheduled(work, request_id):  # told of every close, and most requests have no series
        return
    choice = requests.get(work, request_id).content.auction.arrangement
    if choice.kind != "serial":
        return
    lots = _in_order(store.lots_of(work, request_id, hold=True))
    work.tick()
    series = [_standing(lot, work.now) for lot in lots]
    for lot, was, span in zip(lots, series, arrangement.shifted(choice, series, work.now), strict=True):
        if was.status is Status.SCHEDULED and span != was.now:
            state = clockwork.decide(work, lot, Reschedule(span.opens_at, span.closes_at)).state
            clockwork.set_alarm(work, lot.id, state)


def tell_the_end(work: Work, request_id: RequestId) -> None:
    """Let the request know when its last lot stops taking bids: soft closes come later, falling clocks end early."""
    requests.end_moved(work, request_id, arrangement.end_of(store.clocks(work, request_id), work.now))


def extended_closes(reading: Reading, request_id: RequestId, lots: list[StoredLot]) -> dict[str, datetime]:
    """Return the later close, by lot, that an amended end of the request gives those that still run.

    In a series the last lot gets the time; staggered lots keep their distance.
    """
    content = requests.get(reading, request_id).content
    closes_at, choice = content.schedule.closes_at, content.auction.arrangement
    if closes_at is None or not lots:
        return {}
    lots = _in_order(lots)
    running = [lot for lot in lots if _standing(lot, reading.now).status in RUNNING]
    if choice.kind == "serial":
        running = [lot for lot in running if lot.id == lots[-1].id]
    ends = arrangement.spans(choice, len(lots), Span(min(lot.state.rules.opens_at for lot in lots), closes_at))
    found = {lot.ref: span.closes_at for lot, span in zip(lots, ends, strict=True)}
    return {lot.ref: found[lot.ref] for lot in running if found[lot.ref] > lot.state.closes_at}


def extend(work: Work, request_id: RequestId, lots: list[StoredLot]) -> None:
    """Give the lots of an amended request the later close that is theirs."""
    later = extended_closes(work, request_id, lots)
    for lot in lots:
        if lot.ref in later:
            state = clockwork.decide(work, lot, Extend(later[lot.ref])).state
            clockwork.set_alarm(work, lot.id, state)


def withheld(
    reading: Reading, request_id: RequestId, lots: list[StoredLot], views: dict[str, BidderView]
) -> dict[str, BidderView]:
    """Return ``views`` of a bidder, without what closes brought while another lot of the request still runs."""
    if all(view.status in RUNNING for view in views.values()) or are_results_told(reading, request_id, lots):
        return views
    sealed = {lot.ref: FORMATS[lot.state.rules.format].sealed for lot in lots}
    return {
        ref: view if view.status in RUNNING else arrangement.held_back(view, sealed=sealed[ref])
        for ref, view in views.items()
    }


def are_results_told(reading: Reading, request_id: RequestId, lots: list[StoredLot]) -> bool:
    """Tell whether bidders may know what the closes of ``lots``, all of one request, brought.

    Once the last one has closed, a last round of offers aside, or at once where the buyer announced that.
    """
    first_time = [lot for lot in lots if not isinstance(lot.state.play, FinalPlay)]
    if not any(_standing(lot, reading.now).status in RUNNING for lot in first_time):
        return True
    return not requests.public_state(reading, request_id).view["auction"].get("results_together", True)


def _in_order(lots: list[StoredLot]) -> list[StoredLot]:
    """Return ``lots`` in the order of their announced times, which is the one that the buyer gave them."""
    return sorted(lots, key=lambda lot: (lot.state.rules.opens_at, lot.state.rules.closes_at, len(lot.ref), lot.ref))


def _standing(lot: StoredLot, now: datetime) -> Standing:
    state = lot_clock.ring(lot.state, now).state
    return Standing(
        Span(state.rules.opens_at, state.rules.closes_at), Span(state.opens_at, state.closes_at), state.status
    )
