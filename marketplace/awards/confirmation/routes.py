"""HTTP: winners confirm or decline; the buyer sees who has, and takes lots back from who is silent."""

from typing import Annotated

from fastapi import Depends

from buyers.desk import service as desk
from marketplace.awards.confirmation import rules, service
from marketplace.awards.confirmation.model import Confirmation
from marketplace.awards.confirmation.schemas import (
    ConfirmationOutput,
    ConfirmInput,
    DeclineAwardInput,
    Id,
    OwnConfirmation,
    TakeBackInput,
)
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading
from sellers import service as sellers

router = http.router(tags=["awards"])

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
_DECIDERS = (UserRole.ADMIN, UserRole.NEGOTIATOR)
Negotiator = Annotated[Principal, Depends(allow(Kind.BUYER, roles=_DECIDERS, scope=Scope.AWARDS))]
Provider = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
_DESK_ROLES = (UserRole.ADMIN, UserRole.DESK)
Answering = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=_DESK_ROLES, scope=Scope.BIDS))]
PlatformAdmin = Annotated[Principal, Depends(allow(Kind.PLATFORM, roles=(UserRole.ADMIN,), scope=Scope.ADMINISTRATION))]
_ANSWERS = http.problems(NotFoundError, rules.AwardAnsweredError)


@router.get(
    "/invitations/{invitation_id}/award/confirmation",
    summary="Awards that wait for your word",
    responses=http.problems(NotFoundError),
)
def read_own_confirmations(invitation_id: Id, reading: ReadingOnly, _: Provider) -> list[OwnConfirmation]:
    """Newest first; `awaited` ones wait for you. Empty before the award and for those who won nothing."""
    return [OwnConfirmation.of(one) for one in service.of_invitation(reading, invitation_id)]


@router.post("/invitations/{invitation_id}/award/confirmation", summary="Confirm an award", responses=_ANSWERS)
def confirm_award(invitation_id: Id, body: ConfirmInput, work: Working, _: Answering) -> OwnConfirmation:
    """You stand by your bids. The contract is made when the buyer, after you, accepts the terms."""
    return OwnConfirmation.of(service.confirm(work, invitation_id, body.award_id))


@router.post("/invitations/{invitation_id}/award/declination", summary="Decline an award", responses=_ANSWERS)
def decline_award(invitation_id: Id, body: DeclineAwardInput, work: Working, _: Answering) -> OwnConfirmation:
    """The lots go back to the buyer within moments. The buyer and the platform keep in mind that you stepped back."""
    return OwnConfirmation.of(service.decline(work, invitation_id, body.award_id, body.reason))


@router.get(
    "/requests/{request_id}/confirmations", summary="Which winners confirmed", responses=http.problems(NotFoundError)
)
def list_confirmations(request_id: Id, reading: ReadingOnly, _: Buyer) -> list[ConfirmationOutput]:
    """One for each award and winner, newest first. You alone and the platform see who did not stand by its bid."""
    return _outputs(reading, service.of_request(reading, desk.owned(reading, request_id)))


@router.post(
    "/requests/{request_id}/awards/{award_id}/return",
    summary="Take lots back from a silent winner",
    responses=http.problems(NotFoundError, rules.AwardAnsweredError, rules.ConfirmationNotOverdueError),
)
def take_lots_back(
    request_id: Id, award_id: Id, body: TakeBackInput, work: Working, _: Negotiator
) -> ConfirmationOutput:
    """From `due_at` on, while it has not confirmed: the lots are yours again, with the next bids still valid."""
    owned = desk.owned(work, request_id)
    taken = service.take_back(work, owned, award_id, body.provider_id, body.reason)
    return _outputs(work, [taken])[0]


@router.get(
    "/providers/{provider_id}/defaults",
    summary="Awards a carrier stepped back from",
    responses=http.problems(NotFoundError),
)
def list_defaults(provider_id: Id, reading: ReadingOnly, _: PlatformAdmin) -> list[ConfirmationOutput]:
    """Where it declined an award or let its time pass until the buyer took the lots back, newest first."""
    return _outputs(reading, service.defaults_of(reading, provider_id))


def _outputs(reading: Reading, found: list[Confirmation]) -> list[ConfirmationOutput]:
    names = sellers.names(reading, tuple({one.provider_id for one in found}))
    return [ConfirmationOutput.of(one, names.get(one.provider_id, ""), reading.now) for one in found]
