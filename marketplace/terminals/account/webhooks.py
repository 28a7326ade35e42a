"""Webhooks of one's organization: where its own systems hear of notices, and what became of each message."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from marketplace.kernel import pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from notifications.webhooks import service
from notifications.webhooks.model import NewSecret
from notifications.webhooks.schemas import Id, WebhookInput

router = pages.router()

_KINDS = (Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM)
Admin = Annotated[Principal, Depends(allow(*_KINDS, roles=(UserRole.ADMIN,), scope=Scope.ADMINISTRATION))]
_LIST, _ONE, _MESSAGE = "account/webhooks.html", "account/webhook.html", "account/webhook_message.html"
_A_PAGE = 25


@router.get("/account/webhooks", summary="Webhooks of the organization")
def show_webhooks(request: Request, reading: ReadingOnly, _: Admin) -> Response:
    """List the webhooks of one's organization, and add one."""
    return pages.render(request, _LIST, **_list(reading))


@router.post("/account/webhooks", summary="Add a webhook by form")
def send_webhook(request: Request, work: Working, form: pages.Sent, _: Admin) -> Response:
    """Add a webhook and show its secret, this one time."""
    with pages.again(request, _LIST, form, lambda: _list(work)):
        new = service.create_endpoint(work, _said(form, active=True).wanted())
    return pages.render(request, _LIST, **_list(work, new))


@router.get("/account/webhooks/{webhook_id}", summary="A webhook")
def show_webhook(
    webhook_id: Id, request: Request, reading: ReadingOnly, _: Admin, after: pagination.After = None
) -> Response:
    """Show where it leads, how it does, and its log."""
    return pages.render(request, _ONE, **_one(reading, webhook_id, after))


@router.post("/account/webhooks/{webhook_id}", summary="Change a webhook by form")
def send_webhook_change(webhook_id: Id, request: Request, work: Working, form: pages.Sent, _: Admin) -> Response:
    """Change it, renew its secret, send it a test, or take it away."""
    page, act = f"/account/webhooks/{webhook_id}", form.text("act")
    with pages.again(request, _ONE, form, lambda: _one(work, webhook_id)):
        if act == "remove":
            service.remove_endpoint(work, webhook_id)
            return pages.see("/account/webhooks", pages.said(request, "The webhook is removed."))
        if act == "test":
            service.send_test(work, webhook_id)
            return pages.see(page, pages.said(request, "The test is on its way. See the log."))
        if act == "secret":
            return pages.render(request, _ONE, **_one(work, webhook_id, new=service.renew_secret(work, webhook_id)))
        service.change_endpoint(work, webhook_id, _said(form, active=form.ticked("active")).wanted())
    return pages.see(page, pages.said(request, "Saved."))


@router.get("/account/webhooks/{webhook_id}/messages/{delivery_id}", summary="A message of a webhook")
def show_webhook_message(webhook_id: Id, delivery_id: Id, request: Request, reading: ReadingOnly, _: Admin) -> Response:
    """Show all attempts to deliver a message."""
    delivery, attempts = service.read_delivery(reading, webhook_id, delivery_id)
    webhook = service.read_endpoint(reading, webhook_id)
    return pages.render(request, _MESSAGE, webhook=webhook, message=delivery, attempts=attempts)


@router.post("/account/webhooks/{webhook_id}/messages/{delivery_id}", summary="Send a message again by form")
def send_webhook_message(
    webhook_id: Id, delivery_id: Id, request: Request, work: Working, _form: pages.Sent, _: Admin
) -> Response:
    """Send it at once, under the same id."""
    service.redeliver(work, webhook_id, delivery_id)
    page = f"/account/webhooks/{webhook_id}/messages/{delivery_id}"
    return pages.see(page, pages.said(request, "The message goes out again."))


def _said(form: pages.Form, *, active: bool) -> WebhookInput:
    return pages.checked(
        WebhookInput,
        {
            "url": form.text("url"),
            "description": form.text("description"),
            "events": list(form.texts("events")),
            "active": active,
        },
    )


def _list(reading: Reading, new: NewSecret | None = None) -> dict[str, Any]:
    titles = service.event_titles(reading.principal)
    return {"webhooks": service.list_endpoints(reading), "new": new, "titles": titles}


def _one(reading: Reading, webhook_id: str, after: str | None = None, new: NewSecret | None = None) -> dict[str, Any]:
    deliveries, following = service.log(reading, webhook_id, after, _A_PAGE)
    return {
        "webhook": service.read_endpoint(reading, webhook_id),
        "titles": service.event_titles(reading.principal),
        "deliveries": deliveries,
        "following": following,
        "after": after,
        "new": new,
    }
