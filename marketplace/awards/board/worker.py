"""The board's own thread: computes one board at a time, each request at most every few seconds, and can be stopped."""

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial

from marketplace.awards.board import store
from marketplace.awards.board.computing import CancelledError, Computing, Known, give_way
from marketplace.awards.board.model import Progress, Question
from marketplace.awards.optimiser.solve import Standing
from marketplace.kernel.clock import stopwatch
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Workshop

PAUSE_SECONDS = 3.0
"""At least so long after one computation of a request the next one begins: what is asked meanwhile replaces it."""
IDLE_SECONDS = 60.0
"""So long a child process with nothing to do stays, as starting one takes longer than many an answer."""
MOST_WAITING = 100
_MOST_REMEMBERED = 1_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Going:
    """What goes on for one request. ``sha256``: of what is, or will be, computed."""

    sha256: str
    progress: Progress | None
    cancelled: bool
    failed: str


class Boards:
    """The boards that this process computes. Lost with the process: whoever looks again asks again."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._changed = threading.Condition()
        self._waiting: OrderedDict[RequestId, Question] = OrderedDict()
        self._going: OrderedDict[RequestId, Going] = OrderedDict()
        self._ended: dict[RequestId, float] = {}
        self._known = Known()
        self._child = Standing()
        self._now: tuple[RequestId, Computing] | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many boards are computed, or wait for it, in this process."""
        with self._changed:
            return len(self._waiting) + (self._now is not None)

    def going(self, request_id: RequestId) -> Going | None:
        """Return how far a request's board is that is being computed, or waits for it; None for no such."""
        with self._changed:
            known = self._going.get(request_id)
            return known if known is not None and known.progress is not None else None

    def want(self, request_id: RequestId, question: Question) -> Going:
        """Have a board computed soon, unless that is going on, or was cancelled or has failed; return how it stands."""
        with self._changed:
            known = self._going.get(request_id)
            if known is not None and known.sha256 == question.sha256:
                return known
            if self._closed or (len(self._waiting) >= MOST_WAITING and request_id not in self._waiting):
                return Going(question.sha256, None, cancelled=False, failed="Too many boards wait: look again later.")
            # what goes on for the request goes on: where bids come all the time nothing would ever be finished else
            self._waiting[request_id] = question
            self._remember(request_id, Going(question.sha256, Progress(0, len(question.specs) + 1, "waits"), False, ""))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="scenario-boards", daemon=True)
                self._thread.start()
            self._changed.notify_all()
            return self._going[request_id]

    def cancel(self, request_id: RequestId) -> None:
        """Stop computing a request's board; it stays so until something changes or ``again`` is called."""
        with self._changed:
            known = self._going.get(request_id)
            if known is None or known.progress is None:
                return
            self._waiting.pop(request_id, None)
            self._remember(request_id, Going(known.sha256, None, cancelled=True, failed=""))
            if self._now is not None and self._now[0] == request_id:
                self._now[1].cancel()

    def again(self, request_id: RequestId) -> None:
        """Forget that a request's board was cancelled or failed."""
        with self._changed:
            known = self._going.get(request_id)
            if known is not None and known.progress is None:
                del self._going[request_id]

    def close(self) -> None:
        """End what goes on, and the thread."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            if self._now is not None:
                self._now[1].cancel()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _remember(self, request_id: RequestId, going: Going) -> None:
        self._going[request_id] = going
        self._going.move_to_end(request_id)
        while len(self._going) > _MOST_REMEMBERED:
            self._going.popitem(last=False)

    def _run(self) -> None:
        give_way()
        try:
            self._serve()
        finally:
            self._child.close()

    def _serve(self) -> None:
        while (taken := self._take()) is not None:
            request_id, question, computing = taken
            going = Going(question.sha256, None, cancelled=False, failed="")
            try:
                computed = computing.compute(question)
                with self._workshop.work() as work:
                    store.save_board(work, request_id, computed, work.now)
            except CancelledError:
                going = Going(question.sha256, None, cancelled=True, failed="")
            except Exception:  # noqa: BLE001 - the thread serves all requests: one that fails must not end it
                _log.exception("a scenario board was not computed")
                going = Going(question.sha256, None, cancelled=False, failed="It could not be computed.")
            self._done(request_id, going)

    def _take(self) -> tuple[RequestId, Question, Computing] | None:
        """Wait for the next board that may begin, oldest first; None when it is time to end."""
        with self._changed:
            while not self._closed:
                now = stopwatch()
                rests = {
                    request_id: self._ended.get(request_id, -PAUSE_SECONDS) + PAUSE_SECONDS - now
                    for request_id in self._waiting
                }
                ready = next((request_id for request_id, rest in rests.items() if rest <= 0), None)
                if ready is None:
                    if not self._changed.wait(min(rests.values(), default=IDLE_SECONDS)) and not rests:
                        self._child.close()
                    continue
                question = self._waiting.pop(ready)
                computing = Computing(partial(self._progressed, ready, question.sha256), self._known, self._child)
                self._now = (ready, computing)
                return ready, question, computing
            return None

    def _progressed(self, request_id: RequestId, sha256: str, progress: Progress) -> None:
        with self._changed:
            known = self._going.get(request_id)
            if known is not None and known.sha256 == sha256 and known.progress is not None:
                self._remember(request_id, Going(sha256, progress, cancelled=False, failed=""))

    def _done(self, request_id: RequestId, going: Going) -> None:
        with self._changed:
            self._now = None
            self._ended = {known: at for known, at in self._ended.items() if stopwatch() - at < PAUSE_SECONDS} | {
                request_id: stopwatch()
            }
            known_now = self._going.get(request_id)
            if known_now is None or known_now.sha256 != going.sha256 or known_now.cancelled:
                return
            if going.cancelled or going.failed:
                self._remember(request_id, going)
            else:
                del self._going[request_id]
