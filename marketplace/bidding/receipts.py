"""Receipts of accepted bids, as they go over the wire: what is signed, and the signature over its canonical form."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from marketplace.bidding.model import LotState
from marketplace.bidding.visibility import VISIBILITIES
from marketplace.kernel import codec
from marketplace.kernel.ids import BidId
from marketplace.kernel.security import Keyring

_USE = "bid-receipt"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is particular to one accepted bid: ``leaf`` and ``sequence`` are its event's hash and number.

    ``version`` is None for what is entered and does not stand yet.
    """

    bid_id: BidId
    version: int | None
    amount: Decimal
    commitment: str
    leaf: str
    sequence: int
    at: datetime


def made(keyring: Keyring, ref: str, state: LotState, bid: Accepted) -> bytes:
    """Return the receipt of a bid on the lot ``ref``, whose state is that after the bid.

    An event's number tells how much is bid in the lot: it is left out where the rules don't show that.
    """
    received_at = bid.at.isoformat()
    tells = state.opened and not VISIBILITIES[state.rules.visibility].hides
    plain: dict[str, Any] = {
        "lot": ref,
        "bid_id": bid.bid_id,
        "version": bid.version,
        "amount": str(bid.amount),
        "currency": state.rules.currency,
        "received_at": received_at,
        "leaf": bid.leaf,
        "sequence": bid.sequence if tells else None,
        "rules_hash": state.rules_hash,
        "commitment": bid.commitment,
    }
    plain["signed"] = keyring.sign(_USE, codec.plain(plain))
    plain["received_at"] = received_at.replace("+00:00", "Z")
    return orjson.dumps(plain)
