"""Who has accounts: the list without buyers' names, one organization opened, and keeping users out."""

from typing import Annotated, Any

from fastapi import Query, Request, Response

from buyers.registry import control as registry
from marketplace.identity import control as identity
from marketplace.kernel import pagination
from marketplace.kernel.access import Kind
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.work import Work, Workshop
from marketplace.oversight import service
from marketplace.oversight.schemas import AccountReasonInput, SuspensionInput
from marketplace.terminals import pages
from marketplace.terminals.backoffice.desk import Id, PlatformAdmin, beneath, colleagues

router = pages.router()

_PATH = "/o/organizations"
_TEMPLATE = "backoffice/organization.html"
_A_PAGE = 50


@router.get(_PATH, summary="Organizations")
def show_organizations(
    request: Request,
    reading: ReadingOnly,
    _: PlatformAdmin,
    *,
    kind: str = "",
    state: Annotated[str, Query(max_length=20)] = "",
    search: Annotated[str, Query(max_length=100)] = "",
    after: pagination.After = None,
) -> Response:
    """List who has accounts, the newest first. A buyer stands by its id alone."""
    chosen = Kind(kind) if kind in {Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM} else None
    asked = service.OrganizationSearch(chosen, state if chosen is not None else "", search.strip())
    lines, following = service.organizations(reading, asked, after, _A_PAGE)
    return pages.render(
        request,
        "backoffice/organizations.html",
        lines=lines,
        kind=kind,
        state=asked.state,
        search=search,
        after=after,
        following=following,
    )


@router.get(f"{_PATH}/{{organization_id}}", summary="An organization before it is opened")
def show_organization_gate(organization_id: Id, request: Request, reading: ReadingOnly, _: PlatformAdmin) -> Response:
    """Show what is known without a name; opening a buyer's record is an act of its own."""
    found, _following = identity.organizations(reading, None, [organization_id], None, 1)
    if not found:
        raise NotFoundError
    if found[0].kind is not Kind.BUYER:
        return pages.see(f"{_PATH}/{organization_id}/record")
    states = registry.states(reading, [organization_id])
    state = states.get(OrganizationId(organization_id))
    return pages.render(request, "backoffice/organization_gate.html", organization=found[0], state=state)


@router.get(f"{_PATH}/{{organization_id}}/record", summary="An organization, opened")
def show_organization(organization_id: Id, request: Request, work: Working, _: PlatformAdmin) -> Response:
    """Show its name, users and sessions. Of a buyer that goes on record, and the buyer sees it."""
    return pages.render(request, _TEMPLATE, **_context(work, organization_id))


@router.post(f"{_PATH}/{{organization_id}}/accounts", summary="Suspend or reinstate users by form")
def send_account_decision(
    organization_id: Id, request: Request, work: Working, form: pages.Sent, _: PlatformAdmin
) -> Response:
    """Suspend or reinstate users, all or the ticked ones, or end all sessions, for a reason that is kept."""
    words = pages.words(request)
    act = form.text("act")
    chosen = OrganizationId(organization_id)
    with pages.again(request, _TEMPLATE, form, lambda: _read_again(request, work, organization_id)), beneath(act):
        reason = form.text(f"{act}.reason")
        given = {"reason": reason, "user_ids": list(form.texts(f"{act}.user"))}
        if act == "suspend":
            body = pages.checked(SuspensionInput, given)
            met = len(identity.suspend(work, chosen, body.reason, body.user_ids))
            done = words("%(count)s suspended: signed out, and kept out until reinstated.")
        elif act == "reinstate":
            body = pages.checked(SuspensionInput, given)
            met = len(identity.reinstate(work, chosen, body.reason, body.user_ids))
            done = words("%(count)s reinstated: they may sign in again.")
        else:
            met = identity.end_sessions(work, chosen, pages.checked(AccountReasonInput, {"reason": reason}).reason)
            done = words("%(count)s sessions ended.")
    return pages.see(f"{_PATH}/{organization_id}", done % {"count": met})


def _read_again(request: Request, work: Work, organization_id: str) -> dict[str, Any]:
    """Return the record for a form that is shown again, read in a transaction of its own, so that the record stays."""
    workshop: Workshop = request.app.state.workshop
    with workshop.work(work.principal) as own:
        return _context(own, organization_id)


def _context(work: Work, organization_id: str) -> dict[str, Any]:
    opened = service.open_organization(work, OrganizationId(organization_id))
    users = opened.accounts.users
    return {
        "opened": opened,
        "organization": opened.accounts.organization,
        "users": users,
        "people": {user.id: user.full_name for user in users},
        "suspended": [user for user in users if user.id in opened.accounts.suspended_at],
        "names": colleagues(work),
    }
