"""The worker's loops: stamping the journal and letting each subscriber follow it with its cursor."""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from marketplace.kernel import journal, tracing
from marketplace.kernel.clock import stopwatch
from marketplace.kernel.work import Reaction, Work, Workshop

log = logging.getLogger(__name__)

_LONGEST_PAUSE_SECONDS = 300
_REST = 4.0
"""A follower inside the serving process works for a fifth of the time at most."""
_LONGEST_REST_SECONDS = 0.5
_STAMP_SECONDS = 0.05
"""While a follower rests, the journal is stamped this often at most, if there is anything to stamp."""
_BATCH = 50
"""Events that a subscriber handles in one transaction at first, and at most."""
_BATCH_TOGETHER = 1000
"""The same at most for one that handles many events of a name together."""
_QUICK_SECONDS, _SLOW_SECONDS = 0.5, 2.0
"""After a transaction shorter than the one the next takes twice as many events; longer than the other, half as many.

So a worker that is killed again and again gets on all the same, and no transaction holds what others wait for.
"""


Rest = Callable[[], None]
"""Called between transactions: a pause for those who share the process."""


def _no_rest() -> None:
    """Go on at once."""


def stamp_all(workshop: Workshop) -> int:
    """Stamp everything that is committed; return how many events."""
    total = 0
    while True:
        with workshop.work() as work:
            stamped = journal.stamp(work.session)
        if not stamped:
            return total
        total += stamped


def follow(workshop: Workshop, reaction: Reaction, rest: Rest = _no_rest) -> int:
    """Let ``reaction`` handle what is new to it, some events a transaction, until none is left; return how many.

    When a batch fails, its events are handled one by one. An event that still fails stays where it is: the subscriber
    pauses (longer each time), says so in its cursor, and goes on with that same event. Order is kept, nothing is
    skipped.
    """
    handled = 0
    size = _BATCH
    while True:
        began = stopwatch()
        try:
            done = _follow_batch(workshop, reaction, size)
        except Exception as error:
            if size > 1:
                size = 1
                continue
            log.exception("the reaction %s failed", reaction.name)
            _pause(workshop, reaction, error)
            return handled
        if done is None:
            return handled
        handled += done
        none_left = done < size
        size = _next_size(reaction, size, stopwatch() - began)
        rest()
        if none_left:  # but for what was stamped meanwhile, for which whoever stamped it comes back
            return handled


def _next_size(reaction: Reaction, size: int, seconds: float) -> int:
    """Return how many events the next transaction takes at most, after one of ``size`` that took so long."""
    most = _BATCH if reaction.together is None else _BATCH_TOGETHER
    if seconds < _QUICK_SECONDS:
        return min(2 * size, most)
    return max(1, size // 2) if seconds > _SLOW_SECONDS else size


def _follow_batch(workshop: Workshop, reaction: Reaction, size: int) -> int | None:
    """Handle up to ``size`` events and move the cursor behind them; return how many, None when nothing is new."""
    with workshop.work() as work:
        position = _held_cursor(work, reaction)
        if position is None:
            return None
        last = journal.last_position(work.session)
        if last <= position:
            return None
        events = journal.between(work.session, position, last, reaction.events, size)
        traced = tracing.alone("reaction", reaction=reaction.name, events=len(events)) if events else nullcontext()
        with traced:
            reaction.run(work, events)
        behind = events[-1].position if len(events) == size else last
        work.session.connection().execute(
            text(
                "UPDATE kernel.cursors SET position = :position, failures = 0, last_error = '', retry_at = NULL"
                " WHERE name = :name"
            ),
            {"position": behind, "name": reaction.name},
        )
        return len(events)


def is_behind(workshop: Workshop, followers: Sequence[Reaction]) -> bool:
    """Tell whether any of these followers has stamped events before it, or was never here."""
    with workshop.reading() as reading:
        behind: bool = (
            reading.session.connection()
            .execute(
                text(
                    "SELECT EXISTS (SELECT 1 FROM unnest(CAST(:names AS text[])) AS follower (name)"
                    " LEFT JOIN kernel.cursors USING (name)"
                    " WHERE coalesce(position, -1) < (SELECT coalesce(max(position), 0) FROM kernel.journal))"
                ),
                {"names": [reaction.name for reaction in followers]},
            )
            .scalar_one()
        )
    return behind


def _held_cursor(work: Work, reaction: Reaction) -> int | None:
    """Return the subscriber's position, held until commit; None while another worker has it, or while it pauses."""
    connection = work.session.connection()
    connection.execute(
        text(
            "INSERT INTO kernel.cursors (name, position, failures, last_error) VALUES (:name, 0, 0, '')"
            " ON CONFLICT DO NOTHING"
        ),
        {"name": reaction.name},
    )
    position: int | None = connection.execute(
        text(
            "SELECT position FROM kernel.cursors WHERE name = :name"
            " AND (retry_at IS NULL OR retry_at <= :now) FOR UPDATE SKIP LOCKED"
        ),
        {"name": reaction.name, "now": work.now},
    ).scalar_one_or_none()
    return position


def _pause(workshop: Workshop, reaction: Reaction, error: Exception) -> None:
    with workshop.work() as work:
        connection = work.session.connection()
        # the cursor itself is new when the very first batch failed: its transaction was undone
        failures: int = connection.execute(
            text(
                "INSERT INTO kernel.cursors AS c (name, position, failures, last_error) VALUES (:name, 0, 1, :error)"
                " ON CONFLICT (name) DO UPDATE SET failures = c.failures + 1, last_error = excluded.last_error"
                " RETURNING failures"
            ),
            {"name": reaction.name, "error": type(error).__name__},
        ).scalar_one()
        pause = min(2**failures, _LONGEST_PAUSE_SECONDS)
        connection.execute(
            text("UPDATE kernel.cursors SET retry_at = :retry_at WHERE name = :name"),
            {"name": reaction.name, "retry_at": work.now + timedelta(seconds=pause)},
        )


class _EndedError(Exception):
    """The follower was told to end: what is left waits for the next one."""


class Follower(threading.Thread):
    """A thread that stamps the journal and feeds every follower whenever it is woken, or soon at the latest.

    ``alone``: nothing else runs in this process, so that it need not give way.
    """

    def __init__(
        self, workshop: Workshop, wake: threading.Event, poll_seconds: float = 0.2, *, alone: bool = False
    ) -> None:
        super().__init__(name="journal-follower", daemon=True)
        self._rest = 0.0 if alone else _REST
        self._workshop = workshop
        self._wake = wake
        self._poll_seconds = poll_seconds
        self._ended = threading.Event()
        self._since = 0.0
        self._stamped = 0.0

    def run(self) -> None:
        """Go on until ``end``; a database that is away for a while only delays."""
        while not self._ended.is_set():
            self._wake.wait(self._poll_seconds)
            self._wake.clear()
            try:
                self._since = stopwatch()
                catch_up(self._workshop, self._give_way)
            except _EndedError:
                return
            except OperationalError as error:
                log.warning("the journal can't be followed for the moment: %s", type(error.orig).__name__)
                self._ended.wait(1)
            except SQLAlchemyError:
                log.exception("the journal can't be followed")
                self._ended.wait(1)

    def _give_way(self) -> None:
        """Rest some times as long as the last transaction took: bids that come in beside have to be answered first.

        What is committed meanwhile is stamped all the same: live pages wait for that, and for no follower.
        """
        ends = stopwatch() + min(_LONGEST_REST_SECONDS, self._rest * (stopwatch() - self._since))
        while True:
            if self._ended.wait(max(0.0, min(_STAMP_SECONDS, ends - stopwatch()))):
                raise _EndedError
            if self._wake.is_set() or stopwatch() - self._stamped > self._poll_seconds:
                self._wake.clear()
                stamp_all(self._workshop)
                self._stamped = stopwatch()
            if stopwatch() >= ends:
                break
        self._since = stopwatch()

    def end(self) -> None:
        """Finish the events at hand and stop."""
        self._ended.set()
        self._wake.set()
        self.join(timeout=30)


def catch_up(workshop: Workshop, rest: Rest = _no_rest) -> int:
    """Stamp and let every follower handle what there is, until nothing new comes of it; return events handled."""
    followers = workshop.reactions.followers()
    total = 0
    while True:
        stamped = stamp_all(workshop)
        # who waits for news asks five times a second: one question, instead of several for each follower
        some = is_behind(workshop, followers)
        handled = sum(follow(workshop, reaction, rest) for reaction in followers) if some else 0
        total += handled
        if not stamped and not handled:
            return total
