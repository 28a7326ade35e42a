"""The soft close: whether an accepted bid moves the close, and to when."""

from collections.abc import Iterable
from datetime import datetime

from marketplace.bidding import ranking
from marketplace.bidding.model import LotState
from marketplace.bidding.rules import ExtensionBase
from marketplace.bidding.visibility import VISIBILITIES
from marketplace.kernel.ids import OrganizationId


def extension(before: LotState, after: LotState, bidders: Iterable[OrganizationId], now: datetime) -> datetime | None:
    """Return the new close that the bids of ``bidders`` at ``now``, which led from ``before`` to ``after``, cause.

    None if they cause none. Never earlier than the present close and never past the hard stop, which pauses move.
    """
    soft = before.rules.soft_close
    if soft is None or now < before.closes_at - soft.window:
        return None
    if soft.most_extensions is not None and before.extensions >= soft.most_extensions:
        return None
    rank = soft.trigger_rank
    if rank is not None and not any(_overtakes(before, after, bidder, rank) for bidder in bidders):
        return None
    close = before.closes_at + soft.extension
    if soft.base is ExtensionBase.RECEIPT:
        close = max(before.closes_at, now + soft.extension)
    if soft.hard_stop is not None:
        close = min(close, soft.hard_stop + before.lost)
    return close if close > before.closes_at else None


def _overtakes(before: LotState, after: LotState, bidder: OrganizationId, trigger_rank: int) -> bool:
    """Tell whether ``bidder`` passed another bidder and stands at ``trigger_rank`` or better.

    A newcomer passes those who stand behind it; a leader that improves itself passes nobody. Where the competition is
    hidden a newcomer counts as passing somebody: else it would learn whether there is anybody behind it.
    """
    at, was = ranking.place(after, bidder), ranking.place(before, bidder)
    if at is None or at >= trigger_rank:
        return False
    if was is None:
        return at < len(before.ladder) or VISIBILITIES[before.rules.visibility].hides
    return at < was
