"""What notifications do when anything happens: tell those concerned, in journal order and exactly once."""

from collections.abc import Sequence

from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Reaction, Work
from notifications import digest, outward, service, table
from notifications.reminders import reactions as reminders


def tell(work: Work, recorded: Recorded) -> None:
    """Write the notices of an event, and plan what leaves the house."""
    tell_together(work, (recorded,))


def tell_together(work: Work, events: Sequence[Recorded]) -> None:
    """Do so for several events of one name, in the order of their positions."""
    if len(events) == 1:
        service.tell(work, events[0])
    else:
        service.tell_together(work, events)
    if events[0].position is not None:
        outward.plan(work, events[0].position)


REACTIONS = (
    *digest.REACTIONS,
    *reminders.REACTIONS,
    Reaction("notices are written", table.EVENTS, tell, together=tell_together),
)
RINGS = {**digest.RINGS, **reminders.RINGS}
