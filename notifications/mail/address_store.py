"""Every SQL statement on addresses: shared ones of desks, and those with trouble."""

from sqlalchemy import delete
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col

from marketplace.kernel.work import Reading, Work
from notifications.mail.tables import DeskAddressRow, MailAddressRow


def address_trouble(work: Work, address: str) -> MailAddressRow | None:
    """Return the locked record of an address that had trouble."""
    return work.session.get(MailAddressRow, address, with_for_update=True, populate_existing=True)


def save_trouble(work: Work, row: MailAddressRow) -> None:
    """Write the record of an address that had trouble."""
    work.session.add(row)
    work.session.flush()


def forget_trouble(work: Work, address: str) -> bool:
    """Forget the trouble of an address; tell whether it was spared."""
    statement = delete(MailAddressRow).where(col(MailAddressRow.address) == address)
    found = work.session.execute(statement.returning(col(MailAddressRow.suppressed_at))).scalar_one_or_none()
    return found is not None


def spared_addresses(reading: Reading, limit: int) -> list[MailAddressRow]:
    """Return the addresses that are not mailed, the latest first."""
    row = MailAddressRow
    query = sql_select(row).where(col(row.suppressed_at).is_not(None)).order_by(col(row.suppressed_at).desc())
    return list(reading.session.execute(query.limit(limit)).scalars())


def spared(reading: Reading, address: str) -> MailAddressRow | None:
    """Return the record of an address that is not mailed; None while it is."""
    row = reading.session.get(MailAddressRow, address)
    return row if row is not None and row.suppressed_at is not None else None


def spared_by_id(work: Work, suppression_id: str) -> MailAddressRow | None:
    """Return the locked record of an address that is not mailed, by its id in lists."""
    row = MailAddressRow
    query = sql_select(row).where(col(row.id) == suppression_id).with_for_update()
    return work.session.execute(query).scalar_one_or_none()


def desk_address(reading: Reading, organization_id: str) -> DeskAddressRow | None:
    """Return a provider's shared address."""
    return reading.session.get(DeskAddressRow, organization_id)


def set_desk_address(work: Work, organization_id: str, address: str) -> None:
    """Set a provider's shared address, which nobody has confirmed yet."""
    values = {"address": address, "set_at": work.now, "confirmed_at": None}
    statement = upsert(DeskAddressRow).values(organization_id=organization_id, **values)
    work.session.connection().execute(statement.on_conflict_do_update(index_elements=["organization_id"], set_=values))
    work.session.expire_all()


def remove_desk_address(work: Work, organization_id: str) -> bool:
    """Remove a provider's shared address; tell whether there was one."""
    statement = delete(DeskAddressRow).where(col(DeskAddressRow.organization_id) == organization_id)
    return bool(work.session.connection().execute(statement).rowcount)
