"""Proving and changing a password: counted before it is looked at, and hashed while no connection is held.

These use cases open their own short transactions, for two reasons: a failure must stay recorded although the caller
gets an error, and a hash costs so much time that logins would take all connections away from trade.
"""

import hashlib
import math

from marketplace.identity import rules, store
from marketplace.identity.errors import AccountSuspendedError, InitialPasswordExpiredError, WrongCredentialsError
from marketplace.identity.events import PasswordChanged
from marketplace.identity.model import Attempts
from marketplace.identity.tables import UserRow
from marketplace.kernel import logs
from marketplace.kernel.access import NOBODY, Kind, Principal
from marketplace.kernel.db import DatabaseRole
from marketplace.kernel.errors import FieldError, ForbiddenError, MalformedError, TooManyRequestsError
from marketplace.kernel.security import burn_time, hash_password, password_matches
from marketplace.kernel.texts import marked
from marketplace.kernel.work import Work, Workshop

_TOLD_OF_ACCOUNT = 12
"""Letters of the hash under which failures are counted: enough to tell attempts at one account from those at others."""
_SUSPENDED = marked(
    "The platform keeps it out until it reinstates it; your sessions have ended and your API keys rest. Ask your"
    " organization's admin or the platform's desk why, and to have it taken back."
)


def prove(workshop: Workshop, email: str, password: str, client: str) -> tuple[UserRow, Kind]:
    """Return the active account whose e-mail and password these are, and its organization's kind.

    The attempt counts as failed until ``forgive`` is called, so parallel guesses can't pass the limit. An unknown
    e-mail costs the same time and gets the same answer. Raises WrongCredentialsError, TooManyRequestsError, and
    AccountSuspendedError for the right password of an account that the platform keeps out.
    """
    email = rules.normal_email(email)
    with workshop.work(NOBODY) as work:
        _count(work, email, client)
        found = store.account_by_email(work, email)
    if found is None:
        burn_time(password)
    if found is None or not password_matches(password, found[0].password_hash) or not _may(found[0]):
        logs.watch("a sign-in failed", account=_account(email)[:_TOLD_OF_ACCOUNT], user=found[0].id if found else "")
        raise WrongCredentialsError
    return found


def _may(user: UserRow) -> bool:
    """Tell whether a user who knows the password may come in. Raises AccountSuspendedError."""
    if user.suspended_at is not None:
        logs.watch("a suspended user wants to sign in", user=user.id)
        raise AccountSuspendedError(_SUSPENDED)
    return user.active


def forgive(work: Work, email: str, client: str) -> None:
    """Record that the owner of an account came from ``client``: its failures are forgotten, and it is known."""
    store.lock_attempts(work, _account(email), client)
    store.save_attempts(work, _account(email), client, Attempts(succeeded_at=work.now))


def change_password(workshop: Workshop, principal: Principal, current: str, new: str, client: str) -> None:
    """Set the caller's own password; its other sessions end.

    Raises MalformedError when the current password is wrong or the new one weak, TooManyRequestsError after too many
    wrong ones, InitialPasswordExpiredError.
    """
    user = prove_own(workshop, principal, current, client, "/current_password")
    fault = rules.password_fault(new, current, (user.full_name, user.email))
    if fault:
        raise MalformedError(errors=(FieldError("/new_password", fault),))
    hashed = hash_password(new)
    with workshop.work(principal, DatabaseRole.APP) as work:
        row = still(work, user)
        row.password_hash, row.password_expires_at = hashed, None
        store.end_sessions(work, row.id, but=principal.session_id)
        forgive(work, row.email, client)
        work.append(PasswordChanged(principal.organization_id, principal.user_id))


def prove_own(workshop: Workshop, principal: Principal, password: str, client: str, pointer: str) -> UserRow:
    """Return the signed-in person's account after it said its password again; ``pointer``: where in the body.

    Raises ForbiddenError for an API key, MalformedError for a wrong password, TooManyRequestsError.
    """
    require_person(principal)
    with workshop.reading(principal, DatabaseRole.APP) as reading:
        row = store.user(reading, principal.user_id)
    if row is None:
        raise ForbiddenError
    try:
        return prove(workshop, row.email, password, client)[0]
    except WrongCredentialsError:
        raise MalformedError(errors=(FieldError(pointer, "is not your password"),)) from None


def still(work: Work, proven: UserRow) -> UserRow:
    """Return the locked row of a user that proved its password a moment ago.

    Raises WrongCredentialsError if that password was changed or the user deactivated since then,
    InitialPasswordExpiredError.
    """
    row = store.lock_user(work, proven.id)
    if row is None or not row.active or row.password_hash != proven.password_hash:
        raise WrongCredentialsError
    if row.password_expires_at is not None and work.tick() >= row.password_expires_at:
        raise InitialPasswordExpiredError
    return row


def require_person(principal: Principal) -> None:
    """Raise ForbiddenError for an API key: what opens an account is for its owner in person."""
    if principal.scopes is not None:
        raise ForbiddenError("An API key can't do this: sign in with your password.")


def _count(work: Work, email: str, client: str) -> None:
    """Count one failed attempt. Raises TooManyRequestsError, counting nothing, when it comes too early."""
    account = _account(email)
    own = store.lock_attempts(work, account, client)
    known = rules.is_known(own, work.now)
    # a known client never touches, nor waits for, what strangers do to the same account
    strangers = Attempts() if known else store.lock_attempts(work, account, rules.NEW_CLIENTS)
    now = work.tick()
    wait = rules.wait_before(own, strangers, now)
    if wait:
        seconds = math.ceil(wait.total_seconds())
        raise TooManyRequestsError(
            f"Too many failed attempts; try again in {seconds} seconds.", headers={"Retry-After": str(seconds)}
        )
    store.save_attempts(work, account, client, rules.with_failure(own, now))
    if not known:
        store.save_attempts(work, account, rules.NEW_CLIENTS, rules.with_failure(strangers, now))


def _account(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()
