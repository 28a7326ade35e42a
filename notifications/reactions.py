"""What notifications do when anything happens: tell those concerned, in journal order and exactly once."""

from marketplace.kernel.work import Reaction
from notifications import service, table

REACTIONS = (Reaction("notices are written", table.EVENTS, service.tell),)
