"""The use cases of text messages beside sending: planning, where a text's link leads, health and repetition."""

from datetime import UTC

from marketplace.kernel.errors import ConflictError, NotFoundError
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.work import Reading, Work
from notifications import delivering, planning, table
from notifications.channels import ChannelHealth, Trouble
from notifications.groups import ROLES, group_of, kind_of
from notifications.preferences.model import TextChoice
from notifications.preferences.rules import text_due_at
from notifications.row import Audience, Row, Severity, Urgency
from notifications.texting import plan_store, sending, store
from notifications.texting.events import TextRepeated
from notifications.texting.model import FAILED, Purpose, Status
from notifications.texting.plan_store import Texted
from notifications.texting.tables import TextDeliveryRow

NAME = "text messages"
_SHOWN = 100


class TextNotFailedError(ConflictError):
    """Only what has failed can be sent again: anything else is on its way, or was taken, or is a code of its time."""

    kind = "text-not-failed"
    title = "This text has not failed"


def plan(work: Work, position: int) -> None:
    """Plan the texts of all notices written in this transaction, whose positions begin at ``position``."""
    if not sending.is_on(work.vault.settings) or not plan_store.anybody(work):
        return
    events = plan_store.events_since(work, position)
    texted = sorted({one for event in events for row in table.rows_of(event) for one in texted_by(row)})
    if not texted:
        return
    due = planning.due(
        plan_store.moments(work, position, texted),
        lambda choice, timing, urgency: text_due_at(TextChoice(choice), timing, urgency, work.now),
    )
    if due:
        plan_store.plan(work, position, texted, due)


def texted_by(row: Row) -> list[Texted]:
    """Return which users a row of the table can reach by text: roles of a kind of organization.

    What went wrong calls the platform's admins out, as if it were urgent. What is only to know reaches nobody.
    """
    calls_out = row.audience is Audience.PLATFORM and row.severity is Severity.WARNING
    urgency = Urgency.NOW if calls_out else row.urgency
    if urgency is Urgency.LATER:
        return []
    group, kind = group_of(row), kind_of(row)
    return [Texted(row.event, kind, role, group, urgency) for role in sorted(role.value for role in ROLES[group])]


def health(reading: Reading) -> ChannelHealth:
    """Return how the channel does: what waits, what failed and why, without anybody's number."""
    troubles = [
        Trouble(
            id=row.id,
            organization_id=row.organization_id,
            reader=row.reader_id,
            what=title or "The code that confirms a number",
            status=row.status,
            attempts=row.attempts,
            reason=row.last_error,
            at=row.planned_for.astimezone(UTC),
            again=row.status in FAILED and row.purpose == Purpose.NOTICE,
        )
        for row, title in store.troubled(reading, _SHOWN)
    ]
    on = sending.is_on(reading.vault.settings)
    note = "" if on else "Nothing is texted: MARKETPLACE_TEXT_GATEWAY_URL is not set."
    return ChannelHealth(NAME, tuple(sorted(store.counts(reading))), store.oldest_waiting(reading), troubles, note)


def resend(work: Work, delivery_id: str) -> None:
    """Send a text again that failed, under the same id. Raises NotFoundError, TextNotFailedError."""
    row = delivering.locked(work, TextDeliveryRow, delivery_id)
    if row is None:
        raise NotFoundError
    if row.status not in FAILED or row.purpose != Purpose.NOTICE or delivering.waits_already(work, row):
        raise TextNotFailedError
    row.status, row.attempts, row.last_error = Status.WAITING, 0, ""
    row.due_at = row.planned_for = work.now
    work.append(TextRepeated(row.id, OrganizationId(row.organization_id)))
