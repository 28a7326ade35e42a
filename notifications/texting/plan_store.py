"""Every SQL statement of planning texts: who wants to be texted of new notices and when, in sets."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Subquery, Text, and_, case, exists, func, literal
from sqlalchemy import cast as sql_cast
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col

from marketplace.identity import service as identity
from marketplace.kernel.access import Kind
from marketplace.kernel.work import Reading, Work
from notifications import planning
from notifications.planning import Due, Moment
from notifications.preferences.model import TextChoice
from notifications.preferences.tables import PreferenceRow
from notifications.service import PLATFORM
from notifications.tables import NoticeRow
from notifications.texting.model import Purpose, Status
from notifications.texting.tables import PhoneNumberRow, TextDeliveryRow


@dataclass(frozen=True, slots=True, order=True)
class Texted:
    """That an event is texted to users of a kind of organization and a role, in which group and how urgently."""

    event: str
    kind: str
    role: str
    group: str
    urgency: str


def anybody(reading: Reading) -> bool:
    """Tell whether any user can be texted at all."""
    query = sql_select(exists().where(col(PhoneNumberRow.confirmed_at).is_not(None)))
    return bool(reading.session.execute(query).scalar_one())


def events_since(work: Work, position: int) -> frozenset[str]:
    """Return of what events notices were written since a position."""
    query = sql_select(col(NoticeRow.event)).where(col(NoticeRow.position) >= position)
    return frozenset(work.session.execute(query.distinct()).scalars())


def moments(work: Work, position: int, texted: Sequence[Texted]) -> list[Moment]:
    """Return the different ways in which readers of the notices since a position want to be texted."""
    return planning.moments(work, _wanted(position, texted))


def plan(work: Work, position: int, texted: Sequence[Texted], due: Due) -> int:
    """Plan texts of these notices to all that want them, each at its moment's instant, in one statement.

    What is planned, or waits already, is not planned again.
    """
    wanted = _wanted(position, texted)
    instants = planning.instants(due)
    chosen = sql_select(
        planning.new_id("txt"),
        literal(Purpose.NOTICE.value),
        wanted.c.notice_id,
        wanted.c.ordinal,
        wanted.c.organization_id,
        wanted.c.reader_id,
        literal(Status.WAITING.value),
        literal(0),
        literal(""),
        literal(work.now),
        instants.c.at,
        instants.c.at,
    ).join(instants, planning.at_its_moment(wanted, instants))
    columns = ["id", "purpose", "notice_id", "ordinal", "organization_id", "reader_id", "status", "attempts"]
    columns += ["last_error", "created_at", "planned_for", "due_at"]
    statement = upsert(TextDeliveryRow).from_select(columns, chosen).on_conflict_do_nothing()
    return int(work.session.connection().execute(statement).rowcount)


def _wanted(position: int, texted: Sequence[Texted]) -> Subquery:
    """Return notices by reader, with what the reader has chosen for their group; without those that want none."""
    names = ("event", "kind", "role", "group", "urgency")
    table = (
        func.unnest(*(literal([getattr(one, name) for one in texted], ARRAY(Text)) for name in names))
        .table_valued(*names, name="texted")
        .render_derived()
    )
    people = identity.people()
    shown_as = case((people.c.kind == Kind.PLATFORM.value, literal(PLATFORM)), else_=people.c.organization_id)
    choice = func.coalesce(
        func.jsonb_extract_path_text(col(PreferenceRow.texts), table.c.group), literal(TextChoice.URGENT.value)
    )
    return (
        sql_select(
            col(NoticeRow.id).label("notice_id"),
            col(NoticeRow.ordinal),
            col(NoticeRow.organization_id),
            people.c.id.label("reader_id"),
            choice.label("choice"),
            table.c.urgency.label("urgency"),
            func.coalesce(sql_cast(col(PreferenceRow.timing), Text), literal("")).label("timing"),
        )
        .select_from(PhoneNumberRow)
        .join(people, people.c.id == col(PhoneNumberRow.user_id))
        .join(NoticeRow, col(NoticeRow.organization_id) == shown_as)
        .join(
            table,
            and_(table.c.event == col(NoticeRow.event), table.c.kind == people.c.kind, table.c.role == people.c.role),
        )
        .outerjoin(PreferenceRow, col(PreferenceRow.reader_id) == people.c.id)
        .where(
            col(PhoneNumberRow.confirmed_at).is_not(None),
            col(NoticeRow.position) >= position,
            choice != TextChoice.OFF.value,
        )
        .subquery("wanted")
    )
