"""What leaves the house: a thread for each channel that sends what is due, so that a slow one delays no other."""

import logging
import threading
from collections.abc import Callable

from sqlalchemy.exc import OperationalError

from marketplace.kernel.work import Workshop

log = logging.getLogger(__name__)

SendDue = Callable[[Workshop], int]
"""Sends what is due by now, at least once; returns how many deliveries it tried. Several at once try different ones."""


class Sender(threading.Thread):
    """A thread that sends what is due of one channel, until it is ended."""

    def __init__(self, name: str, workshop: Workshop, send_due: SendDue, poll_seconds: float = 0.5) -> None:
        super().__init__(name=f"sender-{name}", daemon=True)
        self._workshop = workshop
        self._send_due = send_due
        self._poll_seconds = poll_seconds
        self._ended = threading.Event()

    def run(self) -> None:
        """Go on until ``end``; a database that is away for a while only delays."""
        while not self._ended.is_set():
            try:
                tried = self._send_due(self._workshop)
            except OperationalError as error:  # a line, and no traceback twice a second
                log.warning("%s: the database can't be asked for the moment: %s", self.name, type(error.orig).__name__)
                tried = 0
            except Exception:  # a channel goes on whatever befell one round: what is due is in the database
                log.exception("%s failed; what was not sent stays due", self.name)
                tried = 0
            if not tried:
                self._ended.wait(self._poll_seconds)

    def end(self) -> None:
        """Finish the deliveries at hand and stop."""
        self._ended.set()
        self.join(timeout=30)
