"""What the platform tells both sides of an auction: no word of it may tell who the buyer is."""

from collections.abc import Iterable
from datetime import datetime

from buyers.desk import service as desk
from marketplace.bidding import control
from marketplace.bidding.announcements import service as announcements
from marketplace.bidding.announcements.model import Announcement
from marketplace.bidding.control import Steered
from marketplace.kernel.errors import ConflictError, FieldError
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading, Work


class BuyerNamedError(ConflictError):
    """A text for all participants tells who the buyer is, or how to reach somebody; ``errors`` names each spot."""

    kind = "buyer-named"
    title = "This would tell who the buyer is"


def announce(work: Work, request_id: RequestId, text: str) -> Announcement:
    """Tell the buyer and all invited providers something.

    Raises NotFoundError, AuctionOverError, TooManyAnnouncementsError, BuyerNamedError.
    """
    _check(work, request_id, "/text", text)
    return announcements.announce(work, request_id, text)


def pause(work: Work, request_id: RequestId, refs: Iterable[str], reason: str) -> list[Steered]:
    """Stop the clocks of lots, for a reason that all read. Raises NotFoundError, BidRefusedError, BuyerNamedError."""
    _check(work, request_id, "/reason", reason)
    return control.pause(work, request_id, refs, reason)


def resume(work: Work, request_id: RequestId, refs: Iterable[str], reason: str = "") -> list[Steered]:
    """Let the clocks of paused lots go on. Raises NotFoundError, BidRefusedError, BuyerNamedError."""
    _check(work, request_id, "/reason", reason)
    return control.resume(work, request_id, refs, reason)


def extend(
    work: Work, request_id: RequestId, refs: Iterable[str], closes_at: datetime, reason: str = ""
) -> list[Steered]:
    """Move the close of lots to a later instant. Raises NotFoundError, BidRefusedError, BuyerNamedError."""
    _check(work, request_id, "/reason", reason)
    return control.extend(work, request_id, refs, closes_at, reason)


def own(reading: Reading, request_id: str, after: str | None, limit: int) -> list[Announcement]:
    """Return what was announced on one of the caller's requests, newest first. Raises NotFoundError."""
    return announcements.of_request(reading, desk.owned(reading, request_id), after, limit)


def _check(reading: Reading, request_id: RequestId, pointer: str, text: str) -> None:
    """Raise BuyerNamedError where the identity shows: nobody but the buyer could take responsibility for it."""
    if not text:
        return
    found = desk.text_findings(reading, request_id, {pointer: text})
    if found:
        raise BuyerNamedError(
            "All invited carriers read this: say it without these words.",
            errors=tuple(
                FieldError(spot.where, f"'{spot.text}' (characters {spot.start + 1} to {spot.end}): leave it out")
                for spot in found
            ),
        )
