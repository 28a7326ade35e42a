"""What an organization does with its webhooks, and what becomes of an attempt to deliver."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from marketplace.kernel import ids, pagination
from marketplace.kernel.access import Kind, Principal
from marketplace.kernel.config import Profile
from marketplace.kernel.errors import FieldError, MalformedError, NotFoundError
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.sealing import Sealer
from marketplace.kernel.vault import Vault
from marketplace.kernel.work import Reading, Work
from notifications import store as notices
from notifications.channels import ChannelHealth, Trouble
from notifications.model import Notice
from notifications.row import Severity, Subject
from notifications.schemas import NoticeOutput
from notifications.service import inbox_of
from notifications.webhooks import addresses, events, resolving, rules, store
from notifications.webhooks.addresses import RefusedError, Resolver
from notifications.webhooks.model import (
    TEST,
    Attempt,
    Condition,
    Delivery,
    Endpoint,
    Message,
    NewSecret,
    Outcome,
    State,
    Wanted,
)
from notifications.webhooks.tables import WebhookAttemptRow, WebhookDeliveryRow, WebhookEndpointRow

NAME = "webhooks"
_PURPOSE = "webhooks"
_LONGEST_ORDINAL = 18
_TROUBLES = 100
"""Deliveries in trouble that the back office shows."""


def loopback_allowed(vault: Vault) -> bool:
    """Tell whether plain http to this machine is allowed: in development, where it was asked for."""
    return vault.settings.profile is Profile.DEVELOPMENT and vault.settings.webhook_loopback


def event_types(principal: Principal) -> tuple[str, ...]:
    """Return the types of notices that the caller's organization can get."""
    return rules.types_for(principal.kind)


def event_titles(principal: Principal) -> Mapping[str, str]:
    """Return the same types, each with the title of its notice."""
    return rules.titles_for(principal.kind)


def list_endpoints(reading: Reading) -> tuple[Endpoint, ...]:
    """Return the webhooks of the caller's organization, the oldest first."""
    return tuple(map(store.endpoint_of, store.endpoints(reading, inbox_of(reading.principal))))


def read_endpoint(reading: Reading, endpoint_id: str) -> Endpoint:
    """Return one of them. Raises NotFoundError."""
    return store.endpoint_of(_own(reading, endpoint_id))


def create_endpoint(work: Work, wanted: Wanted, resolve: Resolver = resolving.system) -> NewSecret:
    """Add a webhook of the caller's organization, with a secret that is shown now and never again.

    Raises MalformedError for an address that is not called or a type that never comes, TooManyEndpointsError.
    """
    wanted = _checked(work, wanted, resolve)
    organization_id = inbox_of(work.principal)
    store.hold_places(work, organization_id)
    if len(store.endpoints(work, organization_id)) >= rules.MOST_ENDPOINTS:
        raise rules.TooManyEndpointsError(f"You have {rules.MOST_ENDPOINTS} already.")
    secret = secrets.token_bytes(rules.SECRET_BYTES)
    row = WebhookEndpointRow(
        id=ids.new("whk"),
        organization_id=organization_id,
        kind=work.principal.kind,
        url=wanted.url,
        description=wanted.description,
        events=list(wanted.events),
        condition=Condition.ACTIVE if wanted.active else Condition.PAUSED,
        secret=_sealer(work).seal(secret),
        created_at=work.now,
        created_by=work.principal.user_id,
    )
    store.add(work, row)
    work.append(events.WebhookCreated(row.kind, work.principal.organization_id, row.id))
    return NewSecret(store.endpoint_of(row), rules.secret_text(secret))


def change_endpoint(work: Work, endpoint_id: str, wanted: Wanted, resolve: Resolver = resolving.system) -> Endpoint:
    """Change a webhook; with ``active`` one that was disabled is sent to again. Raises as ``create_endpoint`` does."""
    wanted = _checked(work, wanted, resolve)
    row = _own(work, endpoint_id, lock=True)
    row.url, row.description, row.events = wanted.url, wanted.description, list(wanted.events)
    if wanted.active and row.condition != Condition.ACTIVE:
        row.failures, row.last_ms, row.failing_since, row.disabled_at, row.disabled_because = 0, 0, None, None, ""
        row.rests_until = None
        store.hurry(work, row.id)
    if wanted.active or row.condition == Condition.ACTIVE:
        row.condition = Condition.ACTIVE if wanted.active else Condition.PAUSED
    work.append(events.WebhookChanged(row.kind, work.principal.organization_id, row.id))
    return store.endpoint_of(row)


def renew_secret(work: Work, endpoint_id: str) -> NewSecret:
    """Give a webhook a new secret; messages are signed with the one before, too, for ``rules.ROTATION``."""
    row = _own(work, endpoint_id, lock=True)
    secret = secrets.token_bytes(rules.SECRET_BYTES)
    row.previous_secret, row.previous_until = row.secret, work.now + rules.ROTATION
    row.secret = _sealer(work).seal(secret)
    work.append(events.WebhookSecretRenewed(row.kind, work.principal.organization_id, row.id))
    return NewSecret(store.endpoint_of(row), rules.secret_text(secret))


def remove_endpoint(work: Work, endpoint_id: str) -> None:
    """Take a webhook away with its secrets; what it was still to get is cancelled. Raises NotFoundError."""
    row = _own(work, endpoint_id, lock=True)
    row.condition, row.secret, row.previous_secret, row.previous_until = Condition.REMOVED, b"", None, None
    store.cancel_all(work, row.id)
    work.append(events.WebhookRemoved(row.kind, work.principal.organization_id, row.id))


def send_test(work: Work, endpoint_id: str) -> Delivery:
    """Send a message that says nothing else, also to a webhook that is not active. Raises TestWaitsError."""
    endpoint = _own(work, endpoint_id, lock=True)
    if store.pending_test(work, endpoint.id):
        raise rules.TestWaitsError("It stands in the log.")
    message_id = ids.new("msg")
    data = Notice(
        id=ids.new("ntc"),
        ordinal=0,
        event=TEST,
        severity=Severity.INFO,
        subject=Subject.WEBHOOK,
        subject_id=endpoint.id,
        title="A test",
        text="Your webhook receives messages of Tenderline.",
        count=1,
        created_at=work.now,
        updated_at=work.now,
        read=False,
    )
    row = WebhookDeliveryRow(
        id=message_id,
        endpoint_id=endpoint.id,
        organization_id=endpoint.organization_id,
        event=TEST,
        subject=f"{Subject.WEBHOOK}/{endpoint.id}/{message_id}",
        ordinal=0,
        state=State.PENDING,
        body=_body(data),
        began_at=work.now,
        occurred_at=work.now,
        created_at=work.now,
        due_at=work.now,
    )
    store.add(work, row)
    return store.delivery_of(row)


def log(
    reading: Reading, endpoint_id: str, after: str | None, limit: int, state: State | None = None
) -> tuple[list[Delivery], str | None]:
    """Return a page of the deliveries to a webhook, the newest first, and the cursor of the next page."""
    endpoint = _own(reading, endpoint_id)
    found = store.deliveries(reading, endpoint.id, _place(after), limit + 1, state)
    return pagination.page_of(found, limit, lambda one: (one.created_at.isoformat(), f"{one.ordinal} {one.id}"))


def read_delivery(reading: Reading, endpoint_id: str, delivery_id: str) -> tuple[Delivery, list[Attempt]]:
    """Return a delivery with its attempts. Raises NotFoundError."""
    found = store.delivery(reading, _own(reading, endpoint_id).id, delivery_id)
    if found is None:
        raise NotFoundError
    return store.delivery_of(found), store.attempts(reading, found.id)


def redeliver(work: Work, endpoint_id: str, delivery_id: str) -> Delivery:
    """Send a message again at once, with the same id and body; the attempts of the schedule begin anew.

    Raises NotDeliverableError unless the webhook is active, NotFoundError.
    """
    endpoint = _own(work, endpoint_id, lock=True)
    row = store.delivery(work, endpoint.id, delivery_id, lock=True)
    if row is None:
        raise NotFoundError
    _again(work, row, endpoint)
    return store.delivery_of(row)


def health(reading: Reading) -> ChannelHealth:
    """Return how the channel does, without the address of anybody's system."""
    troubles = [
        Trouble(
            id=row.id,
            organization_id=row.organization_id,
            reader=row.endpoint_id,
            what=row.event,
            status=row.state,
            attempts=row.attempts,
            reason=row.last_error or f"answered {row.last_status}",
            at=row.created_at.astimezone(UTC),
            again=condition is Condition.ACTIVE or row.event == TEST,
        )
        for row, condition in store.troubled(reading, _TROUBLES)
    ]
    return ChannelHealth(NAME, tuple(sorted(store.counts(reading))), store.oldest_waiting(reading), troubles)


def resend(work: Work, delivery_id: str) -> None:
    """Send a message of whatever organization again. Raises NotFoundError, NotDeliverableError."""
    found = store.any_delivery(work, delivery_id)
    if found is None:
        raise NotFoundError
    row, endpoint = found
    _again(work, row, endpoint)
    work.append(events.WebhookMessageRepeated(OrganizationId(row.organization_id), endpoint.id, row.id))


def take(work: Work, lease_until: datetime, *, troubled: bool, each: int, most: int) -> list[Message]:
    """Take messages that are due until ``lease_until``, and write the bodies of those that have none yet."""
    rows = store.take(work, troubled=troubled, each=each, most=most)
    if not rows:
        return []
    endpoints = store.endpoints_by_id(work, [row.endpoint_id for row in rows])
    known = notices.notices_by_id(work, [row.notice_id for row in rows if row.body is None and row.notice_id])
    messages = []
    for row in rows:
        if row.body is None and row.notice_id is not None:
            row.body = _body(known[row.notice_id])
        row.taken_until = lease_until
        messages.append(_message(work, row, endpoints[row.endpoint_id]))
    return messages


def record(work: Work, sent: Sequence[tuple[Message, Outcome]], draw: Callable[[], float]) -> None:
    """Record what came of attempts: endpoints first and in one order, so that two who record don't block each other."""
    endpoints = store.endpoints_by_id(work, [message.endpoint_id for message, _ in sent], lock=True)
    deliveries = store.locked(work, [message.id for message, _ in sent])
    for message, outcome in sent:
        delivery, endpoint = deliveries[message.id], endpoints[message.endpoint_id]
        delivery.attempts += 1
        delivery.taken_until = None
        delivery.last_status, delivery.last_error = outcome.status, outcome.error
        work.session.add(
            WebhookAttemptRow(
                delivery_id=delivery.id,
                number=delivery.attempts,
                organization_id=delivery.organization_id,
                at=message.sent_at,
                status=outcome.status,
                duration_ms=outcome.duration_ms,
                answer=outcome.answer,
                error=outcome.error,
            )
        )
        if delivery.state == State.PENDING:
            _settle(work, delivery, outcome, draw())
        _note(work, endpoint, outcome)


def forget_old(work: Work) -> None:
    """Forget what has stood in the log for ``rules.KEPT``."""
    store.forget(work, work.now - rules.KEPT)


def _again(work: Work, row: WebhookDeliveryRow, endpoint: WebhookEndpointRow) -> None:
    """Let a message be due now, with its whole schedule before it. Raises NotDeliverableError."""
    if endpoint.condition == Condition.REMOVED or (endpoint.condition != Condition.ACTIVE and row.event != TEST):
        raise rules.NotDeliverableError("Make it active first.")
    row.attempts_before, row.began_at = row.attempts, work.now
    row.state, row.due_at, row.finished_at = State.PENDING, work.now, None


def _settle(work: Work, delivery: WebhookDeliveryRow, outcome: Outcome, draw: float) -> None:
    tried = rules.Tried(delivery.attempts - delivery.attempts_before, delivery.began_at)
    verdict = rules.verdict(outcome, tried, work.now, draw)
    if verdict.again_at is not None:
        delivery.due_at = verdict.again_at
        return
    delivery.state = State.DELIVERED if verdict.delivered else State.FAILED
    delivery.finished_at = work.now


def _note(work: Work, endpoint: WebhookEndpointRow, outcome: Outcome) -> None:
    """Note how an endpoint does, and disable it where nothing arrives any more."""
    endpoint.last_ms = outcome.duration_ms
    if rules.succeeded(outcome):
        if endpoint.failing_since is not None and work.now - endpoint.failing_since >= rules.DOWN:
            store.hurry(work, endpoint.id)
        endpoint.failures, endpoint.failing_since = 0, None
        return
    endpoint.failures += 1
    asked = rules.asked_wait(outcome.retry_after, work.now)
    if asked:  # what asks for time gets it from all its messages
        endpoint.rests_until = max(endpoint.rests_until or work.now, work.now + asked)
    endpoint.failing_since = endpoint.failing_since or work.now
    because = rules.disabled_because(Condition(endpoint.condition), outcome, endpoint.failing_since, work.now)
    if because is None:
        return
    endpoint.condition, endpoint.disabled_at, endpoint.disabled_because = Condition.DISABLED, work.now, because
    owner = OrganizationId(endpoint.organization_id)
    work.append(
        events.WebhookDisabled(
            endpoint.id,
            buyer_id=owner if endpoint.kind == Kind.BUYER else None,
            provider_id=owner if endpoint.kind == Kind.PROVIDER else None,
            because=because,
        )
    )


def _place(cursor: str | None) -> tuple[datetime, int, str] | None:
    """Return where a page of the log begins. Raises MalformedError."""
    moment = pagination.decode_moment(cursor)
    if moment is None:
        return None
    at, (ordinal, _, ident) = moment[0], moment[1].partition(" ")
    if not ordinal.isascii() or not ordinal.isdigit() or len(ordinal) > _LONGEST_ORDINAL:
        problem = FieldError("query/after", "use the 'next' of the page before")
        raise MalformedError("The cursor is not one of ours.", errors=(problem,))
    return at, int(ordinal), ident


def _own(reading: Reading, endpoint_id: str, *, lock: bool = False) -> WebhookEndpointRow:
    row = store.endpoint(reading, inbox_of(reading.principal), endpoint_id, lock=lock)
    if row is None:
        raise NotFoundError
    return row


def _checked(work: Work, wanted: Wanted, resolve: Resolver) -> Wanted:
    """Return what is wanted with its types in order. Raises MalformedError."""
    chosen = rules.check_types(work.principal.kind, wanted.events)
    try:
        target = addresses.target_of(wanted.url, loopback=loopback_allowed(work.vault))
        addresses.allowed(target, resolving.looked_up(resolve, target.host, target.port))
    except RefusedError as refused:
        raise MalformedError(errors=(FieldError("/url", str(refused)),)) from None
    return replace(wanted, events=chosen)


def _message(work: Work, row: WebhookDeliveryRow, endpoint: WebhookEndpointRow) -> Message:
    sealer = _sealer(work)
    sealed = [endpoint.secret]
    if endpoint.previous_secret is not None and endpoint.previous_until and endpoint.previous_until > work.now:
        sealed.append(endpoint.previous_secret)
    return Message(
        row.id,
        endpoint.id,
        OrganizationId(row.organization_id),
        endpoint.url,
        row.event,
        row.subject,
        row.occurred_at,
        work.now,
        row.body or b"",
        tuple(sealer.open(secret) for secret in sealed),
    )


def _body(notice: Notice) -> bytes:
    data: Mapping[str, object] = NoticeOutput.of(notice).model_dump(mode="json")
    return rules.body_of(notice.event, notice.updated_at, data)


def _sealer(reading: Reading) -> Sealer:
    return reading.vault.sealer(_PURPOSE)
