"""What happens by itself after an award: winners are asked, declined lots go back, silence is told."""

from collections.abc import Mapping

from marketplace.awards.confirmation import service
from marketplace.kernel.alarms import Ring
from marketplace.kernel.ids import RequestId
from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Reaction, Work
from sellers import service as sellers


def _ask(work: Work, recorded: Recorded) -> None:
    data = recorded.data
    winner = sellers.invitation(work, data["invitation_id"])
    service.ask(work, data["award_id"], RequestId(data["request_id"]), winner, tuple(data["lots"]))


def _return(work: Work, recorded: Recorded) -> None:
    confirmation = service.confirmation_of(work, recorded.data["award_id"], recorded.data["provider_id"])
    if confirmation is not None:
        service.return_lots(work, confirmation, service.DECLINED)


def _lapse(work: Work, recorded: Recorded) -> None:
    service.lapse(work, recorded.data["award_id"], recorded.data["provider_id"])


def _overdue(work: Work, key: str) -> None:
    award_id, _, provider_id = key.partition(" ")
    service.tell_overdue(work, award_id, provider_id)


REACTIONS = (
    Reaction("winners are asked to confirm", frozenset({"award.won"}), _ask, immediate=True),
    # the carrier's own transaction may not touch auctions and requests: it follows
    Reaction("declined awards return", frozenset({"award.declined"}), _return),
    Reaction("confirmations of returned lots lapse", frozenset({"lots.returned"}), _lapse, immediate=True),
)
RINGS: Mapping[str, Ring] = {service.ALARM: _overdue}
