"""Deciding one order after the other on held lots, in memory: what is to be written, and each caller's answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from marketplace.bidding import engine, receipts, stored
from marketplace.bidding.desk.cache import Cache, KnownLot
from marketplace.bidding.desk.orders import Answer, Order, Part, Priced, command_of, repriced
from marketplace.bidding.desk.statements import BidLine, EventLine, Lines
from marketplace.bidding.errors import NotTakingBidsError, RequestChangedError, refused
from marketplace.bidding.events import BidPlaced, LotEvent, ProxySet, TurnBidEntered
from marketplace.bidding.formats.table import format_of
from marketplace.bidding.model import Refusal, RefusalCode, StandingBid, Status
from marketplace.bidding.outcome import Outcome
from marketplace.bidding.receipts import Accepted
from marketplace.kernel import chain, codec
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import FieldError, MalformedError, ProblemError
from marketplace.kernel.idempotency import KeyReusedError
from marketplace.kernel.ids import BidId, LotId, OrganizationId
from marketplace.kernel.sealing import Sealer
from marketplace.kernel.security import Keyring
from sellers.model import InvitationStatus

_OWN_EVENTS = (BidPlaced, TurnBidEntered, ProxySet)


@dataclass(frozen=True, slots=True)
class Office:
    """What the desk works with: its knowledge, the clock, and what signs and seals receipts."""

    cache: Cache
    clock: Clock
    keyring: Keyring
    sealer: Sealer


@dataclass(frozen=True, slots=True)
class Automatic:
    """A bid that a bidder's proxy placed: its offer follows from the proxy's."""

    lot: KnownLot
    bid: StandingBid
    key: str

    @property
    def proxy_id(self) -> BidId:
        """The bid that set the limit."""
        return BidId(self.bid.bid_id.rpartition(".")[0])


@dataclass(slots=True)
class Draft:
    """A batch while it is decided. ``lots`` move on with each order; ``held`` are those that the batch began with."""

    office: Office
    now: datetime
    held: dict[LotId, KnownLot]
    declined: frozenset[str] = frozenset()
    lots: dict[LotId, KnownLot] = field(init=False)
    heads: set[LotId] = field(default_factory=set)
    lines: Lines = field(default_factory=Lines)
    automatic: list[Automatic] = field(default_factory=list)
    priced: dict[BidId, tuple[Order, Priced]] = field(default_factory=dict)
    answers: list[tuple[Order, Answer | ProblemError]] = field(default_factory=list)
    repeated: list[Order] = field(default_factory=list)
    _fresh: dict[tuple[OrganizationId, str, LotId], tuple[Order, Answer]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lots = dict(self.held)

    def decide(self, order: Order) -> None:
        """Decide one order: all of its parts, or none."""
        try:
            answer = self._decided(order)
        except ProblemError as error:
            self.answers.append((order, error))
            return
        if answer is None:
            self.repeated.append(order)
        else:
            self.answers.append((order, answer))

    def changed(self) -> list[tuple[KnownLot, KnownLot]]:
        """Return the lots in which something happened, before and after."""
        return [(held, after) for lot_id, held in self.held.items() if (after := self.lots[lot_id]) is not held]

    def _decided(self, order: Order) -> Answer | None:
        """Return the answer; None if it was given before, in another batch. Raises what the caller is told."""
        bidder = order.guest.provider_id
        for part in order.parts:
            if isinstance(part, Priced) and engine.receipt(self.lots[part.lot_id].state, bidder, order.key):
                return self._answered_here(order, part.lot_id)
        parts = [_as_priced_now(part, self.lots[part.lot_id]) for part in order.parts]
        self._check(order, parts)
        steps = [_Step(self, order, part, self.lots[part.lot_id]) for part in parts]
        receipts = tuple(step.receipt for step in steps if step.receipt is not None)
        answer = Answer(receipts, replayed=not any(step.events for step in steps))
        for step in steps:
            self._take_over(step)
            if isinstance(step.part, Priced):
                self._fresh[bidder, order.key, step.part.lot_id] = order, answer
                self.priced[step.part.bid_id] = order, step.part
        if order.guest.status is not InvitationStatus.BID and isinstance(order.parts[0], Priced):
            self.lines.invitations.append(order.guest.invitation_id)
        return answer

    def _answered_here(self, order: Order, lot_id: LotId) -> Answer | None:
        """Return the answer that an equal order of this batch got. Raises like ``check_same``."""
        fresh = self._fresh.get((order.guest.provider_id, order.key, lot_id))
        if fresh is None:
            return None
        check_same(self.lots[lot_id].ref, order.fingerprint, fresh[0].fingerprint)
        return fresh[1]._replace(replayed=True)

    def _check(self, order: Order, parts: Iterable[Part]) -> None:
        """Raise what forbids the order before any rule of an auction does."""
        if order.request_version is None:
            return
        declined = order.guest.status is InvitationStatus.DECLINED or order.guest.invitation_id in self.declined
        check_taking_bids([self.lots[lot_id] for lot_id in order.lot_ids], order.request_version, declined=declined)
        if errors := [error for part in parts if isinstance(part, Priced) for error in self._problems(part)]:
            raise MalformedError("The bid doesn't fit the request.", errors=tuple(errors))

    def _problems(self, part: Priced) -> Iterable[FieldError]:
        yield from part.errors
        if part.offer.valid_until is not None and part.offer.valid_until < self.now.date():
            yield FieldError(f"{part.pointer}/valid_until", "is in the past")

    def _take_over(self, step: "_Step") -> None:
        self.lots[step.after.id] = step.after
        if step.head:
            self.heads.add(step.after.id)
        lines, own = self.lines, step.lines
        lines.events += own.events
        lines.bids += own.bids
        lines.entered += own.entered
        lines.dropped += own.dropped
        self.automatic += step.automatic


def _as_priced_now(part: Part, lot: KnownLot) -> Part:
    """Return ``part`` computed over what there is to price now: an amendment may have come after it was made.

    So may the call to a last round, in which alone the bids of an open lot are sealed.
    """
    if not isinstance(part, Priced):
        return part
    amended = part.to_price is not lot.to_price and part.to_price != lot.to_price
    outdated = (part.sealed is None) is format_of(lot.state).sealed
    return repriced(lot, part) if amended or outdated else part


class _Step:
    """What one part of an order causes in its lot. Raises BidRefusedError."""

    def __init__(self, draft: Draft, order: Order, part: Part, lot: KnownLot) -> None:
        self.draft, self.order, self.part, self.lot = draft, order, part, lot
        self.lines = Lines()
        self.automatic: list[Automatic] = []
        self.receipt: bytes | None = None
        decided = engine.outcome(lot.state, command_of(order, part), draft.now)
        if isinstance(decided, Refusal):
            raise refused(lot.ref, decided)
        self.events = decided.events
        changed = stored.changes(lot.state, decided.state, decided.events)
        self.head = changed.head
        hashes = self._journal(decided)
        self.after = lot._replace(state=decided.state, chain=hashes[-1] if hashes else lot.chain)
        self.lines.dropped += changed.dropped
        if isinstance(part, Priced):
            self._price(part, decided, hashes, {bid.bid_id: bid for bid, _ in changed.placed})
        for bid, key in changed.placed:
            if bid.automatic:
                self.automatic.append(Automatic(self.after, bid, key))
            elif not isinstance(part, Priced) or bid.bid_id != part.bid_id:
                self.lines.entered.append((bid.bid_id, bid.sequence, bid.version, bid.placed_at))

    def _journal(self, decided: Outcome) -> list[str]:
        """Append the events to the lot's chain; return their hashes."""
        lot, now = self.lot, self.draft.now
        user, organization = by = self.order.principal.user_id, self.order.principal.organization_id
        hashes: list[str] = []
        previous = lot.chain
        for seq, event in enumerate(decided.events, lot.state.sequence + 1):
            told = LotEvent(lot.request_id, lot.id, event)
            stream, data = told.stream, codec.plain(told.data())
            leaf = chain.leaf_of(event.type, (stream, seq, previous), now, by, data)
            self.lines.events.append(
                EventLine(stream, seq, event.type, user, organization, orjson.Fragment(data), previous, leaf)
            )
            hashes.append(leaf)
            previous = leaf
        return hashes

    def _price(self, part: Priced, decided: Outcome, hashes: list[str], placed: dict[BidId, StandingBid]) -> None:
        """Write the row and the receipt of the caller's own bid or limit."""
        at, event = next(
            (at, event)
            for at, event in enumerate(decided.events)
            if isinstance(event, _OWN_EVENTS) and event.bid_id == part.bid_id
        )
        bid = placed.get(part.bid_id)
        sequence, now = self.lot.state.sequence + 1 + at, self.draft.now
        accepted = Accepted(
            part.bid_id, bid.version if bid else None, part.amount, part.commitment, hashes[at], sequence, now
        )
        self.receipt = receipts.made(self.draft.office.keyring, self.lot.ref, self.after.state, accepted)
        guest, order = self.order.guest, self.order
        self.lines.bids.append(
            BidLine(
                part.bid_id,
                self.lot.id,
                self.lot.request_id,
                guest.provider_id,
                guest.invitation_id,
                bid.version if bid else None,
                order.request_version or 0,
                bid.sequence if bid else None,
                order.key,
                False,
                part.commitment,
                part.offer.valid_until,
                bid.placed_at if bid else event.at,
                None if part.sealed else orjson.Fragment(part.document),
                bid.amount if bid else part.amount,
                bid.malus if bid else event.malus,
                part.sealed,
                order.fingerprint,
                self.draft.office.sealer.seal(self.receipt),
            )
        )


def check_taking_bids(lots: Sequence[KnownLot], request_version: int, *, declined: bool) -> None:
    """Raise what forbids a bid on lots of one request before any rule of an auction does.

    Raises NotTakingBidsError, RequestChangedError.
    """
    if declined:
        raise NotTakingBidsError("You declined this request; reopen it first.")
    if any(lot.suspended for lot in lots):
        raise NotTakingBidsError("The request is suspended.")
    if all(lot.state.status is Status.CANCELLED for lot in lots):
        raise NotTakingBidsError("The request was withdrawn.")
    current = lots[0].request_version
    if current != request_version:
        raise RequestChangedError(f"Your bid is for version {request_version}; the current one is {current}.")


def check_same(ref: str, fingerprint: str, earlier: str | None) -> None:
    """Raise KeyReusedError if a key came with another command before; BidRefusedError if it was a colleague's."""
    if earlier == fingerprint:
        return
    if earlier is not None and earlier.partition(":")[0] == fingerprint.partition(":")[0]:
        raise KeyReusedError("Send a fresh Idempotency-Key with a new command.")
    detail = "this key placed your bid before: take a new one"
    raise refused(ref, Refusal(RefusalCode.KEY_REUSED, "idempotency", detail))
