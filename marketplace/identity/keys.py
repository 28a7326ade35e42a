"""What opens an account besides its password: the second factor with its recovery codes, and API keys."""

import secrets

import pyotp

from marketplace.identity import passwords, rules, store
from marketplace.identity.errors import NoPendingFactorError, TooManyKeysError
from marketplace.identity.events import ApiKeyCreated, ApiKeyRevoked, SecondFactorConfirmed
from marketplace.identity.model import ApiKey, Enrolment, NewApiKey
from marketplace.identity.sessions import API_KEY_PREFIX
from marketplace.identity.tables import ApiKeyRow
from marketplace.kernel import ids
from marketplace.kernel.access import PasswordChangeRequiredError, Principal, Scope
from marketplace.kernel.db import DatabaseRole
from marketplace.kernel.errors import FieldError, MalformedError, NotFoundError
from marketplace.kernel.security import fingerprint, new_secret
from marketplace.kernel.work import Reading, Work, Workshop

_ISSUER = "Tenderline"
_SHOWN_CHARACTERS = 10
_CODE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_CODE_LENGTH = 16
"""79 bits: too many to try against a stolen table of fast hashes."""


def start_second_factor(workshop: Workshop, principal: Principal, password: str, client: str) -> Enrolment:
    """Make the secret of a second factor for the caller; it counts, and replaces one in use, once it is confirmed.

    The password is asked for again. Raises as ``passwords.prove_own`` does, and PasswordChangeRequiredError while
    the password is the initial one.
    """
    user = passwords.prove_own(workshop, principal, password, client, "/password")
    if user.password_expires_at is not None:
        raise PasswordChangeRequiredError
    secret = pyotp.random_base32()
    with workshop.work(principal, DatabaseRole.APP) as work:
        row = passwords.still(work, user)
        row.pending_factor = work.vault.sealer(rules.FACTOR_PURPOSE).seal(secret.encode())
        passwords.forgive(work, row.email, client)
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=_ISSUER))


def confirm_second_factor(work: Work, code: str) -> tuple[str, ...]:
    """Put the caller's pending second factor to use with its first code; return ten recovery codes, readable once.

    Raises NoPendingFactorError, MalformedError for a wrong code, ForbiddenError for an API key.
    """
    passwords.require_person(work.principal)
    user = store.lock_user(work, work.principal.user_id)
    if user is None or user.pending_factor is None:
        raise NoPendingFactorError
    secret = work.vault.sealer(rules.FACTOR_PURPOSE).open(user.pending_factor).decode()
    step = rules.accepted_step(secret, code.replace(" ", ""), work.tick(), 0)
    if step is None:
        raise MalformedError(errors=(FieldError("/code", "is not the code that your app shows now"),))
    user.factor, user.pending_factor, user.factor_step = user.pending_factor, None, step
    codes = tuple(_recovery_code() for _ in range(rules.RECOVERY_CODES))
    store.set_recovery_codes(work, user.id, [fingerprint(rules.normal_recovery_code(code)) for code in codes])
    store.note_factor_used(work, work.principal.session_id)
    work.append(SecondFactorConfirmed(work.principal.organization_id, work.principal.user_id))
    return codes


def _recovery_code() -> str:
    letters = "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))
    return "-".join(letters[start : start + 4] for start in range(0, _CODE_LENGTH, 4))


def create_api_key(work: Work, name: str, scopes: frozenset[Scope]) -> NewApiKey:
    """Make an API key that acts for the caller, with its role and ``scopes`` at most.

    Raises TooManyKeysError, ForbiddenError when the caller is an API key itself.
    """
    passwords.require_person(work.principal)
    store.lock_user(work, work.principal.user_id)  # or parallel calls would pass the limit
    if len(store.keys_of(work, work.principal.user_id)) >= rules.MOST_API_KEYS:
        raise TooManyKeysError(f"You have {rules.MOST_API_KEYS} already.")
    secret = API_KEY_PREFIX + new_secret()
    row = ApiKeyRow(
        id=ids.new("key"),
        user_id=work.principal.user_id,
        name=name,
        fingerprint=fingerprint(secret),
        prefix=secret[:_SHOWN_CHARACTERS],
        scopes=sorted(scopes),
        created_at=work.now,
    )
    store.add(work, row)
    work.append(ApiKeyCreated(work.principal.organization_id, work.principal.user_id, row.id, tuple(sorted(scopes))))
    return NewApiKey(_key_of(row), secret)


def list_api_keys(reading: Reading) -> tuple[ApiKey, ...]:
    """Return the caller's API keys that are not revoked, the newest first. Raises ForbiddenError for an API key."""
    passwords.require_person(reading.principal)
    return tuple(_key_of(row) for row in store.keys_of(reading, reading.principal.user_id))


def revoke_api_key(work: Work, key_id: str) -> None:
    """Revoke one of the caller's API keys at once. Raises NotFoundError for anybody else's."""
    passwords.require_person(work.principal)
    if not store.revoke_key(work, work.principal.user_id, key_id):
        raise NotFoundError
    work.append(ApiKeyRevoked(work.principal.organization_id, work.principal.user_id, key_id))


def _key_of(row: ApiKeyRow) -> ApiKey:
    scopes = tuple(Scope(scope) for scope in row.scopes)
    return ApiKey(row.id, row.name, row.prefix, scopes, row.created_at, row.last_used_at, row.revoked_at)
