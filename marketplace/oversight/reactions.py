"""What oversight keeps when somebody learns who a buyer is."""

from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Reaction, Work
from marketplace.oversight import buyers, store
from marketplace.oversight.model import Reveal, Right

_RIGHTS = {
    "identity.disclosed": Right.AWARD,
    "disclosure.read": Right.AWARDED_READING,
    "identity.read": Right.PLATFORM_READING,
}


def keep_reveal(work: Work, told: Recorded) -> None:
    """Keep in the reveal log what the journal tells: ids alone."""
    data = told.data
    request_id = RequestId(data["request_id"]) if "request_id" in data else None
    buyer_id = OrganizationId(data["buyer_id"]) if "buyer_id" in data else None
    if request_id is not None:
        buyer_id = buyers.owner_of(work, request_id)
    reveal = Reveal(
        told.position or 0,
        told.at,
        _RIGHTS[told.name],
        buyer_id,
        told.organization_id,
        told.user_id,
        OrganizationId(data["provider_id"]) if "provider_id" in data else None,
        request_id,
        data.get("award_id", ""),
        data.get("document_id", ""),
    )
    store.add_reveal(work, reveal)


REACTIONS = (Reaction("oversight.reveals", frozenset(_RIGHTS), keep_reveal),)
