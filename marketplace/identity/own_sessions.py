"""Where one is signed in: one's own sessions, seen and ended one by one or all others at once."""

from datetime import UTC

from marketplace.identity import control_store, passwords, sessions, store
from marketplace.identity.events import UserSignedOut
from marketplace.identity.model import StandingSession
from marketplace.identity.tables import SessionRow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import UserId
from marketplace.kernel.work import Reading, Work


def own_sessions(reading: Reading) -> tuple[StandingSession, ...]:
    """Return the caller's sessions that stand: the one that it calls with, then the newest first.

    Raises ForbiddenError for an API key, which has none.
    """
    passwords.require_person(reading.principal)
    own = reading.principal
    rows = control_store.standing_sessions(reading, own.organization_id, own.user_id)
    return tuple(session_of(row) for row in sorted(rows, key=lambda row: row.id != own.session_id))


def end_session(work: Work, session_id: str) -> None:
    """End one of the caller's sessions at once. Raises NotFoundError for anybody else's, or one that is over."""
    if session_id not in {session.id for session in own_sessions(work)}:
        raise NotFoundError
    sessions.end(work, session_id)


def end_other_sessions(work: Work) -> int:
    """End all of the caller's sessions but the one that it calls with; return how many."""
    own = work.principal
    others = [session.id for session in own_sessions(work) if session.id != own.session_id]
    store.end_sessions(work, own.user_id, but=own.session_id)
    work.append_all([UserSignedOut(own.organization_id, own.user_id, session_id) for session_id in others])
    return len(others)


def session_of(row: SessionRow) -> StandingSession:
    """Return a session as its owner, and the platform, see it."""
    return StandingSession(
        row.id,
        UserId(row.user_id),
        row.created_at.astimezone(UTC),
        row.factor_used_at is not None,
        row.device or "",
        (row.used_at or row.created_at).astimezone(UTC),
    )
