"""What the desk does when a buyer's verification comes, ends or is taken away."""

from buyers.desk import service
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Reaction, Work


def _publish(work: Work, recorded: Recorded) -> None:
    service.publish_waiting(work, OrganizationId(recorded.data["buyer_id"]))


def _suspend(work: Work, recorded: Recorded) -> None:
    service.suspend_all(work, OrganizationId(recorded.data["buyer_id"]))


REACTIONS = (
    Reaction("desk publishes what waited", frozenset({"buyer.verified"}), _publish, immediate=True),
    Reaction(
        "desk suspends",
        frozenset({"buyer.verification_revoked", "buyer.verification_expired"}),
        _suspend,
        immediate=True,
    ),
)
