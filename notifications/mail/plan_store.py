"""Every SQL statement of planning mail: who wants to be told of new notices and when, in sets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Subquery,
    Text,
    and_,
    case,
    func,
    literal,
    or_,
    union_all,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col

from marketplace.identity import service as identity
from marketplace.kernel import ids
from marketplace.kernel.access import Kind
from marketplace.kernel.work import Reading, Work
from notifications import planning
from notifications.mail.model import Purpose, Status
from notifications.mail.tables import DeskAddressRow, MailDeliveryRow
from notifications.planning import Due, Moment
from notifications.preferences.model import Choice
from notifications.preferences.tables import PreferenceRow
from notifications.service import PLATFORM
from notifications.tables import NoticeRow

SHARED = "shared"
"""The role of a desk's shared address, which is nobody's."""


@dataclass(frozen=True, slots=True, order=True)
class Told:
    """That an event tells readers of a kind of organization and a role, and in which group."""

    event: str
    kind: str
    role: str
    group: str


@dataclass(frozen=True, slots=True)
class News:
    """Of what events notices were written since a position, and for whom."""

    position: int
    events: frozenset[str]
    organization_ids: tuple[str, ...]


def news_since(work: Work, position: int) -> News:
    """Return what notices were written since a position."""
    query = sql_select(col(NoticeRow.event), col(NoticeRow.organization_id)).where(col(NoticeRow.position) >= position)
    found = work.session.execute(query.distinct()).all()
    return News(position, frozenset(row[0] for row in found), tuple(sorted({row[1] for row in found})))


def moments(work: Work, news: News, told: Sequence[Told]) -> list[Moment]:
    """Return the different ways in which readers of these notices want to be told."""
    return planning.moments(work, _wanted(news, told))


def plan(work: Work, news: News, told: Sequence[Told], due: Due) -> int:
    """Plan deliveries of these notices to all that want them, each at its moment's instant.

    One statement for however many readers. What is planned, or waits already, is not planned again.
    """
    wanted = _wanted(news, told)
    instants = planning.instants(due)
    chosen = sql_select(
        planning.new_id("dlv"),
        literal(Purpose.NOTICE.value),
        wanted.c.notice_id,
        wanted.c.ordinal,
        wanted.c.organization_id,
        wanted.c.reader_id,
        literal(""),
        literal(0),
        literal(Status.WAITING.value),
        literal(0),
        literal(""),
        literal(work.now),
        instants.c.at,
        instants.c.at,
    ).join(instants, planning.at_its_moment(wanted, instants))
    columns = ["id", "purpose", "notice_id", "ordinal", "organization_id", "reader_id", "address", "edition", "status"]
    columns += ["attempts", "last_error", "created_at", "planned_for", "due_at"]
    statement = upsert(MailDeliveryRow).from_select(columns, chosen).on_conflict_do_nothing()
    return int(work.session.connection().execute(statement).rowcount)


def _wanted(news: News, told: Sequence[Told]) -> Subquery:
    """Return notices by reader, with what the reader has chosen for their group; without those that want none."""
    table = (
        func.unnest(
            *(literal([getattr(one, name) for one in told], ARRAY(Text)) for name in ("event", "kind", "role", "group"))
        )
        .table_valued("event", "kind", "role", "group", name="told")
        .render_derived()
    )
    readers = readers_of(news.organization_ids)
    choice = func.coalesce(
        func.jsonb_extract_path_text(col(PreferenceRow.choices), table.c.group), literal(Choice.BY_WEIGHT.value)
    )
    return (
        sql_select(
            col(NoticeRow.id).label("notice_id"),
            col(NoticeRow.ordinal),
            col(NoticeRow.organization_id),
            readers.c.id.label("reader_id"),
            choice.label("choice"),
            col(NoticeRow.urgency).label("urgency"),
            func.coalesce(sql_cast(col(PreferenceRow.timing), Text), literal("")).label("timing"),
        )
        .select_from(NoticeRow)
        .join(readers, readers.c.organization_id == col(NoticeRow.organization_id))
        .join(
            table,
            and_(table.c.event == col(NoticeRow.event), table.c.kind == readers.c.kind, table.c.role == readers.c.role),
        )
        .outerjoin(PreferenceRow, col(PreferenceRow.reader_id) == readers.c.id)
        .where(col(NoticeRow.position) >= news.position, choice != Choice.OFF.value)
        .subquery("wanted")
    )


def readers_of(organization_ids: Sequence[str] | None = None) -> Subquery:
    """Return who can be mailed: users by the organization under which their notices stand, and shared addresses.

    ``organization_ids``: of these organizations alone, so that nobody else's users are looked at.
    """
    people = identity.people()
    shown_as = case((people.c.kind == Kind.PLATFORM.value, literal(PLATFORM)), else_=people.c.organization_id)
    users = sql_select(people.c.id, shown_as.label("organization_id"), people.c.kind, people.c.role, people.c.email)
    desks = sql_select(
        col(DeskAddressRow.organization_id),
        col(DeskAddressRow.organization_id),
        literal(Kind.PROVIDER.value),
        literal(SHARED),
        col(DeskAddressRow.address),
    ).where(col(DeskAddressRow.confirmed_at).is_not(None))
    if organization_ids is not None:
        of_these = literal(list(organization_ids), ARRAY(Text))
        own = people.c.organization_id == func.any(of_these)
        platform = people.c.kind == Kind.PLATFORM.value
        users = users.where(or_(own, platform) if PLATFORM in organization_ids else own)
        desks = desks.where(col(DeskAddressRow.organization_id) == func.any(of_these))
    return union_all(users, desks).subquery("readers")


def plan_confirmation(work: Work, reader_id: str, organization_id: str, address: str) -> None:
    """Plan the mail that asks whether an address is right, for now."""
    work.session.add(
        MailDeliveryRow(
            id=ids.new("dlv"),
            purpose=Purpose.CONFIRMATION,
            notice_id=None,
            ordinal=0,
            organization_id=organization_id,
            reader_id=reader_id,
            address=address,
            status=Status.WAITING,
            created_at=work.now,
            planned_for=work.now,
            due_at=work.now,
        )
    )
    work.session.flush()


def confirmation_asked_at(reading: Reading, reader_id: str) -> datetime | None:
    """Return when a confirmation was last planned for a reader."""
    query = sql_select(func.max(col(MailDeliveryRow.created_at))).where(
        col(MailDeliveryRow.reader_id) == reader_id, col(MailDeliveryRow.purpose) == Purpose.CONFIRMATION.value
    )
    found: datetime | None = reading.session.execute(query).scalar_one()
    return found
