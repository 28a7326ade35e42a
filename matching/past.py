"""The requests of the past 90 days as this process remembers them: read once a day, by the marketplace itself.

A provider's own database role has no right to the facts of requests. They are read with the marketplace's role, into
memory, and only ``matching.hindsight`` makes numbers of them.
"""

import threading
from datetime import UTC, date, datetime, time, timedelta

from marketplace.kernel.work import Workshop
from matching import store
from matching.model import Published

DAYS = timedelta(days=90)
MOST_REQUESTS = 5_000
"""The newest so many: a market with more of them shows what they show."""


class Past:
    """The requests that were published in the 90 days before today."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._day: date | None = None
        self._published: tuple[Published, ...] = ()

    def of(self, workshop: Workshop, now: datetime) -> tuple[Published, ...]:
        """Return them as of the day of ``now``; the first question of a day reads them."""
        today = now.astimezone(UTC).date()
        with self._lock:
            if self._day != today:
                midnight = datetime.combine(today, time(), UTC)
                with workshop.reading() as reading:
                    self._published = tuple(store.between(reading, midnight - DAYS, midnight, MOST_REQUESTS))
                self._day = today
            return self._published
