"""HTTP: an organization's webhooks, their log, tests and redelivery."""

from typing import Annotated

from fastapi import Depends, Query, Response

from marketplace.kernel import http, pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly, Working
from notifications.webhooks import rules, service
from notifications.webhooks.model import State
from notifications.webhooks.schemas import (
    AttemptOutput,
    DeliveryDetails,
    DeliveryOutput,
    EventTypes,
    Id,
    WebhookInput,
    WebhookOutput,
    WebhookSecretOutput,
)

router = http.router("/webhooks", tags=["webhooks"])

_KINDS = (Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM)
Admin = Annotated[Principal, Depends(allow(*_KINDS, roles=(UserRole.ADMIN,), scope=Scope.ADMINISTRATION))]
Looking = Annotated[Principal, Depends(allow(*_KINDS, roles=(UserRole.ADMIN,)))]


@router.get("", summary="Your webhooks")
def list_webhooks(reading: ReadingOnly, _: Looking) -> list[WebhookOutput]:
    """All webhooks of your organization, the oldest first."""
    return [WebhookOutput.of(endpoint) for endpoint in service.list_endpoints(reading)]


@router.get("/event-types", summary="Types of messages")
def list_webhook_event_types(principal: Looking) -> EventTypes:
    """What your organization can be told of: by webhook, by the feed and by the stream."""
    return EventTypes(events=list(service.event_types(principal)))


@router.post("", status_code=201, summary="Add a webhook", responses=http.problems(rules.TooManyEndpointsError))
def create_webhook(body: WebhookInput, work: Working, response: Response, _: Admin) -> WebhookSecretOutput:
    """Your system is sent every notice from now on, signed as in Standard Webhooks.

    Keep the `secret` of the answer: it is shown this one time.
    """
    new = service.create_endpoint(work, body.wanted())
    response.headers["Location"] = f"/webhooks/{new.endpoint.id}"
    return WebhookSecretOutput.of(new)


@router.get("/{webhook_id}", summary="A webhook", responses=http.problems(NotFoundError))
def read_webhook(webhook_id: Id, reading: ReadingOnly, _: Looking) -> WebhookOutput:
    """Where it leads and how it does."""
    return WebhookOutput.of(service.read_endpoint(reading, webhook_id))


@router.put("/{webhook_id}", summary="Change a webhook", responses=http.problems(NotFoundError))
def change_webhook(webhook_id: Id, body: WebhookInput, work: Working, _: Admin) -> WebhookOutput:
    """Set all of it anew. What is paused or disabled gets nothing; `GET /events` has what it missed."""
    return WebhookOutput.of(service.change_endpoint(work, webhook_id, body.wanted()))


@router.delete("/{webhook_id}", status_code=204, summary="Remove a webhook", responses=http.problems(NotFoundError))
def remove_webhook(webhook_id: Id, work: Working, _: Admin) -> Response:
    """What was still on its way to it is cancelled."""
    service.remove_endpoint(work, webhook_id)
    return Response(status_code=204)


@router.post("/{webhook_id}/secret", summary="Renew the secret", responses=http.problems(NotFoundError))
def renew_webhook_secret(webhook_id: Id, work: Working, _: Admin) -> WebhookSecretOutput:
    """For 24 hours messages carry two signatures, of the new secret and of the one before: change over in that time."""
    return WebhookSecretOutput.of(service.renew_secret(work, webhook_id))


@router.post(
    "/{webhook_id}/test",
    status_code=202,
    summary="Send a test",
    responses=http.problems(NotFoundError, rules.TestWaitsError),
)
def send_webhook_test(webhook_id: Id, work: Working, _: Admin) -> DeliveryOutput:
    """Send a message of the type `webhook.test`, also to a webhook that is paused or disabled. See the log."""
    return DeliveryOutput.of(service.send_test(work, webhook_id))


@router.get("/{webhook_id}/deliveries", summary="The log of a webhook", responses=http.problems(NotFoundError))
def list_webhook_deliveries(
    webhook_id: Id,
    reading: ReadingOnly,
    _: Looking,
    state: Annotated[State | None, Query(description="Only those in this state")] = None,
    limit: pagination.Limit = 50,
    after: pagination.After = None,
) -> pagination.Page[DeliveryOutput]:
    """What was sent and what waits, the newest first. It is kept for 30 days after its end."""
    items, following = service.log(reading, webhook_id, after, limit, state)
    return pagination.Page(items=[DeliveryOutput.of(item) for item in items], next=following)


@router.get(
    "/{webhook_id}/deliveries/{delivery_id}",
    summary="A message and its attempts",
    responses=http.problems(NotFoundError),
)
def read_webhook_delivery(webhook_id: Id, delivery_id: Id, reading: ReadingOnly, _: Looking) -> DeliveryDetails:
    """Each attempt with the answer's status, how long it took, and how the answer began."""
    delivery, attempts = service.read_delivery(reading, webhook_id, delivery_id)
    return DeliveryDetails(delivery=DeliveryOutput.of(delivery), attempts=[AttemptOutput.of(one) for one in attempts])


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/redelivery",
    status_code=202,
    summary="Send a message again",
    responses=http.problems(NotFoundError, rules.NotDeliverableError),
)
def redeliver_webhook(webhook_id: Id, delivery_id: Id, work: Working, _: Admin) -> DeliveryOutput:
    """At once, with the same `webhook-id` and body. Later messages about the same subject wait until it has arrived."""
    return DeliveryOutput.of(service.redeliver(work, webhook_id, delivery_id))
