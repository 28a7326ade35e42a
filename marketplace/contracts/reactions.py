"""What contracts do when an award is made."""

from marketplace.contracts import service
from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Reaction, Work


def _present(work: Work, recorded: Recorded) -> None:
    service.present(work, recorded.data["award_id"])


REACTIONS = (Reaction("terms are presented", frozenset({"award.made"}), _present, immediate=True),)
