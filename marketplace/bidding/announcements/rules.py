"""When the platform may announce something in an auction, and how much."""

from buyers.requests.model import Status
from marketplace.kernel.errors import ConflictError

LONGEST = 1000
MOST = 500
"""Texts on one request."""


class AuctionOverError(ConflictError):
    """Nobody waits for announcements in an auction that has ended."""

    kind = "auction-over"
    title = "This auction is over"


class TooManyAnnouncementsError(ConflictError):
    """There are as many announcements as there may be."""

    kind = "too-many-announcements"
    title = "This auction has all the announcements that it may have"


def check(status: Status, announced: int) -> None:
    """Check one more, after ``announced`` on the request. Raises AuctionOverError, TooManyAnnouncementsError."""
    if status not in {Status.OPEN, Status.CLOSED}:
        raise AuctionOverError(f"The request is {status}.")
    if announced >= MOST:
        raise TooManyAnnouncementsError(f"At most {MOST} on one request.")
