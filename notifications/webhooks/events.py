"""What is told of webhooks: who set them up is told by the event's own user; addresses and secrets are not told."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.journal import Event


@dataclass(frozen=True, slots=True)
class _OfWebhook(Event):
    """Something about a webhook. ``owner``: the kind of its organization, in whose stream it stands."""

    owner: str
    organization_id: OrganizationId
    webhook_id: str

    @property
    def stream(self) -> str:
        """The organization's own stream."""
        return f"{self.owner}:{self.organization_id}"


@dataclass(frozen=True, slots=True)
class WebhookCreated(_OfWebhook):
    """An organization named an address for its notices."""

    name: ClassVar[str] = "webhook.created"


@dataclass(frozen=True, slots=True)
class WebhookChanged(_OfWebhook):
    """It changed the address, the types, or whether it is sent to."""

    name: ClassVar[str] = "webhook.changed"


@dataclass(frozen=True, slots=True)
class WebhookSecretRenewed(_OfWebhook):
    """It got a new secret; the one before holds for a while."""

    name: ClassVar[str] = "webhook.secret_renewed"


@dataclass(frozen=True, slots=True)
class WebhookRemoved(_OfWebhook):
    """It took the address away."""

    name: ClassVar[str] = "webhook.removed"


@dataclass(frozen=True, slots=True)
class WebhookMessageRepeated(Event):
    """The platform had a message sent again."""

    name: ClassVar[str] = "webhook.message_repeated"
    organization_id: OrganizationId
    webhook_id: str
    delivery_id: str

    @property
    def stream(self) -> str:
        """The stream of the webhook."""
        return f"webhook:{self.webhook_id}"


@dataclass(frozen=True, slots=True)
class WebhookDisabled(Event):
    """The platform stopped sending: the address is gone, or nothing has arrived for days.

    Of ``buyer_id`` and ``provider_id`` one names the organization; neither: it is the platform's own.
    """

    name: ClassVar[str] = "webhook.disabled"
    webhook_id: str
    buyer_id: OrganizationId | None
    provider_id: OrganizationId | None
    because: str

    @property
    def stream(self) -> str:
        """The stream of the webhook: the organization did nothing."""
        return f"webhook:{self.webhook_id}"
