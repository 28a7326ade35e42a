"""Every SQL statement on webhooks."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, any_, cast, exists, func, literal, text, tuple_, update
from sqlalchemy import delete as sql_delete
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased
from sqlmodel import SQLModel, col, select

from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.work import Reading, Work
from notifications.tables import NoticeRow
from notifications.webhooks import rules
from notifications.webhooks.model import TEST, Attempt, Because, Condition, Delivery, Endpoint, State
from notifications.webhooks.tables import WebhookAttemptRow, WebhookDeliveryRow, WebhookEndpointRow

_FIRST = text(
    "WITH oldest AS MATERIALIZED ("
    "  SELECT c.id, c.endpoint_id, c.due_at, c.ordinal FROM market.webhook_deliveries c"
    "  JOIN market.webhook_endpoints e ON e.id = c.endpoint_id"
    "  WHERE c.state = 'pending' AND c.due_at <= :now AND (c.taken_until IS NULL OR c.taken_until <= :now)"
    "  AND (e.condition = 'active' OR (e.condition <> 'removed' AND c.event = :test))"
    "  AND (e.failures >= :failures OR e.last_ms >= :slow_ms) = :troubled"
    "  AND (e.rests_until IS NULL OR e.rests_until <= :now)"
    "  AND NOT EXISTS (SELECT FROM market.webhook_deliveries p WHERE p.endpoint_id = c.endpoint_id"
    "    AND p.subject = c.subject AND p.state = 'pending' AND p.ordinal < c.ordinal)"
    "  ORDER BY c.due_at LIMIT :seen),"
    " ranked AS (SELECT id, due_at, row_number() OVER (PARTITION BY endpoint_id ORDER BY due_at, ordinal) AS place"
    "  FROM oldest),"
    " due AS (SELECT id FROM ranked WHERE place <= :each ORDER BY due_at LIMIT :most)"
    " SELECT id, (SELECT count(*) FROM oldest), (SELECT count(*) FROM due) FROM market.webhook_deliveries"
    " WHERE id IN (SELECT id FROM due) AND state = 'pending' AND (taken_until IS NULL OR taken_until <= :now)"
    " ORDER BY id FOR UPDATE SKIP LOCKED"
)
"""Looks at the deliveries that are due longest, ``seen`` of them: enough while many endpoints wait for a few each."""

_TAKE = text(
    "WITH due AS ("
    "  SELECT d.id FROM market.webhook_endpoints e CROSS JOIN LATERAL ("
    "    SELECT c.id, c.due_at FROM market.webhook_deliveries c"
    "    WHERE c.endpoint_id = e.id AND c.state = 'pending' AND c.due_at <= :now"
    "    AND (c.taken_until IS NULL OR c.taken_until <= :now) AND (e.condition = 'active' OR c.event = :test)"
    "    AND NOT EXISTS (SELECT FROM market.webhook_deliveries p WHERE p.endpoint_id = c.endpoint_id"
    "      AND p.subject = c.subject AND p.state = 'pending' AND p.ordinal < c.ordinal)"
    "    ORDER BY c.due_at, c.ordinal LIMIT :each) d"
    "  WHERE e.id IN (SELECT endpoint_id FROM market.webhook_deliveries"
    "    WHERE state = 'pending' AND due_at <= :now AND (taken_until IS NULL OR taken_until <= :now))"
    "  AND e.condition <> 'removed' AND (e.failures >= :failures OR e.last_ms >= :slow_ms) = :troubled"
    "  AND (e.rests_until IS NULL OR e.rests_until <= :now)"
    "  ORDER BY d.due_at LIMIT :most)"
    " SELECT id FROM market.webhook_deliveries WHERE id IN (SELECT id FROM due) AND state = 'pending'"
    " AND (taken_until IS NULL OR taken_until <= :now) ORDER BY id FOR UPDATE SKIP LOCKED"
)
"""Looks at all endpoints, so that one with a thousand messages hides no other.

Either way a delivery is due when nothing before it about the same subject is pending at the same endpoint, and the
endpoint does not rest. Two that take at once see the same first one of each subject: one of them gets it, the other
none of the subject.
"""
_SEEN_EACH = 8
"""For each delivery that is wanted, how many of those that are due longest are looked at first."""


_LOG = col(WebhookDeliveryRow.created_at), col(WebhookDeliveryRow.ordinal), col(WebhookDeliveryRow.id)
"""The order of the log: what was planned at one instant, in the order of the notices."""

_OLDEST = text(
    "SELECT min(d.due_at) FROM market.webhook_deliveries d JOIN market.webhook_endpoints e ON e.id = d.endpoint_id"
    " WHERE d.state = 'pending' AND d.due_at <= :now AND e.condition = 'active'"
    " AND (e.rests_until IS NULL OR e.rests_until <= :now)"
    " AND NOT EXISTS (SELECT FROM market.webhook_deliveries p WHERE p.endpoint_id = d.endpoint_id"
    "   AND p.subject = d.subject AND p.state = 'pending' AND p.ordinal < d.ordinal)"
)


def add(work: Work, row: SQLModel) -> None:
    """Write a new row."""
    work.session.add(row)
    work.session.flush()


def hold_places(work: Work, organization_id: OrganizationId) -> None:
    """Let nobody else add endpoints of the organization until the transaction ends."""
    work.session.connection().execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:organization, 7))"), {"organization": organization_id}
    )


def endpoints(reading: Reading, organization_id: OrganizationId) -> list[WebhookEndpointRow]:
    """Return the endpoints of an organization that it has not removed, the oldest first."""
    query = select(WebhookEndpointRow).where(
        WebhookEndpointRow.organization_id == organization_id, WebhookEndpointRow.condition != Condition.REMOVED
    )
    return list(reading.session.exec(query.order_by(col(WebhookEndpointRow.created_at), col(WebhookEndpointRow.id))))


def endpoint(
    reading: Reading, organization_id: OrganizationId, endpoint_id: str, *, lock: bool = False
) -> WebhookEndpointRow | None:
    """Return one endpoint of an organization; None for what is not its own, or removed."""
    query = select(WebhookEndpointRow).where(
        WebhookEndpointRow.id == endpoint_id,
        WebhookEndpointRow.organization_id == organization_id,
        WebhookEndpointRow.condition != Condition.REMOVED,
    )
    return reading.session.exec(query.with_for_update() if lock else query).one_or_none()


def cancel_all(work: Work, endpoint_id: str) -> None:
    """Cancel what an endpoint that is removed was still to get."""
    work.session.connection().execute(
        update(WebhookDeliveryRow)
        .where(col(WebhookDeliveryRow.endpoint_id) == endpoint_id, col(WebhookDeliveryRow.state) == State.PENDING)
        .values(state=State.CANCELLED, finished_at=work.now)
    )


def plan(work: Work, position: int) -> None:
    """Plan a delivery of each notice from ``position`` on to each endpoint that wants it, in one statement.

    A delivery of the notice whose body nobody has written yet stands for the new state, too. It is locked by that: who
    writes bodies waits, and reads the new state.
    """
    same = aliased(WebhookDeliveryRow)
    planned = exists().where(
        col(same.endpoint_id) == col(WebhookEndpointRow.id),
        col(same.notice_id) == col(NoticeRow.id),
        col(same.ordinal) == col(NoticeRow.ordinal),
    )
    wanted = (
        sql_select(
            _new_id(),
            col(WebhookEndpointRow.id),
            col(NoticeRow.organization_id),
            col(NoticeRow.id),
            col(NoticeRow.event),
            col(NoticeRow.subject_kind) + "/" + col(NoticeRow.subject_id),
            col(NoticeRow.ordinal),
            literal(State.PENDING.value),
            literal(0),
            col(NoticeRow.updated_at),
            literal(0),
            literal(work.now),
            literal(work.now),
            literal(work.now),
            literal(""),
        )
        .join(WebhookEndpointRow, col(WebhookEndpointRow.organization_id) == col(NoticeRow.organization_id))
        .where(
            col(NoticeRow.position) >= position,
            col(WebhookEndpointRow.condition) == Condition.ACTIVE,
            (func.cardinality(col(WebhookEndpointRow.events)) == 0)
            | (col(NoticeRow.event) == any_(col(WebhookEndpointRow.events))),
            ~planned,
        )
    )
    columns = ["id", "endpoint_id", "organization_id", "notice_id", "event", "subject", "ordinal", "state", "attempts"]
    columns += ["occurred_at", "attempts_before", "began_at", "created_at", "due_at", "last_error"]
    statement = upsert(WebhookDeliveryRow).from_select(columns, wanted)
    work.session.connection().execute(
        statement.on_conflict_do_update(
            index_elements=["endpoint_id", "notice_id"],
            index_where=text("state = 'pending' AND body IS NULL"),
            set_={"ordinal": statement.excluded.ordinal, "occurred_at": statement.excluded.occurred_at},
        )
    )


def _new_id() -> ColumnElement[str]:
    """Return an identifier in our alphabet, made by the database: one statement plans thousands."""
    digits = func.left(func.replace(cast(func.gen_random_uuid(), Text), "-", ""), 24)
    made: ColumnElement[str] = literal("msg_") + func.translate(digits, "0189", "ghij", type_=Text())
    return made


def take(work: Work, *, troubled: bool, each: int, most: int) -> list[WebhookDeliveryRow]:
    """Lock deliveries that are due: ``each`` of an endpoint, ``most`` altogether, of endpoints in trouble or of others.

    What another transaction holds is left to it.
    """
    parameters = {
        "now": work.now,
        "test": TEST,
        "each": each,
        "failures": rules.TROUBLE_FAILURES,
        "slow_ms": rules.TROUBLE_MS,
        "troubled": troubled,
        "most": most,
        "seen": most * _SEEN_EACH,
    }
    found = _taken(work, parameters)
    if not found:
        return []
    query = select(WebhookDeliveryRow).where(col(WebhookDeliveryRow.id).in_(found))
    return list(work.session.exec(query.order_by(col(WebhookDeliveryRow.due_at), col(WebhookDeliveryRow.ordinal))))


def _taken(work: Work, parameters: Mapping[str, Any]) -> list[str]:
    """Return the ids of deliveries that were locked: of those due longest, or of all where these give too few."""
    connection = work.session.connection()
    found = connection.execute(_FIRST, parameters).all()
    if found:
        _, seen, chosen = found[0]
        if chosen >= parameters["most"] or seen < parameters["seen"]:
            return [row[0] for row in found]
    return list(connection.execute(_TAKE, parameters).scalars())


def endpoints_by_id(work: Work, endpoint_ids: Sequence[str], *, lock: bool = False) -> dict[str, WebhookEndpointRow]:
    """Return endpoints by id; locked always in the same order."""
    query = select(WebhookEndpointRow).where(col(WebhookEndpointRow.id).in_(endpoint_ids))
    query = query.order_by(WebhookEndpointRow.id)
    return {row.id: row for row in work.session.exec(query.with_for_update() if lock else query)}


def locked(work: Work, delivery_ids: Sequence[str]) -> dict[str, WebhookDeliveryRow]:
    """Lock deliveries, always in the same order, and return them by id."""
    query = select(WebhookDeliveryRow).where(col(WebhookDeliveryRow.id).in_(delivery_ids))
    rows = work.session.exec(query.order_by(WebhookDeliveryRow.id).with_for_update())
    return {row.id: row for row in rows}


def hurry(work: Work, endpoint_id: str) -> None:
    """Let what waits for another attempt at an endpoint be due now: it answers again."""
    work.session.flush()
    work.session.connection().execute(
        update(WebhookDeliveryRow)
        .where(
            col(WebhookDeliveryRow.endpoint_id) == endpoint_id,
            col(WebhookDeliveryRow.state) == State.PENDING,
            col(WebhookDeliveryRow.attempts) > 0,
            col(WebhookDeliveryRow.due_at) > work.now,
        )
        .values(due_at=work.now)
    )


def deliveries(
    reading: Reading, endpoint_id: str, before: tuple[datetime, int, str] | None, limit: int, state: State | None
) -> list[Delivery]:
    """Return the deliveries to an endpoint, of one state or of all, the newest first."""
    query = select(WebhookDeliveryRow).where(WebhookDeliveryRow.endpoint_id == endpoint_id)
    if before is not None:
        query = query.where(tuple_(*_LOG) < before)
    if state is not None:
        query = query.where(WebhookDeliveryRow.state == state)
    query = query.order_by(*(column.desc() for column in _LOG)).limit(limit)
    return [delivery_of(row) for row in reading.session.exec(query)]


def delivery(reading: Reading, endpoint_id: str, delivery_id: str, *, lock: bool = False) -> WebhookDeliveryRow | None:
    """Return one delivery to an endpoint; None where there is none."""
    query = select(WebhookDeliveryRow).where(
        WebhookDeliveryRow.id == delivery_id, WebhookDeliveryRow.endpoint_id == endpoint_id
    )
    return reading.session.exec(query.with_for_update() if lock else query).one_or_none()


def pending_test(reading: Reading, endpoint_id: str) -> bool:
    """Tell whether a test is on its way to an endpoint."""
    query = select(WebhookDeliveryRow.id).where(
        WebhookDeliveryRow.endpoint_id == endpoint_id,
        WebhookDeliveryRow.event == TEST,
        WebhookDeliveryRow.state == State.PENDING,
    )
    return reading.session.exec(query.limit(1)).first() is not None


def attempts(reading: Reading, delivery_id: str) -> list[Attempt]:
    """Return the attempts of a delivery in their order."""
    query = select(WebhookAttemptRow).where(WebhookAttemptRow.delivery_id == delivery_id)
    return [
        Attempt(row.number, row.at.astimezone(UTC), row.status, row.duration_ms, row.answer, row.error)
        for row in reading.session.exec(query.order_by(col(WebhookAttemptRow.number)))
    ]


def forget(work: Work, before: datetime) -> None:
    """Forget deliveries that were finished before an instant, with their attempts."""
    work.session.connection().execute(
        sql_delete(WebhookDeliveryRow).where(
            col(WebhookDeliveryRow.state) != State.PENDING, col(WebhookDeliveryRow.finished_at) < before
        )
    )


def counts(reading: Reading) -> list[tuple[str, int]]:
    """Return how many deliveries of each state are in the log."""
    query = sql_select(col(WebhookDeliveryRow.state), func.count()).group_by(col(WebhookDeliveryRow.state))
    return [(state, number) for state, number in reading.session.execute(query)]


def oldest_waiting(reading: Reading) -> datetime | None:
    """Return since when the oldest delivery that could be tried now is due."""
    found = reading.session.execute(_OLDEST, {"now": reading.now}).scalar_one_or_none()
    return _utc(found)


def troubled(reading: Reading, limit: int) -> list[tuple[WebhookDeliveryRow, Condition]]:
    """Return deliveries that were given up or have failed and are tried again, the latest first."""
    state = col(WebhookDeliveryRow.state)
    query = (
        select(WebhookDeliveryRow, WebhookEndpointRow.condition)
        .join(WebhookEndpointRow, col(WebhookEndpointRow.id) == col(WebhookDeliveryRow.endpoint_id))
        .where((state == State.FAILED) | ((state == State.PENDING) & (col(WebhookDeliveryRow.attempts) > 0)))
        .order_by(col(WebhookDeliveryRow.created_at).desc(), col(WebhookDeliveryRow.id))
        .limit(limit)
    )
    return [(row, Condition(condition)) for row, condition in reading.session.exec(query)]


def any_delivery(work: Work, delivery_id: str) -> tuple[WebhookDeliveryRow, WebhookEndpointRow] | None:
    """Lock a delivery of whatever organization, and its endpoint before it; None where there is none."""
    row = work.session.get(WebhookDeliveryRow, delivery_id)
    if row is None:
        return None
    endpoint = endpoints_by_id(work, [row.endpoint_id], lock=True)[row.endpoint_id]
    work.session.refresh(row, with_for_update=True)
    return row, endpoint


def endpoint_of(row: WebhookEndpointRow) -> Endpoint:
    """Return an endpoint as its organization sees it."""
    return Endpoint(
        row.id,
        row.url,
        row.description,
        tuple(row.events),
        Condition(row.condition),
        row.created_at.astimezone(UTC),
        _utc(row.failing_since),
        _utc(row.disabled_at),
        Because(row.disabled_because) if row.disabled_because else None,
        _utc(row.previous_until),
        _utc(row.rests_until),
    )


def delivery_of(row: WebhookDeliveryRow) -> Delivery:
    """Return a delivery as its organization sees it."""
    state = State(row.state)
    return Delivery(
        row.id,
        row.event,
        row.subject,
        state,
        row.attempts,
        row.created_at.astimezone(UTC),
        _utc(row.due_at) if state is State.PENDING else None,
        _utc(row.finished_at) if state is State.DELIVERED else None,
        row.last_status,
        row.last_error,
        row.ordinal,
    )


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
