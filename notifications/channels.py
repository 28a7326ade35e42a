"""How a channel tells of its health: what every channel shows in the back office, in the same shape."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from marketplace.kernel.work import Reading, Work


@dataclass(frozen=True, slots=True)
class Trouble:
    """A delivery that failed, or has failed and is tried again. ``reader``: whom it is for, by id and never by name.

    ``again``: it can be sent again by hand.
    """

    id: str
    organization_id: str
    reader: str
    what: str
    status: str
    attempts: int
    reason: str
    at: datetime
    again: bool


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """How one channel does: deliveries by status, since when the oldest is due, and what has failed, latest first."""

    name: str
    counts: tuple[tuple[str, int], ...]
    oldest_waiting: datetime | None
    troubles: Sequence[Trouble]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as the back office knows it. ``resend`` has a delivery sent again and records who wanted it."""

    name: str
    health: Callable[[Reading], ChannelHealth]
    resend: Callable[[Work, str], None]
