"""The thin shell around the engine: it decides on a held lot, what it decided is stored and journaled."""

import hashlib
from dataclasses import dataclass, replace

from marketplace.bidding import engine, lot_clock, model, store, stored
from marketplace.bidding import offer as offers
from marketplace.bidding.commands import Command, OpenBids, OpenedPrice
from marketplace.bidding.errors import refused
from marketplace.bidding.events import LotEvent
from marketplace.bidding.model import LotState, Refusal, StandingBid
from marketplace.bidding.offer import Offer
from marketplace.bidding.outcome import Outcome
from marketplace.bidding.scoring import malus_of
from marketplace.bidding.store import StoredLot
from marketplace.kernel import alarms, codec, sealing
from marketplace.kernel.ids import LotId
from marketplace.kernel.journal import Recorded
from marketplace.kernel.money import CENT, LIMIT
from marketplace.kernel.work import Work

CLOSE_ALARM = "lot-clock"
KEYS = "lot-keys"
"""The sealer's purpose for the private keys of sealed lots."""
_PRICELESS = LIMIT - CENT
"""What a sealed bid counts as when an amendment has left it without a price: it ranks last, and is not selectable."""


@dataclass(frozen=True, slots=True)
class Done:
    """What was recorded in a lot: the state after it, the events as journaled, and the bids that were placed."""

    state: LotState
    recorded: tuple[Recorded, ...]
    placed: tuple[tuple[StandingBid, str], ...]


def decide(work: Work, lot: StoredLot, command: Command) -> Done:
    """Let the engine decide; store and journal what it decided. Raises BidRefusedError."""
    decided = engine.outcome(lot.state, command, work.now)
    if isinstance(decided, Refusal):
        raise refused(lot.ref, decided)
    return record(work, lot, decided)


def rung(work: Work, lot: StoredLot) -> LotState:
    """Record what the clock has caused in a held lot, sealed bids opened, and return the state."""
    state = record(work, lot, lot_clock.ring(lot.state, work.now)).state
    if state.status is model.Status.CLOSED and not state.opened:
        state = decide(work, replace(lot, state=state), OpenBids(_open_boxes(work, lot, state))).state
    return state


def record(work: Work, lot: StoredLot, outcome: Outcome) -> Done:
    """Journal events of a held lot and store what they led to; entered bids that they place get their number.

    The rows of bids that are placed with the events are written by the caller, who has their offers.
    """
    if not outcome.events:
        return Done(outcome.state, (), ())
    recorded = tuple(work.append(LotEvent(lot.request_id, lot.id, event)) for event in outcome.events)
    changed = stored.changes(lot.state, outcome.state, outcome.events)
    store.save_state(work, lot, outcome.state, changed)
    new = tuple((bid, key) for bid, key in changed.placed if not store.place_entered(work, bid))
    return Done(outcome.state, recorded, new)


def set_alarm(work: Work, lot_id: LotId, state: LotState) -> None:
    """Ring at the next instant at which the lot's clock causes something."""
    pending = engine.due(state)
    if pending:
        alarms.set_alarm(work, CLOSE_ALARM, lot_id, pending[0][0])


def _open_boxes(work: Work, lot: StoredLot, state: LotState) -> tuple[OpenedPrice, ...]:
    """Unseal the sealed bids of a closed lot and store what was in them. The private key is used nowhere else."""
    sealed_key = store.private_key(work, lot.id)
    if sealed_key is None:
        raise RuntimeError(f"the key of {lot.id} is missing")
    key = work.vault.sealer(KEYS).open(sealed_key)
    opened: list[OpenedPrice] = []
    standing = [bid.bid_id for bid in state.standing.values() if bid.amount is None]
    for bid_id, row in sorted(store.bids(work, standing).items()):
        if row.sealed is None or hashlib.sha256(row.sealed).hexdigest() != row.commitment:
            raise RuntimeError(f"the sealed bid {bid_id} is not the one that was committed to")
        offer = codec.load(Offer, codec.parse(sealing.open_sealed(key, row.sealed)))
        total = offers.total_cost(lot.to_price, offer).total
        # a bid on an earlier version may price nothing of what is asked now; it must not keep the others sealed
        price = total if 0 < total < LIMIT else _PRICELESS
        malus = malus_of(state.rules.scoring, offer.answered)
        opened.append(OpenedPrice(bid_id, price, malus if malus is not None else _PRICELESS))
        store.open_bid(work, bid_id, offer, opened[-1].amount, opened[-1].malus)
    return tuple(opened)
