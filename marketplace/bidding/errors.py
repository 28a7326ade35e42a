"""The conflicts that callers of the auctions meet, a refusal by an auction's rules among them."""

from marketplace.bidding.model import Refusal
from marketplace.kernel import codec
from marketplace.kernel.errors import ConflictError


class BidRefusedError(ConflictError):
    """The auction's rules refuse the bid; ``refusal`` says which rule, and what would be taken where that is known."""

    kind = "bid-refused"
    title = "This bid is not accepted"


class RequestChangedError(ConflictError):
    """The bid was made for an earlier version of the request."""

    kind = "request-changed"
    title = "The request was amended: read it again"


class NotTakingBidsError(ConflictError):
    """The request is suspended, withdrawn or decided, or the invitation was declined."""

    kind = "no-bids-taken"
    title = "No bids are taken here"


class NotOpenedError(ConflictError):
    """Bids are still being taken, or sealed."""

    kind = "bids-not-opened"
    title = "The bids are not open yet"


def refused(ref: str, refusal: Refusal) -> BidRefusedError:
    """Return the error that tells a bidder why its bid on a lot is refused: nothing but what the refusal holds."""
    return BidRefusedError(f"{ref}: {refusal.detail}", lot=ref, refusal=codec.dump(refusal))
