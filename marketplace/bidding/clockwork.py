"""The thin shell around the engine: it decides on a held lot, what it decided is stored and journaled."""

import hashlib
from dataclasses import replace
from decimal import Decimal
from functools import reduce

from marketplace.bidding import engine, model, store
from marketplace.bidding import offer as offers
from marketplace.bidding.events import Event, LotEvent
from marketplace.bidding.model import LotState, Refusal
from marketplace.bidding.offer import Offer
from marketplace.bidding.store import StoredLot
from marketplace.kernel import alarms, codec, sealing
from marketplace.kernel.errors import ConflictError
from marketplace.kernel.ids import BidId, LotId
from marketplace.kernel.journal import Recorded
from marketplace.kernel.money import CENT, LIMIT
from marketplace.kernel.work import Work

CLOSE_ALARM = "lot-clock"
KEYS = "lot-keys"
"""The sealer's purpose for the private keys of sealed lots."""
_PRICELESS = LIMIT - CENT
"""What a sealed bid counts as when an amendment has left it without a price: it ranks last, and is not selectable."""


class BidRefusedError(ConflictError):
    """The auction's rules refuse the bid; ``refusal`` says which rule, and what would be taken where that is known."""

    kind = "bid-refused"
    title = "This bid is not accepted"


def decide(work: Work, lot: StoredLot, command: model.Command) -> LotState:
    """Let the engine decide; store and journal what it decided. Raises BidRefusedError."""
    decision = engine.decide(lot.state, command, work.now)
    if isinstance(decision, Refusal):
        raise refused(lot.ref, decision)
    return record(work, lot, decision)[0]


def rung(work: Work, lot: StoredLot) -> LotState:
    """Record what the clock has caused in a held lot, sealed bids opened, and return the state."""
    state, _ = record(work, lot, engine.ring(lot.state, work.now))
    if state.status is model.Status.CLOSED and not state.opened:
        amounts = tuple(sorted(_open_boxes(work, lot, state).items()))
        state = decide(work, replace(lot, state=state), model.OpenBids(amounts))
    return state


def record(work: Work, lot: StoredLot, events: tuple[Event, ...]) -> tuple[LotState, list[Recorded]]:
    """Journal events of a held lot and store what they lead to."""
    recorded = [work.append(LotEvent(lot.request_id, lot.id, event)) for event in events]
    state = reduce(engine.evolve, events, lot.state)
    if events:
        store.save_state(work, lot.id, state)
    return state, recorded


def set_alarm(work: Work, lot_id: LotId, state: LotState) -> None:
    """Ring at the next instant at which the lot's clock causes something."""
    pending = engine.due(state)
    if pending:
        alarms.set_alarm(work, CLOSE_ALARM, lot_id, pending[0][0])


def _open_boxes(work: Work, lot: StoredLot, state: LotState) -> dict[BidId, Decimal]:
    """Unseal the standing bids of a closed lot and store what was in them. The private key is used nowhere else."""
    sealed_key = store.private_key(work, lot.id)
    if sealed_key is None:
        raise RuntimeError(f"the key of {lot.id} is missing")
    key = work.vault.sealer(KEYS).open(sealed_key)
    amounts: dict[BidId, Decimal] = {}
    for bid_id, row in store.bids(work, [bid.bid_id for bid in state.standing.values()]).items():
        if row.sealed is None or hashlib.sha256(row.sealed).hexdigest() != row.commitment:
            raise RuntimeError(f"the sealed bid {bid_id} is not the one that was committed to")
        offer = codec.load(Offer, codec.parse(sealing.open_sealed(key, row.sealed)))
        total = offers.total_cost(lot.to_price, offer).total
        # a bid on an earlier version may price nothing of what is asked now; it must not keep the others sealed
        amounts[bid_id] = total if 0 < total < LIMIT else _PRICELESS
        store.open_bid(work, bid_id, offer, amounts[bid_id])
    return amounts


def refused(ref: str, refusal: Refusal) -> BidRefusedError:
    """Return the error that tells a bidder why its bid on a lot is refused: nothing but what the refusal holds."""
    return BidRefusedError(f"{ref}: {refusal.detail}", lot=ref, refusal=codec.dump(refusal))
