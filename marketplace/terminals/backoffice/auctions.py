"""All lots that run or will: clocks, participants, and what is odd about the bids."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request, Response

from marketplace.bidding.model import Status
from marketplace.kernel import pagination
from marketplace.kernel.access import Kind
from marketplace.kernel.http import ReadingOnly
from marketplace.kernel.work import Reading
from marketplace.oversight import service
from marketplace.oversight.model import AuctionLine
from marketplace.terminals import pages
from marketplace.terminals.backoffice.desk import Platform
from marketplace.terminals.live import LiveView

router = pages.router()

_A_PAGE = 50
_SHOWN = {
    "": (),
    "running": (Status.OPEN,),
    "paused": (Status.PAUSED,),
    "upcoming": (Status.SCHEDULED,),
    "over": (Status.CLOSED, Status.AWARDED, Status.FAILED, Status.CANCELLED),
}
"""What the page can be narrowed to; nothing chosen: what runs, is paused or will run."""


@router.get("/o/auctions", summary="Auction control")
def show_auctions(
    request: Request,
    reading: ReadingOnly,
    _: Platform,
    state: Annotated[str, Query(max_length=20)] = "",
    after: pagination.After = None,
) -> Response:
    """List the lots, what closes first comes first."""
    context = _context(reading, state if state in _SHOWN else "", after)
    stream = f"/live/{VIEW.name}/{state or 'now'}" if after is None and state in _SHOWN else ""
    return pages.render(request, "backoffice/auctions.html", stream=stream, **context)


def _live(reading: Reading, key: str) -> Mapping[str, Any]:
    return _context(reading, key if key in _SHOWN else "", None)


def _context(reading: Reading, state: str, after: str | None) -> dict[str, Any]:
    behind = pagination.decode_moment(after)
    found = service.auctions(reading, _SHOWN[state], behind, _A_PAGE + 1)
    shown, following = pagination.page_of(found, _A_PAGE, _key)
    return {
        "lines": sorted(shown, key=_in_order),
        "state": state,
        "after": after,
        "following": following,
        "odd": [line for line in shown if line.odd],
        "streams": [f"lot:{line.lot.lot_id}" for line in shown],
    }


def _key(line: AuctionLine) -> tuple[str, str]:
    at: datetime = line.lot.closes_at
    return at.isoformat(), line.lot.lot_id


def _in_order(line: AuctionLine) -> tuple[datetime, str, int, str]:
    """Return where a line stands: lots that close together by their request and number."""
    lot = line.lot
    return lot.closes_at, lot.request_id, len(lot.lot), lot.lot


VIEW = LiveView("office-auctions", frozenset({Kind.PLATFORM}), _live, "backoffice", ("lots",))
"""The list of lots, live; its key is what it is narrowed to, ``now`` for nothing."""
