"""The SQL statements of what the platform sees and does of all accounts."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, tuple_, update
from sqlalchemy import select as sql_select
from sqlmodel import col, select

from marketplace.identity.tables import (
    BrowserRow,
    InterventionRow,
    OrganizationRow,
    RefreshTokenRow,
    SessionRow,
    UserRow,
)
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.work import Reading, Work

_NEWEST_FIRST = (col(OrganizationRow.created_at).desc(), col(OrganizationRow.id).desc())


def organizations(
    reading: Reading, kind: Kind | None, ids: Sequence[str] | None, after: Sequence[Any] | None, limit: int
) -> Sequence[Any]:
    """Return organizations with their users and standing sessions counted, newest first, behind ``after``.

    ``ids``: these alone. ``after``: creation time and id.
    """
    users = sql_select(func.count()).where(col(UserRow.organization_id) == col(OrganizationRow.id))
    columns: tuple[Any, ...] = (
        col(OrganizationRow.id),
        col(OrganizationRow.kind),
        col(OrganizationRow.created_at),
        users.scalar_subquery().label("users"),
        users.where(col(UserRow.active)).scalar_subquery().label("active_users"),
        users.where(col(UserRow.suspended_at).is_not(None)).scalar_subquery().label("suspended_users"),
        sql_select(func.count())
        .select_from(SessionRow)
        .join(UserRow, col(UserRow.id) == col(SessionRow.user_id))
        .where(col(UserRow.organization_id) == col(OrganizationRow.id), _stands(reading))
        .scalar_subquery()
        .label("sessions"),
    )
    query = sql_select(*columns).order_by(*_NEWEST_FIRST).limit(limit)
    if kind is not None:
        query = query.where(col(OrganizationRow.kind) == kind)
    if ids is not None:
        query = query.where(col(OrganizationRow.id).in_(ids))
    if after is not None:
        query = query.where(tuple_(col(OrganizationRow.created_at), col(OrganizationRow.id)) < tuple_(*after))
    return reading.session.connection().execute(query).all()


def _stands(reading: Reading) -> ColumnElement[bool]:
    """Return the condition that a session has not ended and can still be used or refreshed."""
    token = exists().where(
        col(RefreshTokenRow.session_id) == col(SessionRow.id),
        col(RefreshTokenRow.used_at).is_(None),
        col(RefreshTokenRow.expires_at) > reading.now,
    )
    seen_after = reading.now - timedelta(hours=reading.vault.settings.browser_idle_hours)
    cookie = exists().where(
        col(BrowserRow.session_id) == col(SessionRow.id),
        col(BrowserRow.expires_at) > reading.now,
        func.coalesce(col(SessionRow.used_at), col(SessionRow.created_at)) > seen_after,
    )
    return col(SessionRow.ended_at).is_(None) & or_(token, cookie)


def standing_sessions(reading: Reading, organization_id: str, user_id: str = "") -> Sequence[SessionRow]:
    """Return the sessions of an organization's active users, or one of them, that stand, newest first."""
    query = (
        select(SessionRow)
        .join(UserRow, col(UserRow.id) == col(SessionRow.user_id))
        .where(UserRow.organization_id == organization_id, col(UserRow.active), _stands(reading))
        .order_by(col(SessionRow.created_at).desc(), col(SessionRow.id))
    )
    if user_id:
        query = query.where(SessionRow.user_id == user_id)
    return reading.session.exec(query).all()


def count_standing(reading: Reading) -> int:
    """Return how many sessions stand altogether."""
    return reading.session.exec(select(func.count()).select_from(SessionRow).where(_stands(reading))).one()


def held_users(work: Work, organization_id: str) -> Sequence[UserRow]:
    """Return all users of an organization as they are, held until the transaction ends, in the order of their ids."""
    return work.session.exec(
        select(UserRow)
        .where(UserRow.organization_id == organization_id)
        .order_by(col(UserRow.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def end_sessions(work: Work, user_ids: Sequence[str]) -> int:
    """End every session of these users; return how many had not ended."""
    ended = (
        update(SessionRow)
        .where(col(SessionRow.user_id).in_(user_ids), col(SessionRow.ended_at).is_(None))
        .values(ended_at=work.now)
    )
    return work.session.connection().execute(ended).rowcount


def interventions(reading: Reading, organization_id: str, limit: int) -> Sequence[InterventionRow]:
    """Return what the platform did to an organization's accounts, newest first."""
    return reading.session.exec(
        select(InterventionRow)
        .where(InterventionRow.organization_id == organization_id)
        .order_by(col(InterventionRow.at).desc(), col(InterventionRow.id))
        .limit(limit)
    ).all()


def admins_left(users: Sequence[UserRow]) -> int:
    """Return how many of these users are active admins."""
    return sum(user.active and user.role == UserRole.ADMIN for user in users)
