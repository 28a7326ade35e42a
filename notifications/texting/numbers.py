"""Phone numbers: a user's own, set and confirmed by a code that is texted to it."""

import secrets
from datetime import UTC, timedelta

from marketplace.kernel import ids
from marketplace.kernel.access import Principal
from marketplace.kernel.db import DatabaseRole
from marketplace.kernel.errors import ConflictError, FieldError, MalformedError, NotFoundError
from marketplace.kernel.work import Reading, Work, Workshop
from notifications.texting import rules, sending, store
from notifications.texting.events import PhoneNumberConfirmed, PhoneNumberRemoved
from notifications.texting.model import Check, PhoneNumber, Purpose, Status
from notifications.texting.tables import TextDeliveryRow

_DAY = timedelta(days=1)


class NoTextsError(ConflictError):
    """This installation has nothing that takes texts."""

    kind = "no-text-messages"
    title = "This marketplace sends no text messages"


class CodeJustSentError(ConflictError):
    """A code was texted a moment ago."""

    kind = "code-just-sent"
    title = "A code was sent a moment ago: look at the phone, or try again in a minute"


class TooManyCodesError(ConflictError):
    """A user gets a limited number of codes in a day."""

    kind = "too-many-codes"
    title = "You have had all the codes of a day: try again tomorrow"


class CodeUsedUpError(ConflictError):
    """The code that was sent is good for nothing any more."""

    kind = "code-used-up"
    title = "This code is not good any more: have another one sent"


def own_number(reading: Reading) -> PhoneNumber | None:
    """Return the caller's phone number; None where it has set none."""
    row = store.number_of(reading, reading.principal.user_id)
    if row is None:
        return None
    until = row.code_until and row.code_until.astimezone(UTC)
    good = until if until is not None and until > reading.now and row.code_attempts < rules.CODE_ATTEMPTS else None
    confirmed_at = row.confirmed_at and row.confirmed_at.astimezone(UTC)
    return PhoneNumber(row.number, row.set_at.astimezone(UTC), confirmed_at, good if confirmed_at is None else None)


def set_number(work: Work, typed: str) -> None:
    """Set the caller's phone number and text it a code; it is used once the code was typed here.

    Raises MalformedError for what is no number, NoTextsError, CodeJustSentError, TooManyCodesError.
    """
    number = rules.normal_number(typed)
    if number is None:
        told = "write it with the country's code, such as +1 212 555 0100"
        raise MalformedError(errors=(FieldError("/number", told),))
    if not sending.is_on(work.vault.settings):
        raise NoTextsError
    user_id = work.principal.user_id
    code = "".join(secrets.choice("0123456789") for _ in range(rules.CODE_DIGITS))
    # first: whoever asks at the same time waits here, and is counted
    store.set_number(
        work,
        user_id,
        work.principal.organization_id,
        {"number": number, "code": _mark(work, code), "code_until": work.now + rules.CODE_VALID},
    )
    before = store.codes_since(work, user_id, work.now - _DAY)
    if before and work.now - before[0] < rules.CODE_PAUSE:
        raise CodeJustSentError
    if len(before) >= rules.CODES_A_DAY:
        raise TooManyCodesError
    store.drop_codes(work, user_id)
    row = TextDeliveryRow(
        id=ids.new("txt"),
        purpose=Purpose.CODE,
        notice_id=None,
        ordinal=0,
        organization_id=work.principal.organization_id,
        reader_id=user_id,
        status=Status.WAITING,
        sealed_code=work.vault.sealer(sending.SEALER).seal(code.encode()),
        created_at=work.now,
        planned_for=work.now,
        due_at=work.now,
    )
    store.add(work, row)


def confirm(workshop: Workshop, principal: Principal, typed: str) -> None:
    """Confirm the caller's phone number by its code: it is texted from now on. A wrong code counts, whatever follows.

    Raises NotFoundError where no number waits for its code, MalformedError for a wrong one, CodeUsedUpError.
    """
    with workshop.work(principal, DatabaseRole.APP) as work:
        found = _check(work, typed)
    if found is Check.WRONG:
        raise MalformedError(errors=(FieldError("/code", "is not the code that was sent last"),))
    if found is not Check.RIGHT:
        raise CodeUsedUpError


def remove_number(work: Work) -> None:
    """Text the caller no more. Raises NotFoundError."""
    if not store.remove_number(work, work.principal.user_id):
        raise NotFoundError
    store.drop_codes(work, work.principal.user_id)
    work.append(PhoneNumberRemoved(work.principal.organization_id, work.principal.user_id))


def _check(work: Work, typed: str) -> Check:
    row = store.locked_number(work, work.principal.user_id)
    if row is None or row.confirmed_at is not None or row.code_until is None:
        raise NotFoundError
    code = "".join(letter for letter in typed if letter.isdigit())
    found = rules.check_code(_mark(work, code), row.code, row.code_until, row.code_attempts, work.tick())
    row.code_attempts += 1
    if found is Check.RIGHT:
        row.confirmed_at, row.code, row.code_until = work.now, "", None
        work.append(PhoneNumberConfirmed(work.principal.organization_id, work.principal.user_id))
    return found


def _mark(work: Work, code: str) -> str:
    """Return a fingerprint of a user's code, which can't be found by trying all codes without our secret."""
    return work.vault.sealer(sending.SEALER).mark(f"{work.principal.user_id} {code}".encode())
