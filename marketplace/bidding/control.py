"""Steering auctions that run: pauses, extensions, exclusions, withdrawals, final offers, outages."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from marketplace.bidding import clockwork, store
from marketplace.bidding.commands import (
    CallFinalOffers,
    Command,
    DecideWithdrawal,
    Exclude,
    Extend,
    Invite,
    Pause,
    ReportOutage,
    Resume,
)
from marketplace.bidding.model import LotState, Status
from marketplace.bidding.store import StoredLot
from marketplace.bidding.visibility import RUNNING
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import BidId, LotId, OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work


@dataclass(frozen=True, slots=True)
class OpenWithdrawal:
    """A bid that its bidder calls an error. The bidder stays unnamed: who it is comes with the award."""

    lot: str
    bid_id: BidId
    reason: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Steered:
    """Where a lot stands after a command of the platform or the buyer."""

    lot: str
    status: Status
    opens_at: datetime
    closes_at: datetime
    reason: str | None


def pause(work: Work, request_id: RequestId, refs: Iterable[str], reason: str) -> list[Steered]:
    """Stop the clocks of lots, for a reason that all are told. Raises NotFoundError, BidRefusedError."""
    return _steer(work, request_id, refs, Pause(reason))


def resume(work: Work, request_id: RequestId, refs: Iterable[str]) -> list[Steered]:
    """Let the clocks of paused lots go on, with the time lost added. Raises NotFoundError, BidRefusedError."""
    return _steer(work, request_id, refs, Resume())


def extend(work: Work, request_id: RequestId, refs: Iterable[str], closes_at: datetime) -> list[Steered]:
    """Move the close of lots to a later instant. Raises NotFoundError, BidRefusedError."""
    return _steer(work, request_id, refs, Extend(closes_at))


@dataclass(frozen=True, slots=True)
class ShortList:
    """Whose standing bids are called to one last offer, until when, and why these."""

    bids: tuple[BidId, ...]
    closes_at: datetime
    reason: str


def call_final_offers(work: Work, request_id: RequestId, ref: str, short: ShortList) -> Steered:
    """Call the bidders of a short list to one last offer. Raises NotFoundError, BidRefusedError."""
    lot = _held(work, request_id, [ref])[0]
    bidders = tuple(bidder for bidder, bid in sorted(lot.state.standing.items()) if bid.bid_id in short.bids)
    if len(bidders) != len(set(short.bids)):
        raise NotFoundError
    return _decide(work, lot, CallFinalOffers(bidders, short.closes_at, short.reason))


def withdrawals(reading: Reading, request_id: RequestId) -> list[OpenWithdrawal]:
    """Return the bids on a request that their bidders ask to take out, oldest first."""
    found = [
        OpenWithdrawal(lot.ref, asked.bid_id, asked.reason, asked.at)
        for lot in store.lots_of(reading, request_id)
        for asked in lot.state.withdrawals.values()
    ]
    return sorted(found, key=lambda asked: (asked.asked_at, asked.bid_id))


def decide_withdrawal(work: Work, request_id: RequestId, bid_id: BidId, *, granted: bool, reason: str) -> Steered:
    """Take an erroneous bid out of the standing, or let it stand. Raises NotFoundError, BidRefusedError."""
    for lot in store.lots_of(work, request_id, hold=True):
        if bid_id in lot.state.withdrawals:
            work.tick()
            return _decide(work, lot, DecideWithdrawal(bid_id, granted, reason))
    raise NotFoundError


def exclude(work: Work, provider_id: OrganizationId, reason: str) -> None:
    """Take a provider that lost its approval out of every lot that still runs.

    In a closed lot its bids stay on record: that it can't be selected is the award's business.
    """
    for lot_id in store.running_lots(work, provider_id):
        lot = _running(work, lot_id)
        if lot is not None:
            _decide(work, lot, Exclude(provider_id, reason))


def readmit(work: Work, provider_id: OrganizationId) -> None:
    """Let a provider that is approved again bid where it was excluded. Its earlier bids stay out."""
    for lot_id in store.running_lots(work, provider_id):
        lot = _running(work, lot_id)
        if lot is not None and provider_id in lot.state.excluded:
            _decide(work, lot, Invite(provider_id))


def report_outage(work: Work, began: datetime, ended: datetime) -> int:
    """Tell every open lot that nobody could bid from ``began`` to ``ended``; return how many it paused."""
    paused = 0
    for lot_id in store.open_lots(work):
        lot = store.held_lot(work, lot_id)
        if lot is not None and lot.state.rules.longest_outage_seconds is not None:
            work.tick()
            paused += _decide(work, lot, ReportOutage(began, ended)).status is Status.PAUSED
    return paused


def _running(work: Work, lot_id: LotId) -> StoredLot | None:
    """Return a lot, held, that still takes bids after all that its clock has caused by now."""
    lot = store.held_lot(work, lot_id)
    if lot is None:
        return None
    work.tick()
    state = clockwork.rung(work, lot)
    return replace(lot, state=state) if state.status in RUNNING else None


def _steer(work: Work, request_id: RequestId, refs: Iterable[str], command: Command) -> list[Steered]:
    """Decide ``command`` on the named lots of a request, or on all of them if none is named: on each or on none."""
    return [_decide(work, lot, command) for lot in _held(work, request_id, list(refs))]


def _held(work: Work, request_id: RequestId, refs: list[str]) -> list[StoredLot]:
    lots = store.lots_of(work, request_id, hold=True)
    if not lots or not {lot.ref for lot in lots} >= set(refs):
        raise NotFoundError
    work.tick()
    return [lot for lot in lots if not refs or lot.ref in refs]


def _decide(work: Work, lot: StoredLot, command: Command) -> Steered:
    state: LotState = clockwork.decide(work, lot, command).state
    clockwork.set_alarm(work, LotId(lot.id), state)
    return Steered(lot.ref, state.status, state.opens_at, state.closes_at, state.reason)
