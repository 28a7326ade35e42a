"""From notices to channels: whatever leaves the house is planned in the transaction that writes the notice."""

from collections.abc import Callable

from marketplace.kernel.work import Work
from notifications.feed import service as feed
from notifications.mail import service as mail
from notifications.texting import service as texting
from notifications.webhooks import store as webhooks

Plan = Callable[[Work, int], None]
"""Plans deliveries of the notices whose ``position`` is at least the given one: they were written, or made new, in
this transaction. A channel sends the text of the notice, which was made from its reader's own view, and adds nothing
of the event to it."""

PLANS: tuple[Plan, ...] = (mail.plan, texting.plan, webhooks.plan, feed.wake)
"""One for each channel, in no particular order."""


def plan(work: Work, position: int) -> None:
    """Plan the deliveries of all notices written in this transaction, whose positions begin at ``position``."""
    for one in PLANS:
        one(work, position)
