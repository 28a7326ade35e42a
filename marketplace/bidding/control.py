"""Steering auctions that run: pauses, extensions, exclusions, withdrawals, final offers, outages."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from marketplace.bidding import clockwork, overview_store, store
from marketplace.bidding.announcements import service as announcements
from marketplace.bidding.announcements.model import AnnouncementKind
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
from marketplace.bidding.model import LotOverview, LotState, PausedLot, Status, WaitingWithdrawal
from marketplace.bidding.store import StoredLot
from marketplace.bidding.visibility import RUNNING
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import BidId, LotId, OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work

_OUTAGE = "Nobody could bid for a while."


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
    return _steer(work, request_id, refs, Pause(reason), AnnouncementKind.PAUSED, reason)


def resume(work: Work, request_id: RequestId, refs: Iterable[str], reason: str = "") -> list[Steered]:
    """Let the clocks of paused lots go on, with the time lost added. Raises NotFoundError, BidRefusedError."""
    return _steer(work, request_id, refs, Resume(), AnnouncementKind.RESUMED, reason)


def extend(
    work: Work, request_id: RequestId, refs: Iterable[str], closes_at: datetime, reason: str = ""
) -> list[Steered]:
    """Move the close of lots to a later instant. Raises NotFoundError, BidRefusedError."""
    return _steer(work, request_id, refs, Extend(closes_at), AnnouncementKind.EXTENDED, reason)


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
    """Tell open lots whose rules ask for it that nobody could bid between two instants; return how many it paused."""
    paused = 0
    for lot_id in store.lots_with_outages(work):
        lot = store.held_lot(work, lot_id)
        if lot is not None:
            work.tick()
            steered = _decide(work, lot, ReportOutage(began, ended))
            if steered.status is Status.PAUSED:
                paused += 1
                announcements.record(work, AnnouncementKind.PAUSED, [lot], text=_OUTAGE)
    return paused


def _running(work: Work, lot_id: LotId) -> StoredLot | None:
    """Return a lot, held, that still takes bids after all that its clock has caused by now."""
    lot = store.held_lot(work, lot_id)
    if lot is None:
        return None
    work.tick()
    state = clockwork.rung(work, lot)
    return replace(lot, state=state) if state.status in RUNNING else None


def _steer(  # noqa: PLR0917 - what to do to which lots, and what is announced of it
    work: Work, request_id: RequestId, refs: Iterable[str], command: Command, kind: AnnouncementKind, reason: str
) -> list[Steered]:
    """Decide ``command`` on the named lots of a request, or on all of them if none is named: on each or on none.

    Both sides find it, with the reason, among the announcements.
    """
    named = list(refs)
    lots = _held(work, request_id, named)
    steered = [_decide(work, lot, command) for lot in lots]
    closes_at = command.closes_at if isinstance(command, Extend) else None
    announcements.record(work, kind, lots, whole=not named, text=reason, closes_at=closes_at)
    return steered


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


UPCOMING_OR_RUNNING = (Status.SCHEDULED, Status.OPEN, Status.PAUSED)


def overview(
    reading: Reading, statuses: Collection[Status], after: tuple[datetime, str] | None, limit: int
) -> list[LotOverview]:
    """Return lots of all requests behind ``after`` (close, id), what closes first comes first; for the platform alone.

    What is told of prices is None while a lot's bids are sealed: nobody reads those before the opening.
    """
    return overview_store.lots(reading, statuses, after, limit)


def overview_of(reading: Reading, request_id: RequestId) -> list[LotOverview]:
    """Return the lots of one request in the order of their numbers, told as ``overview`` does; none: no auction."""
    return overview_store.lots_of(reading, request_id)


def paused(reading: Reading) -> list[PausedLot]:
    """Return every paused lot, the longest paused first; for the platform alone."""
    return overview_store.paused(reading)


def waiting_withdrawals(reading: Reading) -> list[WaitingWithdrawal]:
    """Return every bid that its bidder calls an error and nobody has decided about, oldest question first."""
    return overview_store.withdrawals(reading)
