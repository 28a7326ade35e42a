"""What notifications do when anything happens: tell those concerned, in journal order and exactly once."""

from marketplace.kernel.work import Reaction
from notifications import digest, service, table

REACTIONS = (
    *digest.REACTIONS,
    Reaction("notices are written", table.EVENTS, service.tell, together=service.tell_together),
)
RINGS = digest.RINGS
