"""The channels whose health the back office shows: one line for each."""

from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.work import Reading, Work
from notifications.channels import Channel, ChannelHealth
from notifications.mail import service as mail
from notifications.texting import service as texting
from notifications.webhooks import service as webhooks

CHANNELS: tuple[Channel, ...] = (
    Channel(mail.NAME, mail.health, mail.resend),
    Channel(texting.NAME, texting.health, texting.resend),
    Channel(webhooks.NAME, webhooks.health, webhooks.resend),
)


def health(reading: Reading) -> list[ChannelHealth]:
    """Return how every channel does."""
    return [channel.health(reading) for channel in CHANNELS]


def resend(work: Work, channel: str, delivery_id: str) -> None:
    """Send a delivery of a channel again. Raises NotFoundError, and what the channel raises."""
    for one in CHANNELS:
        if one.name == channel:
            one.resend(work, delivery_id)
            return
    raise NotFoundError
