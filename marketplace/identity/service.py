"""The use cases of organizations and their users; signing in is in ``sessions``, what opens an account in ``keys``."""

from datetime import timedelta

from sqlalchemy import Subquery

from marketplace.identity import events, rules, store
from marketplace.identity.errors import EmailTakenError, LastAdminError
from marketplace.identity.events import InitialPasswordRenewed, OrganizationCreated, UserCreated, UserDeactivated
from marketplace.identity.model import NewUser, User
from marketplace.identity.tables import OrganizationRow, UserRow
from marketplace.kernel import ids, pagination
from marketplace.kernel.access import Kind, Principal, UserRole
from marketplace.kernel.errors import FieldError, MalformedError, NotFoundError
from marketplace.kernel.ids import OrganizationId, UserId
from marketplace.kernel.security import hash_password, new_initial_password
from marketplace.kernel.work import Reading, Work

_REFRESH_TOKENS_KEPT = timedelta(days=30)
"""Beyond their expiry, so that a stolen one that is tried late still shows."""


def create_organization(work: Work, kind: Kind) -> OrganizationId:
    """Create an organization without users. Of kind platform there is one; see ``ensure_platform_admin``."""
    organization_id = OrganizationId(ids.new("org"))
    store.add(work, OrganizationRow(id=organization_id, kind=kind, created_at=work.now))
    work.append(OrganizationCreated(organization_id, kind))
    return organization_id


def organization_kind(reading: Reading, organization_id: OrganizationId) -> Kind:
    """Return the kind of an organization. Raises NotFoundError."""
    kind = store.kind_of(reading, organization_id)
    if kind is None:
        raise NotFoundError
    return kind


def create_user(work: Work, organization_id: OrganizationId, email: str, full_name: str, role: UserRole) -> NewUser:
    """Create a user with an initial password that is valid for seven days and to be changed at the first sign-in.

    The caller has checked who may do this. Raises MalformedError for a role that this kind of organization does not
    have, EmailTakenError, NotFoundError for an unknown organization.
    """
    kind = organization_kind(work, organization_id)
    if role not in rules.ROLES[kind]:
        allowed = ", ".join(sorted(rules.ROLES[kind]))
        raise MalformedError(errors=(FieldError("/role", f"'{role}' is no role of a {kind}; use one of {allowed}"),))
    password, expires_at = new_initial_password(), work.now + rules.INITIAL_PASSWORD_VALID
    row = UserRow(
        id=ids.new("usr"),
        organization_id=organization_id,
        email=rules.normal_email(email),
        full_name=full_name,
        role=role,
        password_hash=hash_password(password),
        password_expires_at=expires_at,
        created_at=work.now,
    )
    if not store.add_user(work, row):
        raise EmailTakenError
    work.append(UserCreated(organization_id, UserId(row.id), role))
    return NewUser(UserId(row.id), row.email, password, expires_at)


def invite_user(work: Work, email: str, full_name: str, role: UserRole) -> NewUser:
    """Create a user in the caller's own organization. Raises as ``create_user`` does."""
    return create_user(work, work.principal.organization_id, email, full_name, role)


def renew_initial_password(work: Work, user_id: UserId) -> NewUser:
    """Give a user of the caller's organization a fresh initial password; its sessions end, its second factor stays.

    Raises NotFoundError for anybody else's user and for one that is not active.
    """
    row = _own_active_user(work, user_id)
    password, expires_at = new_initial_password(), work.now + rules.INITIAL_PASSWORD_VALID
    row.password_hash, row.password_expires_at = hash_password(password), expires_at
    store.end_sessions(work, row.id)
    work.append(InitialPasswordRenewed(OrganizationId(row.organization_id), UserId(row.id)))
    return NewUser(UserId(row.id), row.email, password, expires_at)


def deactivate_user(work: Work, user_id: UserId) -> None:
    """Shut a user of the caller's organization out for good: no sign-in, no session, no API key.

    Raises NotFoundError for anybody else's user, LastAdminError for the last admin.
    """
    store.lock_organization(work, work.principal.organization_id)  # two admins must not remove each other at once
    row = _own_active_user(work, user_id)
    if row.role == UserRole.ADMIN and store.active_admins(work, row.organization_id) == 1:
        raise LastAdminError("Make another user admin first.")
    row.active = False
    store.end_sessions(work, row.id)
    store.revoke_keys(work, row.id)
    work.append(UserDeactivated(OrganizationId(row.organization_id), UserId(row.id)))


def _own_active_user(work: Work, user_id: UserId) -> UserRow:
    row = store.lock_user(work, user_id)
    if row is None or row.organization_id != work.principal.organization_id or not row.active:
        raise NotFoundError
    return row


def users_of(reading: Reading, organization_id: OrganizationId) -> tuple[User, ...]:
    """Return all users of an organization, inactive ones too, the oldest account first."""
    return tuple(user_of(row) for row in store.users_of(reading, organization_id))


def people() -> Subquery:
    """Return all who can sign in, for other rooms to join in one statement.

    Columns: ``id``, ``organization_id``, ``kind`` (of the organization), ``role`` and ``email``.
    """
    return store.people()


def own_users(reading: Reading, after: str | None, limit: int) -> tuple[list[User], str | None]:
    """Return one page of the users of the caller's organization, and the cursor of the next."""
    rows = store.users_page(reading, reading.principal.organization_id, after, limit)
    return pagination.page_of([user_of(row) for row in rows], limit, lambda user: (user.id,))


def me(reading: Reading) -> User:
    """Return the caller. Raises NotFoundError when it has no account (the system itself)."""
    row = store.user(reading, reading.principal.user_id)
    if row is None:
        raise NotFoundError
    return user_of(row)


def ensure_platform_admin(work: Work, email: str, full_name: str) -> NewUser | None:
    """Create the platform's organization and an admin with this e-mail address where they don't exist; for the shell.

    Return None when the address is already an active platform admin's. Raises EmailTakenError when it is another's.
    """
    organization_id = OrganizationId(store.platform_id(work) or create_organization(work, Kind.PLATFORM))
    found = store.account_by_email(work, rules.normal_email(email))
    if found is None:
        return create_user(work, organization_id, email, full_name, UserRole.ADMIN)
    user, kind = found
    if kind is not Kind.PLATFORM or user.role != UserRole.ADMIN or not user.active:
        raise EmailTakenError
    return None


def is_known(reading: Reading, email: str) -> bool:
    """Tell whether there is an account with this e-mail address; for the shell, never for callers."""
    return store.account_by_email(reading, rules.normal_email(email)) is not None


def open_account(work: Work, user_id: UserId, password_hash: str, factor: str = "") -> Principal:
    """Give a fresh account its own password and second factor without a sign-in; for the demo market's loader.

    Raises NotFoundError.
    """
    row = store.lock_user(work, user_id)
    if row is None:
        raise NotFoundError
    organization_id = OrganizationId(row.organization_id)
    row.password_hash, row.password_expires_at = password_hash, None
    work.append(events.PasswordChanged(organization_id, user_id))
    if factor:
        row.factor = work.vault.sealer(rules.FACTOR_PURPOSE).seal(factor.encode())
        work.append(events.SecondFactorConfirmed(organization_id, user_id))
    kind = organization_kind(work, organization_id)
    return Principal(kind, user_id, organization_id, UserRole(row.role))


def forget_expired(work: Work) -> int:
    """Delete sign-in attempts, refresh tokens and cookies that nothing looks at any more; return how many rows."""
    return (
        store.forget_attempts(work, work.now - rules.WINDOW, work.now - rules.KNOWN_CLIENT)
        + store.forget_refresh_tokens(work, _REFRESH_TOKENS_KEPT)
        + store.forget_browsers(work)
    )


def user_of(row: UserRow) -> User:
    """Return a user's row as a value."""
    return User(
        UserId(row.id),
        OrganizationId(row.organization_id),
        row.email,
        row.full_name,
        UserRole(row.role),
        row.active,
        row.password_expires_at is not None,
        row.factor is not None,
        row.created_at,
    )
