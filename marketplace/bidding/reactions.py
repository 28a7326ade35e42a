"""What the auctions do when requests are distributed, amended or withdrawn, and when a lot's clock is due."""

from collections.abc import Mapping

from marketplace.bidding import service
from marketplace.bidding.clockwork import CLOSE_ALARM
from marketplace.kernel.alarms import Ring
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Reaction, Work
from sellers import service as sellers


def _schedule(work: Work, recorded: Recorded) -> None:
    request_id = RequestId(recorded.data["request_id"])
    if not service.is_scheduled(work, request_id):
        invited = sellers.invitations_of_request(work, request_id)
        service.schedule(work, request_id, tuple(invitation.provider_id for invitation in invited))


def _admit(work: Work, recorded: Recorded) -> None:
    """A provider that is invited after the publication joins; one that is invited with it comes with the schedule."""
    request_id = RequestId(recorded.data["request_id"])
    if service.is_scheduled(work, request_id):
        service.admit(work, request_id, OrganizationId(recorded.data["provider_id"]))


def _amend(work: Work, recorded: Recorded) -> None:
    service.amended(work, RequestId(recorded.data["request_id"]))


def _cancel(work: Work, recorded: Recorded) -> None:
    service.cancel(work, RequestId(recorded.data["request_id"]))


REACTIONS = (
    Reaction("lots are scheduled", frozenset({"request.distributed"}), _schedule, immediate=True),
    Reaction("late bidders are admitted", frozenset({"provider.invited", "provider.granted"}), _admit, immediate=True),
    Reaction("lots follow an amendment", frozenset({"request.amended"}), _amend, immediate=True),
    Reaction("lots are cancelled", frozenset({"request.withdrawn"}), _cancel, immediate=True),
)

RINGS: Mapping[str, Ring] = {CLOSE_ALARM: service.ring}
