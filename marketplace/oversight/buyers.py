"""The one place where oversight asks for buyers: states without names, and opening a record, which the buyer sees.

The registry's wall has this door for the platform's admins beside the pages of verification. It is a module of its
own so that nothing else in this room can reach a name.
"""

from collections.abc import Collection

from buyers.registry import control
from buyers.registry.model import VerificationStatus
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work
from marketplace.oversight.model import Job, JobFlag, JobKind, OrganizationState


def jobs(reading: Reading, most: int) -> list[Job]:
    """Return the verifications that wait for a decision, those that another admin flagged marked as such."""
    cases = control.waiting(reading, most)
    known = control.states(reading, [case.buyer_id for case in cases])
    return [
        Job(
            JobKind.VERIFICATION,
            case.buyer_id,
            case.since,
            _flags(known[case.buyer_id].flagged_by, reading.principal.user_id),
            count=case.numbers + case.documents,
        )
        for case in cases
        if case.buyer_id in known
    ]


def _flags(flagged_by: str | None, caller: str) -> tuple[JobFlag, ...]:
    if flagged_by is None:
        return ()
    return (JobFlag.SECOND_ADMIN, JobFlag.NOT_FOR_YOU) if flagged_by == caller else (JobFlag.SECOND_ADMIN,)


def states(reading: Reading, buyer_ids: Collection[str]) -> dict[OrganizationId, OrganizationState]:
    """Return how far the verifications of buyers are, by id."""
    found = control.states(reading, buyer_ids)
    return {buyer_id: OrganizationState(one.status, one.since, None) for buyer_id, one in found.items()}


def with_status(reading: Reading, status: str, most: int) -> list[OrganizationId]:
    """Return the buyers of a status, at most ``most``; none where it is no status of a buyer."""
    if status not in list(VerificationStatus):
        return []
    return control.with_status(reading, VerificationStatus(status), most)


def open_record(work: Work, buyer_id: OrganizationId) -> OrganizationState:
    """Return state and name of a buyer; that it was read goes on record, and the buyer sees it. Raises NotFoundError.

    Its users' names and addresses are as much its identity: they are read under the same record.
    """
    buyer = control.open_record(work, buyer_id)
    return OrganizationState(buyer.verification.status, buyer.verification.since, buyer.name)


def owner_of(reading: Reading, request_id: RequestId) -> OrganizationId | None:
    """Return whose a request is, by id, for the log of who learned of it."""
    return control.owner_of(reading, request_id)
