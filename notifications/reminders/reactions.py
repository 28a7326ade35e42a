"""What reminders follow: whatever sets or moves an instant that matters."""

from collections.abc import Mapping, Sequence

from marketplace.kernel.alarms import Ring
from marketplace.kernel.ids import RequestId
from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Reaction, Work
from notifications.reminders import service


def _lots_together(work: Work, events: Sequence[Recorded]) -> None:
    """Once for each request: 300 lots open with one publication."""
    told_at = {RequestId(one.data["request_id"]): one.at for one in reversed(events)}
    for request_id, at in told_at.items():
        service.set_for_lots(work, request_id, at)


def _lots(work: Work, recorded: Recorded) -> None:
    _lots_together(work, (recorded,))


def _validity_together(work: Work, events: Sequence[Recorded]) -> None:
    told_at = {RequestId(one.data["request_id"]): one.at for one in reversed(events)}
    for request_id, at in told_at.items():
        service.set_for_validity(work, request_id, at)


def _validity(work: Work, recorded: Recorded) -> None:
    _validity_together(work, (recorded,))


def _answer(work: Work, recorded: Recorded) -> None:
    service.set_for_answer(work, recorded.data["award_id"], recorded.data["provider_id"], recorded.at)


REACTIONS = (
    Reaction(
        "reminders of openings and closes",
        frozenset(
            {
                "request.distributed",
                "auction.opened",
                "auction.extended",
                "auction.rescheduled",
                "auction.resumed",
            }
        ),
        _lots,
        together=_lots_together,
    ),
    Reaction(
        "reminders of bids that lapse",
        frozenset({"auction.closed", "auction.bids_opened"}),
        _validity,
        together=_validity_together,
    ),
    Reaction("reminders of answers that are due", frozenset({"award.won"}), _answer),
)
RINGS: Mapping[str, Ring] = {service.ALARM: service.ring}
