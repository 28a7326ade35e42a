"""What the platform's pages show of buyers without saying who they are, and the opening of a record, which is told."""

from collections.abc import Collection

from buyers.registry import service, store
from buyers.registry.events import IdentityRead
from buyers.registry.model import Buyer, BuyerState, QueueEntry, VerificationStatus
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work


def waiting(reading: Reading, most: int) -> list[QueueEntry]:
    """Return the cases that wait for a decision, the longest waiting first, at most ``most``."""
    return store.queue(reading, VerificationStatus.PENDING, None, most)[0]


def states(reading: Reading, buyer_ids: Collection[str]) -> dict[OrganizationId, BuyerState]:
    """Return the states of those of ``buyer_ids`` that are buyers, by id."""
    return {state.buyer_id: state for state in store.states(reading, buyer_ids)}


def with_status(reading: Reading, status: VerificationStatus, most: int) -> list[OrganizationId]:
    """Return the ids of the buyers with a status, at most ``most``."""
    return [entry.buyer_id for entry in store.queue(reading, status, None, most)[0]]


def open_record(work: Work, buyer_id: OrganizationId) -> Buyer:
    """Return who a buyer is to an admin of the platform; that it was read goes on record. Raises NotFoundError."""
    buyer = service.get(work, buyer_id)
    work.append(IdentityRead(buyer_id))
    return buyer


def owner_of(reading: Reading, request_id: RequestId) -> OrganizationId | None:
    """Return whose a request is, by id, for the record of who learned of it."""
    return store.owner_of(reading, request_id)
