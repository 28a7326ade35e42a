"""Announcing in an auction, and reading what was announced; the words were checked before they come here."""

from collections.abc import Sequence
from datetime import datetime

from buyers.requests import service as requests
from marketplace.bidding.announcements import events, rules, store
from marketplace.bidding.announcements.model import Announcement, AnnouncementKind
from marketplace.bidding.play import FinalPlay
from marketplace.bidding.store import StoredLot, clocks
from marketplace.kernel import ids, pagination
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading, Work
from sellers import service as sellers


def announce(work: Work, request_id: RequestId, text: str) -> Announcement:
    """Tell the buyer and all invited providers something, by words that don't name the buyer.

    Raises NotFoundError (no auction), AuctionOverError, TooManyAnnouncementsError.
    """
    requests.hold(work, request_id)
    if not clocks(work, request_id):
        raise NotFoundError
    rules.check(requests.get(work, request_id).status, store.announced(work, request_id))
    made = Announcement(ids.new("anc"), request_id, AnnouncementKind.ANNOUNCED, (), text, None, work.now)
    store.add(work, made)
    work.append(events.AuctionAnnounced(request_id, made.id))
    return made


def record(
    work: Work,
    kind: AnnouncementKind,
    lots: Sequence[StoredLot],
    *,
    whole: bool = False,
    text: str = "",
    closes_at: datetime | None = None,
) -> None:
    """Keep an act on lots of one request, whose events tell of it; ``whole``: these are all lots of the request.

    What happens in a last round stays between the buyer, the platform and those who were called, who see it on the lot.
    """
    last = [lot for lot in lots if isinstance(lot.state.play, FinalPlay)]
    first = [lot for lot in lots if not isinstance(lot.state.play, FinalPlay)]
    for some, to_bidders in ((first, True), (last, False)):
        if some:
            refs = () if whole and len(some) == len(lots) else tuple(lot.ref for lot in some)
            ident, request_id = ids.new("anc"), some[0].request_id
            store.add(work, Announcement(ident, request_id, kind, refs, text, closes_at, work.now, to_bidders))


def of_request(reading: Reading, request_id: RequestId, after: str | None, limit: int) -> list[Announcement]:
    """Return what was announced on a request, newest first, behind cursor ``after``. For its buyer, the platform."""
    return store.of_request(reading, request_id, pagination.decode_moment(after), limit)


def of_invitation(reading: Reading, invitation_id: str, after: str | None, limit: int) -> list[Announcement]:
    """Return what was announced on a request that the caller received, newest first, behind cursor ``after``.

    Raises NotFoundError, ProviderInactiveError.
    """
    request_id = sellers.invitation(reading, invitation_id).request_id
    return store.of_request(reading, request_id, pagination.decode_moment(after), limit, to_bidders=True)


def key_of(announcement: Announcement) -> tuple[str, str]:
    """Return the sort key of an announcement for a cursor."""
    return announcement.at.isoformat(), announcement.id
