"""What awards do when auctions end."""

from marketplace.awards import service
from marketplace.kernel.ids import RequestId
from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Reaction, Work


def _no_bids(work: Work, recorded: Recorded) -> None:
    service.end_without_bids(work, RequestId(recorded.data["request_id"]))


REACTIONS = (Reaction("requests without bids end", frozenset({"auction.failed"}), _no_bids),)
