"""HTTP: how the caller is told by e-mail and by text message, and how its desk's shared address is."""

from typing import Annotated

from fastapi import Depends, Query

from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, Scope, allow
from marketplace.kernel.errors import ForbiddenError
from marketplace.kernel.http import AccountReading, AccountWork
from notifications.preferences import service
from notifications.preferences.schemas import PreferencesBody, PreferencesOutput

router = http.router("/notices/preferences", tags=["notices"])

Anyone = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM))]
Owner = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM, scope=Scope.ADMINISTRATION))]
"""Who may change it: a key that only reads can't."""
ForDesk = Annotated[bool, Query(description="Those of your desk's shared address; for admins of a provider")]


@router.get("", summary="How you are told", responses=http.problems(ForbiddenError))
def read_preferences(reading: AccountReading, principal: Anyone, desk: ForDesk = False) -> PreferencesOutput:  # noqa: FBT002 - a query
    """Outside of the pages, that is: your choices for each group of events, your quiet hours and your daily digest."""
    return PreferencesOutput.of(service.preferences(reading, desk=desk), service.groups_of(principal, desk=desk))


@router.put("", summary="Choose how you are told", responses=http.problems(ForbiddenError))
def save_preferences(
    body: PreferencesBody,
    work: AccountWork,
    principal: Owner,
    desk: ForDesk = False,  # noqa: FBT002 - a query
) -> PreferencesOutput:
    """For you alone. It holds for what happens from now on; what is planned already keeps its time."""
    service.save(work, body.value(), desk=desk)
    return PreferencesOutput.of(service.preferences(work, desk=desk), service.groups_of(principal, desk=desk))
