"""Addresses: shared ones of provider desks, their confirmation by a mailed link, and those that are spared."""

from datetime import UTC

from marketplace.kernel import ids
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.errors import ConflictError, ForbiddenError, NotFoundError
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.principals import Principal
from marketplace.kernel.work import Reading, Work
from notifications.mail import address_store, links, plan_store, rules, store
from notifications.mail.events import DeskAddressConfirmed, DeskAddressSet, SuppressionLifted
from notifications.mail.links import Aim
from notifications.mail.model import DeskAddress, Suppression
from notifications.mail.tables import MailAddressRow

_BOUNCES, _COMPLAINT = "bounces", "complaint"
_SHOWN = 200


class LinkJustSentError(ConflictError):
    """A link to confirm an address was mailed a moment ago."""

    kind = "link-just-sent"
    title = "A link was mailed a moment ago: look into the mailbox, or try again in some minutes"


def desk_address(reading: Reading) -> DeskAddress | None:
    """Return the shared address of the caller's desk. Raises ForbiddenError for who is no provider."""
    row = address_store.desk_address(reading, _own_desk(reading.principal))
    if row is None:
        return None
    confirmed = row.confirmed_at and row.confirmed_at.astimezone(UTC)
    return DeskAddress(row.address, row.set_at.astimezone(UTC), confirmed)


def set_desk_address(work: Work, address: str) -> None:
    """Set the shared address of the caller's desk and mail it a link; it is used once that was opened.

    Raises ForbiddenError, LinkJustSentError.
    """
    organization_id = _own_desk(work.principal, change=True)
    address_store.set_desk_address(work, organization_id, address.strip().lower())
    _mail_link(work, organization_id, organization_id, address.strip().lower())
    work.append(DeskAddressSet(OrganizationId(organization_id)))


def remove_desk_address(work: Work) -> None:
    """Mail the shared address of the caller's desk no more. Raises ForbiddenError, NotFoundError."""
    organization_id = _own_desk(work.principal, change=True)
    if not address_store.remove_desk_address(work, organization_id):
        raise NotFoundError
    work.append(DeskAddressSet(OrganizationId(organization_id), removed=True))


def ask_to_confirm(work: Work) -> None:
    """Mail the caller a link that confirms its own address, so that it is not spared any more.

    Raises NotFoundError, LinkJustSentError.
    """
    found = store.reader(work, work.principal.user_id)
    if found is None:
        raise NotFoundError
    _mail_link(work, work.principal.user_id, work.principal.organization_id, found[0])


def _mail_link(work: Work, reader_id: str, organization_id: str, address: str) -> None:
    before = plan_store.confirmation_asked_at(work, reader_id)
    if before is not None and work.now - before < rules.CONFIRMATION_PAUSE:
        raise LinkJustSentError
    plan_store.plan_confirmation(work, reader_id, organization_id, address)


def address_of_link(reading: Reading, token: str) -> str:
    """Return the address that a link confirms. Raises NotFoundError, LinkExpiredError."""
    return links.read(reading.vault, Aim.CONFIRM, token, reading.now)[1]


def confirm(work: Work, token: str) -> str:
    """Confirm an address by its link and return it: a shared one is used from now on, a spared one is mailed again.

    Raises NotFoundError, also when another address was set meanwhile; LinkExpiredError.
    """
    reader_id, address = links.read(work.vault, Aim.CONFIRM, token, work.now)
    desk = address_store.desk_address(work, reader_id)
    if desk is not None and desk.address == address:
        if desk.confirmed_at is None:
            desk.confirmed_at = work.now
            work.append(DeskAddressConfirmed(OrganizationId(reader_id)))
    else:
        found = store.reader(work, reader_id)
        if found is None or found[0] != address:
            raise NotFoundError
    trouble = address_store.address_trouble(work, address)
    if trouble is not None:
        _lift(work, trouble)
    return address


def own_address(reading: Reading) -> str:
    """Return the caller's own address; empty for who has no account."""
    found = store.reader(reading, reading.principal.user_id)
    return found[0] if found else ""


def own_suppression(reading: Reading, address: str) -> Suppression | None:
    """Return why an address of the caller's is not mailed; None while it is."""
    row = address_store.spared(reading, address)
    return None if row is None else _suppression(row)


def suppressions(reading: Reading) -> list[Suppression]:
    """Return what is not mailed, the latest first, without the addresses: those tell who a buyer is."""
    return [_suppression(row) for row in address_store.spared_addresses(reading, _SHOWN)]


def lift(work: Work, suppression_id: str) -> None:
    """Mail an address again. For the platform. Raises NotFoundError."""
    row = address_store.spared_by_id(work, suppression_id)
    if row is None:
        raise NotFoundError
    _lift(work, row)


def _lift(work: Work, row: MailAddressRow) -> None:
    if row.suppressed_at is not None:
        work.append(SuppressionLifted(row.id, OrganizationId(row.organization_id)))
    address_store.forget_trouble(work, row.address)


def note_bounce(work: Work, mail_id: str, reason: str) -> None:
    """Count that mail to an address came back for good; after some it is spared."""
    row = _trouble_of(work, mail_id)
    if row is None:
        return
    row.bounces, row.last_at = rules.bounces_after(row.bounces, row.last_at, work.now), work.now
    row.reason = rules.plain_reason(reason)
    if rules.is_spared(row.bounces) and row.suppressed_at is None:
        row.suppressed_at, row.cause = work.now, _BOUNCES
    address_store.save_trouble(work, row)


def note_complaint(work: Work, mail_id: str) -> None:
    """Spare an address whose reader called our mail spam."""
    row = _trouble_of(work, mail_id)
    if row is None:
        return
    row.suppressed_at, row.cause, row.last_at = row.suppressed_at or work.now, _COMPLAINT, work.now
    row.reason = "its reader called a mail spam"
    address_store.save_trouble(work, row)


def _trouble_of(work: Work, mail_id: str) -> MailAddressRow | None:
    """Return the locked record of the address that a mail went to."""
    mailed = next(iter(store.deliveries_of_mail(work, mail_id)), None)
    if mailed is None or not mailed.address:
        return None
    return address_store.address_trouble(work, mailed.address) or MailAddressRow(
        address=mailed.address,
        id=ids.new("sup"),
        reader_id=mailed.reader_id,
        organization_id=mailed.organization_id,
        bounces=0,
    )


def _suppression(row: MailAddressRow) -> Suppression:
    if row.suppressed_at is None:
        raise RuntimeError("an address that is mailed is not suppressed")
    since = row.suppressed_at.astimezone(UTC)
    return Suppression(row.id, row.reader_id, row.organization_id, row.cause, row.reason, since)


def _own_desk(principal: Principal, *, change: bool = False) -> str:
    if principal.kind is not Kind.PROVIDER:
        raise ForbiddenError("Desks of providers have shared addresses.")
    if change and principal.role is not UserRole.ADMIN:
        raise ForbiddenError("An admin of your organization sets its shared address.")
    return principal.organization_id
