"""HTTP: what an invited provider was told in an auction."""

from typing import Annotated

from fastapi import Depends

from marketplace.bidding.announcements import service
from marketplace.bidding.announcements.schemas import AnnouncementOutput
from marketplace.kernel import http, pagination
from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly
from sellers.rules import ProviderInactiveError

router = http.router("/invitations", tags=["bids"])


@router.get(
    "/{invitation_id}/announcements",
    summary="What was announced in an auction",
    responses=http.problems(NotFoundError, ProviderInactiveError),
)
def list_announcements(
    invitation_id: str,
    reading: ReadingOnly,
    _: Annotated[Principal, Depends(allow(Kind.PROVIDER))],
    limit: pagination.Limit = 50,
    after: pagination.After = None,
) -> pagination.Page[AnnouncementOutput]:
    """Newest first: the platform's own words, and its pauses, resumptions and extensions with their reasons."""
    found = service.of_invitation(reading, invitation_id, after, limit + 1)
    items, following = pagination.page_of(found, limit, service.key_of)
    return pagination.Page(items=[AnnouncementOutput.of(item) for item in items], next=following)
