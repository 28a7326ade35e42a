"""Signing in and out, rotating refresh tokens, and recognising who calls."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from marketplace.identity import passwords, rules, service, store
from marketplace.identity.errors import SecondFactorCodeError
from marketplace.identity.events import SessionRevoked, UserSignedIn, UserSignedOut
from marketplace.identity.model import BrowserSession, Tokens, User
from marketplace.identity.tables import BrowserRow, RefreshTokenRow, SessionRow, UserRow
from marketplace.kernel import ids
from marketplace.kernel.access import NOBODY, Kind, Principal, Scope, UserRole
from marketplace.kernel.clock import machine_now
from marketplace.kernel.db import DatabaseRole
from marketplace.kernel.errors import UnauthenticatedError
from marketplace.kernel.ids import OrganizationId, UserId
from marketplace.kernel.security import InvalidTokenError, Keyring, fingerprint, new_secret
from marketplace.kernel.work import Reading, Work, Workshop

_LOG = logging.getLogger(__name__)

ACCESS = "access"
"""The use of access tokens."""
REFRESH_PREFIX = "tlr_"
API_KEY_PREFIX = "tlk_"


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a person types to sign in. ``code``: of its second factor, or a recovery code; empty without.

    ``device``: what it signs in with (``rules.device_of``).
    """

    email: str
    password: str
    code: str = ""
    device: str = ""


def sign_in(workshop: Workshop, command: SignIn, client: str) -> Tokens:
    """Begin a session for who sent the right e-mail, password and, where one is set up, second factor.

    ``client``: the address it comes from (``rules.client_network``). Opens its own transactions; see ``passwords``.
    Raises WrongCredentialsError, InitialPasswordExpiredError, SecondFactorCodeError, TooManyRequestsError.
    """
    with _proven(workshop, command, client) as (work, user, kind, session):
        return tokens_of(work, session, user, kind)


def sign_in_browser(workshop: Workshop, command: SignIn, client: str) -> BrowserSession:
    """Begin a session of a browser, which keeps the secret in a cookie. Raises as ``sign_in`` does."""
    with _proven(workshop, command, client) as (work, user, kind, session):
        return keep_in_browser(work, session, user, kind)


def keep_in_browser(work: Work, session: SessionRow, user: UserRow, kind: Kind) -> BrowserSession:
    """Return what a browser keeps of a session that has begun."""
    secret = new_secret()
    expires_at = _ends_at(work, session)
    store.add(work, BrowserRow(fingerprint=fingerprint(secret), session_id=session.id, expires_at=expires_at))
    return BrowserSession(secret, expires_at, _principal(user, kind, session))


@contextmanager
def _proven(workshop: Workshop, command: SignIn, client: str) -> Iterator[tuple[Work, UserRow, Kind, SessionRow]]:
    """Open the transaction of a sign-in that has proven who it is, with the session that begins in it."""
    proven, kind = passwords.prove(workshop, command.email, command.password, client)
    with workshop.work(_principal(proven, kind), DatabaseRole.APP) as work:
        user = passwords.still(work, proven)
        recovered = user.factor is not None and _use_factor(work, user, command.code)
        session = begin_session(work, user, factor_used=user.factor is not None, device=command.device)
        passwords.forgive(work, user.email, client)
        work.append(UserSignedIn(OrganizationId(user.organization_id), UserId(user.id), session.id, recovered))
        yield work, user, kind, session


def _use_factor(work: Work, user: UserRow, code: str) -> bool:
    """Use up a code of the user's second factor; tell whether it was a recovery code. Raises SecondFactorCodeError."""
    if user.factor is not None and code:
        secret = work.vault.sealer(rules.FACTOR_PURPOSE).open(user.factor).decode()
        step = rules.accepted_step(secret, code.replace(" ", ""), work.now, user.factor_step)
        if step is not None:
            user.factor_step = step
            return False
        if store.use_recovery_code(work, user.id, fingerprint(rules.normal_recovery_code(code))):
            return True
    raise SecondFactorCodeError


def begin_session(work: Work, user: UserRow, *, factor_used: bool, device: str = "") -> SessionRow:
    """Begin a session of a user who has proven who it is."""
    session = SessionRow(
        id=ids.new("ses"),
        user_id=user.id,
        created_at=work.now,
        factor_used_at=work.now if factor_used else None,
        used_at=work.now,
        device=device,
    )
    store.add(work, session)
    return session


def refresh(work: Work, refresh_token: str) -> Tokens | None:
    """Return fresh tokens for a refresh token, which is used up by that; None if it is not valid.

    A token that is used a second time was stolen from one of its two users: the whole session ends. As that must be
    committed, a refusal is a value and not an exception.
    """
    token = store.lock_refresh_token(work, fingerprint(refresh_token))
    standing = None if token is None else store.standing_session(work, token.session_id)
    if token is None or standing is None:
        return None
    session, user, kind = standing
    if token.used_at is not None:
        store.end_session(work, session.id)
        work.append(SessionRevoked(OrganizationId(user.organization_id), UserId(user.id), session.id))
        return None
    if work.tick() >= token.expires_at or _password_expired(work, user):
        return None
    token.used_at = session.used_at = work.now
    return tokens_of(work, session, user, kind)


def sign_out(work: Work) -> None:
    """End the caller's session. Raises ForbiddenError for an API key, which has none."""
    passwords.require_person(work.principal)
    end(work, work.principal.session_id)


def end(work: Work, session_id: str) -> None:
    """End one of the caller's sessions: its tokens and its cookie stop working at once."""
    store.end_session(work, session_id)
    work.append(UserSignedOut(work.principal.organization_id, work.principal.user_id, session_id))


def tokens_of(work: Work, session: SessionRow, user: UserRow, kind: Kind) -> Tokens:
    """Return an access token and the session's next refresh token, good until the session ends at last.

    The claims are for clients that read the token; what counts here is looked up at each call (``authenticate``).
    """
    principal = _principal(user, kind, session)
    settings = work.vault.settings
    access_token, access_expires_at = work.vault.keyring.issue(
        ACCESS,
        user.id,
        {
            "session": session.id,
            "organization": user.organization_id,
            "kind": kind.value,
            "role": user.role,
            "limited": principal.limited,
        },
        settings.access_token_seconds,
    )
    refresh_token = REFRESH_PREFIX + new_secret()
    expires_at = _ends_at(work, session)
    store.add(
        work, RefreshTokenRow(fingerprint=fingerprint(refresh_token), session_id=session.id, expires_at=expires_at)
    )
    return Tokens(access_token, access_expires_at, refresh_token, expires_at, principal.limited)


def authenticate(workshop: Workshop, authorization: str) -> Principal:
    """Return who sends this Authorization header; NOBODY without one.

    Whether the session or key still stands, and what its user must do first, is read from the database each time.
    Raises UnauthenticatedError for credentials that are not valid (any more).
    """
    if not authorization:
        return NOBODY
    scheme, _, credential = authorization.partition(" ")
    credential = credential.strip()
    if scheme.lower() != "bearer" or not credential:
        raise _unauthenticated("Send 'Authorization: Bearer' and an access token or API key.")
    if credential.startswith(API_KEY_PREFIX):
        return _key_holder(workshop, credential)
    return _session_holder(workshop, credential)


def of_browser(workshop: Workshop, secret: str) -> tuple[Principal, User]:
    """Return who keeps this secret in a cookie, and the account. Raises UnauthenticatedError.

    As with tokens, whether the session still stands is read from the database each time.
    """
    with workshop.glance() as reading:
        standing = store.standing_browser(reading, fingerprint(secret))
        if standing is None or _password_expired(reading, standing[1]):
            raise _unauthenticated("You have been signed out.")
        session, user, kind = standing
        seen = session.used_at or session.created_at
        if rules.is_idle(seen, reading.now, workshop.vault.settings.browser_idle_hours):
            raise _unauthenticated("You have been signed out: nothing was done here for a long time.")
        stale = reading.now - seen >= rules.SESSION_USE_NOTED_EVERY
        found = _principal(user, kind, session), service.user_of(user)
    if stale:
        _note_use(workshop, "session", lambda work: store.note_session_use(work, session.id))
    return found


def standing_user(reading: Reading, user_id: UserId) -> Principal | None:
    """Return an active user as one who may only read: for what is served to a secret address of its own."""
    found = store.standing_user(reading, user_id)
    if found is None:
        return None
    user, kind = found
    role = UserRole(user.role)
    return Principal(kind, user_id, OrganizationId(user.organization_id), role, frozenset({Scope.READ}))


def recognise(workshop: Workshop, authorization: str) -> tuple[Principal, float]:
    """Return who sends this Authorization header, and for how many seconds the credential itself goes on being valid.

    For callers that believe it for a moment (``kernel.lean``). Raises like ``authenticate``.
    """
    principal = authenticate(workshop, authorization)
    credential = authorization.partition(" ")[2].strip()
    if principal.anonymous or credential.startswith(API_KEY_PREFIX):
        return principal, float("inf")
    return principal, float(workshop.vault.keyring.read(ACCESS, credential)["exp"]) - machine_now().timestamp()


def _session_holder(workshop: Workshop, token: str) -> Principal:
    keyring: Keyring = workshop.vault.keyring
    try:
        claims = keyring.read(ACCESS, token)
    except InvalidTokenError:
        raise _unauthenticated("The access token is not valid or has expired.") from None
    with workshop.glance() as reading:
        standing = store.standing_session(reading, str(claims.get("session", "")))
        if standing is None or standing[1].id != claims["sub"] or _password_expired(reading, standing[1]):
            raise _unauthenticated("The session is over.")
    session, user, kind = standing
    return _principal(user, kind, session)


def _key_holder(workshop: Workshop, secret: str) -> Principal:
    with workshop.glance() as reading:
        standing = store.standing_key(reading, fingerprint(secret))
        if standing is None:
            raise _unauthenticated("The API key is not valid.")
        key, user, kind = standing
        stale = key.last_used_at is None or reading.now - key.last_used_at >= rules.KEY_USE_NOTED_EVERY
    if stale:
        _note_use(workshop, "API key", lambda work: store.note_key_use(work, key.id))
    scopes = frozenset(Scope(scope) for scope in key.scopes)
    return Principal(kind, UserId(user.id), OrganizationId(user.organization_id), UserRole(user.role), scopes)


def _note_use(workshop: Workshop, what: str, note: Callable[[Work], None]) -> None:
    """Record the use in a transaction of its own: the caller's may be read-only, or be rolled back."""
    try:
        with workshop.work(NOBODY) as work:
            note(work)
    except SQLAlchemyError:
        _LOG.warning("the use of a %s could not be noted", what, exc_info=True)


def _ends_at(work: Work, session: SessionRow) -> datetime:
    """Return when a session ends at last, however much it is used."""
    return session.created_at.astimezone(UTC) + timedelta(days=work.vault.settings.refresh_token_days)


def _principal(user: UserRow, kind: Kind, session: SessionRow | None = None) -> Principal:
    role = UserRole(user.role)
    return Principal(
        kind,
        UserId(user.id),
        OrganizationId(user.organization_id),
        role,
        session_id="" if session is None else session.id,
        limited=rules.first_do(
            kind,
            role,
            initial_password=user.password_expires_at is not None,
            factor_used=session is not None and session.factor_used_at is not None,
        ),
    )


def _password_expired(reading: Reading, user: UserRow) -> bool:
    return user.password_expires_at is not None and reading.now >= user.password_expires_at


def _unauthenticated(detail: str) -> UnauthenticatedError:
    return UnauthenticatedError(detail, headers={"WWW-Authenticate": "Bearer"})
