"""Every SQL statement of accounts."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import Subquery, delete, func, or_, update
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel, col, select

from marketplace.identity.model import Attempts
from marketplace.identity.tables import (
    ApiKeyRow,
    AttemptsRow,
    BrowserRow,
    OrganizationRow,
    RecoveryCodeRow,
    RefreshTokenRow,
    SessionRow,
    UserRow,
)
from marketplace.kernel import pagination
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.work import Reading, Work


def add(work: Work, row: SQLModel) -> None:
    """Write a new row now, so that rows that refer to it can follow."""
    work.session.add(row)
    work.session.flush()


def kind_of(reading: Reading, organization_id: str) -> Kind | None:
    """Return the kind of an organization, None if there is no such one."""
    row = reading.session.get(OrganizationRow, organization_id)
    return None if row is None else Kind(row.kind)


def platform_id(reading: Reading) -> str | None:
    """Return the id of the platform's own organization, if it exists yet."""
    return reading.session.exec(
        select(OrganizationRow.id).where(OrganizationRow.kind == Kind.PLATFORM.value)
    ).one_or_none()


def lock_organization(work: Work, organization_id: str) -> None:
    """Let no other transaction that takes this lock decide about the organization's users meanwhile."""
    work.session.exec(
        select(OrganizationRow.id).where(OrganizationRow.id == organization_id).with_for_update()
    ).one_or_none()


def add_user(work: Work, row: UserRow) -> bool:
    """Write a new user; tell whether its e-mail address was free."""
    statement = (
        insert(UserRow)
        .values(row.model_dump())
        .on_conflict_do_nothing(index_elements=["email"])
        .returning(col(UserRow.id))
    )
    return work.session.connection().execute(statement).one_or_none() is not None


def account_by_email(reading: Reading, email: str) -> tuple[UserRow, Kind] | None:
    """Return the user with this (normal) e-mail address and the kind of its organization."""
    found = reading.session.exec(
        select(UserRow, OrganizationRow.kind)
        .join(OrganizationRow, col(OrganizationRow.id) == col(UserRow.organization_id))
        .where(UserRow.email == email)
    ).one_or_none()
    return None if found is None else (found[0], Kind(found[1]))


def user(reading: Reading, user_id: str) -> UserRow | None:
    """Return a user."""
    return reading.session.get(UserRow, user_id)


def lock_user(work: Work, user_id: str) -> UserRow | None:
    """Return a user as it is after waiting for others who change it."""
    return work.session.get(UserRow, user_id, with_for_update=True, populate_existing=True)


def users_of(reading: Reading, organization_id: str) -> Sequence[UserRow]:
    """Return all users of an organization, the oldest account first."""
    return reading.session.exec(
        select(UserRow)
        .where(UserRow.organization_id == organization_id)
        .order_by(col(UserRow.created_at), col(UserRow.id))
    ).all()


def people() -> Subquery:
    """Return the active users as a subquery to join."""
    return (
        sql_select(
            col(UserRow.id),
            col(UserRow.organization_id),
            col(OrganizationRow.kind),
            col(UserRow.role),
            col(UserRow.email),
        )
        .join(OrganizationRow, col(OrganizationRow.id) == col(UserRow.organization_id))
        .where(col(UserRow.active))
        .subquery("people")
    )


def users_page(reading: Reading, organization_id: str, after: str | None, limit: int) -> Sequence[UserRow]:
    """Return up to ``limit + 1`` users of an organization behind the cursor."""
    statement = select(UserRow).where(UserRow.organization_id == organization_id)
    if after is not None:
        statement = statement.where(col(UserRow.id) < str(pagination.decode(after, 1)[0]))
    return reading.session.exec(statement.order_by(col(UserRow.id).desc()).limit(limit + 1)).all()


def active_admins(reading: Reading, organization_id: str) -> int:
    """Return how many admins of an organization can sign in."""
    return reading.session.exec(
        select(func.count())
        .select_from(UserRow)
        .where(UserRow.organization_id == organization_id, UserRow.role == UserRole.ADMIN.value, col(UserRow.active))
    ).one()


def standing_session(reading: Reading, session_id: str) -> tuple[SessionRow, UserRow, Kind] | None:
    """Return a session that has not ended with its active user and the kind of its organization."""
    found = reading.session.exec(
        select(SessionRow, UserRow, OrganizationRow.kind)
        .join(UserRow, col(UserRow.id) == col(SessionRow.user_id))
        .join(OrganizationRow, col(OrganizationRow.id) == col(UserRow.organization_id))
        .where(SessionRow.id == session_id, col(SessionRow.ended_at).is_(None), col(UserRow.active))
    ).one_or_none()
    return None if found is None else (found[0], found[1], Kind(found[2]))


def standing_user(reading: Reading, user_id: str) -> tuple[UserRow, Kind] | None:
    """Return an active user with the kind of its organization."""
    found = reading.session.exec(
        select(UserRow, OrganizationRow.kind)
        .join(OrganizationRow, col(OrganizationRow.id) == col(UserRow.organization_id))
        .where(UserRow.id == user_id, col(UserRow.active))
    ).one_or_none()
    return None if found is None else (found[0], Kind(found[1]))


def standing_browser(reading: Reading, fingerprint: str) -> tuple[SessionRow, UserRow, Kind] | None:
    """Return what ``standing_session`` does for the session of a browser's cookie that has not expired."""
    row = reading.session.get(BrowserRow, fingerprint)
    if row is None or row.expires_at <= reading.now:
        return None
    return standing_session(reading, row.session_id)


def forget_browsers(work: Work) -> int:
    """Delete what belonged to cookies that have expired; return how many rows."""
    return work.session.exec(delete(BrowserRow).where(col(BrowserRow.expires_at) <= work.now)).rowcount


def standing_key(reading: Reading, fingerprint: str) -> tuple[ApiKeyRow, UserRow, Kind] | None:
    """Return an API key that is not revoked with its active user and the kind of its organization."""
    found = reading.session.exec(
        select(ApiKeyRow, UserRow, OrganizationRow.kind)
        .join(UserRow, col(UserRow.id) == col(ApiKeyRow.user_id))
        .join(OrganizationRow, col(OrganizationRow.id) == col(UserRow.organization_id))
        .where(ApiKeyRow.fingerprint == fingerprint, col(ApiKeyRow.revoked_at).is_(None), col(UserRow.active))
    ).one_or_none()
    return None if found is None else (found[0], found[1], Kind(found[2]))


def end_session(work: Work, session_id: str) -> None:
    """End one session."""
    work.session.connection().execute(
        update(SessionRow).where(col(SessionRow.id) == session_id).values(ended_at=work.now)
    )


def end_sessions(work: Work, user_id: str, but: str = "") -> None:
    """End all sessions of a user, ``but`` one."""
    work.session.connection().execute(
        update(SessionRow)
        .where(col(SessionRow.user_id) == user_id, col(SessionRow.id) != but, col(SessionRow.ended_at).is_(None))
        .values(ended_at=work.now)
    )


def note_session_use(work: Work, session_id: str) -> None:
    """Record that a session is in use."""
    work.session.connection().execute(
        update(SessionRow).where(col(SessionRow.id) == session_id).values(used_at=work.now)
    )


def note_factor_used(work: Work, session_id: str) -> None:
    """Record that a session proved the second factor."""
    work.session.connection().execute(
        update(SessionRow).where(col(SessionRow.id) == session_id).values(factor_used_at=work.now)
    )


def lock_refresh_token(work: Work, fingerprint: str) -> RefreshTokenRow | None:
    """Return a refresh token as it is after waiting for others who use it."""
    return work.session.get(RefreshTokenRow, fingerprint, with_for_update=True)


def keys_of(reading: Reading, user_id: str) -> Sequence[ApiKeyRow]:
    """Return the API keys of a user that are not revoked, the newest first."""
    return reading.session.exec(
        select(ApiKeyRow)
        .where(ApiKeyRow.user_id == user_id, col(ApiKeyRow.revoked_at).is_(None))
        .order_by(col(ApiKeyRow.created_at).desc(), col(ApiKeyRow.id))
    ).all()


def revoke_key(work: Work, user_id: str, key_id: str) -> bool:
    """Revoke an API key of a user; tell whether it had such a one."""
    statement = (
        update(ApiKeyRow)
        .where(col(ApiKeyRow.id) == key_id, col(ApiKeyRow.user_id) == user_id, col(ApiKeyRow.revoked_at).is_(None))
        .values(revoked_at=work.now)
    )
    return work.session.connection().execute(statement).rowcount == 1


def revoke_keys(work: Work, user_id: str) -> None:
    """Revoke all API keys of a user."""
    work.session.connection().execute(
        update(ApiKeyRow)
        .where(col(ApiKeyRow.user_id) == user_id, col(ApiKeyRow.revoked_at).is_(None))
        .values(revoked_at=work.now)
    )


def note_key_use(work: Work, key_id: str) -> None:
    """Record that an API key was used just now, unless another transaction is doing so."""
    unlocked = select(ApiKeyRow.id).where(ApiKeyRow.id == key_id).with_for_update(skip_locked=True)
    work.session.connection().execute(
        update(ApiKeyRow).where(col(ApiKeyRow.id).in_(unlocked)).values(last_used_at=work.now)
    )


def set_recovery_codes(work: Work, user_id: str, fingerprints: Sequence[str]) -> None:
    """Replace a user's recovery codes."""
    connection = work.session.connection()
    connection.execute(delete(RecoveryCodeRow).where(col(RecoveryCodeRow.user_id) == user_id))
    connection.execute(
        insert(RecoveryCodeRow), [{"fingerprint": fingerprint, "user_id": user_id} for fingerprint in fingerprints]
    )


def use_recovery_code(work: Work, user_id: str, fingerprint: str) -> bool:
    """Delete a recovery code of a user; tell whether it had such a one."""
    statement = delete(RecoveryCodeRow).where(
        col(RecoveryCodeRow.fingerprint) == fingerprint, col(RecoveryCodeRow.user_id) == user_id
    )
    return work.session.connection().execute(statement).rowcount == 1


def lock_attempts(work: Work, account: str, client: str) -> Attempts:
    """Return the attempts on an account from a client; nobody else reads or changes them until the end."""
    work.session.connection().execute(
        insert(AttemptsRow).values(account=account, client=client, failures=0).on_conflict_do_nothing()
    )
    row = work.session.exec(
        select(AttemptsRow).where(AttemptsRow.account == account, AttemptsRow.client == client).with_for_update()
    ).one()
    return Attempts(row.failures, row.since, row.last_at, row.succeeded_at)


def save_attempts(work: Work, account: str, client: str, attempts: Attempts) -> None:
    """Write the attempts that ``lock_attempts`` read."""
    work.session.connection().execute(
        update(AttemptsRow)
        .where(col(AttemptsRow.account) == account, col(AttemptsRow.client) == client)
        .values(**asdict(attempts))
    )


def forget_attempts(work: Work, failed_before: datetime, known_before: datetime) -> int:
    """Delete attempts that no rule looks at any more; return how many."""
    statement = delete(AttemptsRow).where(
        or_(col(AttemptsRow.last_at) < failed_before, col(AttemptsRow.last_at).is_(None)),
        or_(col(AttemptsRow.succeeded_at) < known_before, col(AttemptsRow.succeeded_at).is_(None)),
    )
    return work.session.connection().execute(statement).rowcount


def forget_refresh_tokens(work: Work, kept: timedelta) -> int:
    """Delete refresh tokens that expired at least ``kept`` ago; return how many."""
    statement = delete(RefreshTokenRow).where(col(RefreshTokenRow.expires_at) < work.now - kept)
    return work.session.connection().execute(statement).rowcount
