"""A desk's inbox in the database: its invitations by what it did with them and by whether the request still runs."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Text, any_, cast, func, literal, not_, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select

from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading
from sellers import service, store
from sellers.model import Invitation, InvitationStatus
from sellers.tables import InvitationRow


def page(
    reading: Reading,
    status: InvitationStatus | None,
    running: Collection[RequestId],
    behind: tuple[datetime, str] | None,
    limit: int,
) -> list[Invitation]:
    """Return the caller's invitations, newest first, behind an instant and id: those of ``status`` to ``running``.

    Without a status those to all other requests. Raises ProviderInactiveError.
    """
    order = (col(InvitationRow.received_at), col(InvitationRow.id))
    query = select(InvitationRow.id).where(InvitationRow.provider_id == service.own_active(reading).id)
    among = _among(running)
    query = query.where(not_(among)) if status is None else query.where(among, InvitationRow.status == status)
    if behind is not None:
        query = query.where(tuple_(*order) < behind)
    ids = list(reading.session.exec(query.order_by(*(column.desc() for column in order)).limit(limit)))
    found = {one.id: one for one in store.invitations_named(reading, ids)}
    return [found[ident] for ident in ids]  # type: ignore[index]


def tally(reading: Reading, running: Collection[RequestId]) -> dict[InvitationStatus | None, int]:
    """Return how many there are of each page: by status those to ``running``, and the others (None).

    Raises ProviderInactiveError.
    """
    among = _among(running)
    query = (
        select(among, InvitationRow.status, func.count())
        .where(InvitationRow.provider_id == service.own_active(reading).id)
        .group_by(among, col(InvitationRow.status))
    )
    counts: dict[InvitationStatus | None, int] = {None: 0, **dict.fromkeys(InvitationStatus, 0)}
    for runs, status, count in reading.session.exec(query):
        counts[InvitationStatus(status) if runs else None] += count
    return counts


def _among(running: Collection[RequestId]) -> ColumnElement[bool]:
    return col(InvitationRow.request_id) == any_(cast(literal(list(running), ARRAY(Text)), ARRAY(Text)))
