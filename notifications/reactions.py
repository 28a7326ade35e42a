"""What notifications do when anything happens: tell those concerned, in journal order and exactly once."""

from collections.abc import Sequence

from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Reaction, Work
from notifications import digest, outward, service, table
from notifications.reminders import reactions as reminders


def plan(work: Work, events: Sequence[Recorded]) -> None:
    """Plan what leaves the house of the notices that were written of these events, in the order of their positions."""
    if events[0].position is not None:
        outward.plan(work, events[0].position)


REACTIONS = (
    *digest.REACTIONS,
    *reminders.REACTIONS,
    Reaction("notices are written", table.EVENTS, service.tell, together=service.tell_together, finish=plan),
)
RINGS = {**digest.RINGS, **reminders.RINGS}
