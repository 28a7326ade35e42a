"""What the platform does with everybody's accounts: looks at them, suspends, reinstates, ends sessions."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from marketplace.identity import control_store, own_sessions, service, store
from marketplace.identity.errors import LastAdminError
from marketplace.identity.events import SessionsEnded, UserReinstated, UserSuspended
from marketplace.identity.model import Accounts, Intervention, Organization
from marketplace.identity.tables import InterventionRow, UserRow
from marketplace.kernel import ids, pagination
from marketplace.kernel.access import Kind
from marketplace.kernel.errors import FieldError, MalformedError, NotFoundError
from marketplace.kernel.ids import OrganizationId, UserId
from marketplace.kernel.work import Reading, Work

MOST_INTERVENTIONS = 100


def organizations(
    reading: Reading, kind: Kind | None, only: Collection[str] | None, after: str | None, limit: int
) -> tuple[list[Organization], str | None]:
    """Return one page of organizations, newest first, and the cursor of the next; ``only``: of these ids."""
    key = None if after is None else _key_of(after)
    named = None if only is None else list(only)
    found = [_organization(row) for row in control_store.organizations(reading, kind, named, key, limit + 1)]
    return pagination.page_of(found, limit, lambda one: (one.created_at.isoformat(), one.id))


def _key_of(after: str) -> tuple[datetime, str]:
    at, last = pagination.decode(after, 2)
    try:
        return datetime.fromisoformat(str(at)), str(last)
    except ValueError as error:
        raise MalformedError(
            "The cursor is not one of ours.", errors=(FieldError("query/after", "use the 'next' of the page before"),)
        ) from error


def accounts(reading: Reading, organization_id: OrganizationId) -> Accounts:
    """Return an organization with its users and standing sessions: names and e-mails. Raises NotFoundError.

    Who a buyer's people are is identity: the caller records that it was read.
    """
    found = control_store.organizations(reading, None, [organization_id], None, 1)
    if not found:
        raise NotFoundError
    rows = store.users_of(reading, organization_id)
    return Accounts(
        _organization(found[0]),
        tuple(service.user_of(row) for row in rows),
        {UserId(row.id): row.suspended_at.astimezone(UTC) for row in rows if row.suspended_at is not None},
        tuple(own_sessions.session_of(row) for row in control_store.standing_sessions(reading, organization_id)),
        tuple(
            Intervention(
                row.action,
                tuple(UserId(user_id) for user_id in row.user_ids),
                row.reason,
                UserId(row.admin_id),
                row.at.astimezone(UTC),
            )
            for row in control_store.interventions(reading, organization_id, MOST_INTERVENTIONS)
        ),
    )


def standing_sessions(reading: Reading) -> int:
    """Return how many sessions stand altogether."""
    return control_store.count_standing(reading)


def suspend(work: Work, organization_id: OrganizationId, reason: str, user_ids: Collection[str] = ()) -> list[UserId]:
    """Keep users of an organization out, all or the named ones, until they are reinstated; return whom it met.

    Their sessions end and their API keys rest. Raises NotFoundError, MalformedError without a reason, and
    LastAdminError when the platform would be left without an admin who can sign in.
    """
    users = _held(work, organization_id, reason)
    met = [user for user in _named(users, user_ids) if user.active]
    for user in met:
        user.active, user.suspended_at = False, work.now
    kind = service.organization_kind(work, organization_id)
    if kind is Kind.PLATFORM and not control_store.admins_left(users):
        raise LastAdminError("The platform needs an admin who can sign in.")
    control_store.end_sessions(work, [user.id for user in met])
    act = _keep(work, organization_id, "suspend", reason, met)
    whose = _by_kind(kind, organization_id)
    work.append_all([UserSuspended(organization_id, UserId(user.id), *whose, act) for user in met])
    return [UserId(user.id) for user in met]


def reinstate(work: Work, organization_id: OrganizationId, reason: str, user_ids: Collection[str] = ()) -> list[UserId]:
    """Let suspended users in again, all or the named ones; return whom it met. Who was deactivated stays out.

    Raises NotFoundError, MalformedError without a reason.
    """
    users = _held(work, organization_id, reason)
    met = [user for user in _named(users, user_ids) if user.suspended_at is not None]
    for user in met:
        user.active, user.suspended_at = True, None
    act = _keep(work, organization_id, "reinstate", reason, met)
    whose = _by_kind(service.organization_kind(work, organization_id), organization_id)
    work.append_all([UserReinstated(organization_id, UserId(user.id), *whose, act) for user in met])
    return [UserId(user.id) for user in met]


def end_sessions(work: Work, organization_id: OrganizationId, reason: str) -> int:
    """End every session of an organization's users, who may sign in again; return how many. Raises as ``reinstate``."""
    users = _held(work, organization_id, reason)
    ended = control_store.end_sessions(work, [user.id for user in users])
    _keep(work, organization_id, "end sessions", reason, users)
    work.append(SessionsEnded(organization_id, ended))
    return ended


def _held(work: Work, organization_id: OrganizationId, reason: str) -> Sequence[UserRow]:
    """Return an organization's users, whom nobody else suspends or deactivates meanwhile."""
    if not reason.strip():
        raise MalformedError(errors=(FieldError("/reason", "say why, for those who ask later"),))
    service.organization_kind(work, organization_id)
    store.lock_organization(work, organization_id)  # as the deactivation of a user: the last admin has to stay
    users = control_store.held_users(work, organization_id)
    work.tick()
    return users


def _named(users: Sequence[UserRow], user_ids: Collection[str]) -> Sequence[UserRow]:
    """Return those of ``users`` that are named, or all where none is. Raises NotFoundError for a stranger."""
    if not set(user_ids) <= {user.id for user in users}:
        raise NotFoundError
    return [user for user in users if not user_ids or user.id in user_ids]


def _keep(work: Work, organization_id: str, action: str, reason: str, met: Sequence[UserRow]) -> str:
    """Put on record what was done to whom and why, and return its id; nothing, and "", where it met nobody."""
    if not met:
        return ""
    intervention_id = ids.new("int")
    store.add(
        work,
        InterventionRow(
            id=intervention_id,
            organization_id=organization_id,
            action=action,
            user_ids=[user.id for user in met],
            reason=reason,
            admin_id=work.principal.user_id,
            at=work.now,
        ),
    )
    return intervention_id


def _by_kind(kind: Kind, organization_id: OrganizationId) -> tuple[OrganizationId | None, OrganizationId | None]:
    """Return the organization as a buyer's and as a provider's id, None where it is none."""
    return (
        organization_id if kind is Kind.BUYER else None,
        organization_id if kind is Kind.PROVIDER else None,
    )


def _organization(row: Any) -> Organization:
    return Organization(
        OrganizationId(row.id),
        Kind(row.kind),
        row.created_at.astimezone(UTC),
        row.users,
        row.active_users,
        row.suspended_users,
        row.sessions,
    )
