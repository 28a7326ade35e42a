"""What contracts do when an award is made, and when it falls through."""

from collections.abc import Mapping

from marketplace.contracts import service
from marketplace.kernel.alarms import Ring
from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Reaction, Work


def _present(work: Work, recorded: Recorded) -> None:
    service.present(work, recorded.data["award_id"])


def _withdraw(work: Work, recorded: Recorded) -> None:
    service.withdraw(work, recorded.data["award_id"], recorded.data["provider_id"], recorded.data["lots"])


REACTIONS = (
    Reaction("terms are presented", frozenset({"award.made"}), _present, immediate=True),
    Reaction("terms of returned lots end", frozenset({"lots.returned"}), _withdraw, immediate=True),
)
RINGS: Mapping[str, Ring] = {service.WINDOW_ALARM: service.tell_window}
