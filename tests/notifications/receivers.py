"""Systems that receive webhooks: real HTTP servers on this machine that do well, fail, dawdle, or lead elsewhere."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def content(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.body)
        return read


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver says. ``hold``: waited for before it says anything."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    hold: threading.Event | None = None


@dataclass(eq=False)
class Receiver:
    """One system: ``answer`` decides what the n-th message (from 0) gets."""

    url: str = ""
    answer: Callable[[int, Received], Answer] = lambda _number, _message: Answer()
    received: list[Received] = field(default_factory=list)
    taken: list[Received] = field(default_factory=list)
    """Those that were answered with 2xx."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def told(self) -> list[str]:
        """Return the subjects of what it took, in its order."""
        return [message.headers["ce-subject"] for message in self.taken]


def handler_of(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    """Return what takes messages for a receiver."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            headers = {name.lower(): value for name, value in self.headers.items()}
            message = Received(self.path, headers, self.rfile.read(length))
            with receiver.lock:
                number = len(receiver.received)
                receiver.received.append(message)
                said = receiver.answer(number, message)
                if 200 <= said.status < 300:
                    receiver.taken.append(message)
            if said.hold is not None:
                said.hold.wait(60)
            try:
                self.send_response(said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said.body)))
                self.end_headers()
                self.wfile.write(said.body)
            except OSError:
                return  # the sender has hung up

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def receiving(
    answer: Callable[[int, Received], Answer] = lambda _number, _message: Answer(), port: int = 0
) -> Iterator[Receiver]:
    """Run a receiver on a free port of this machine, or on a given one."""
    receiver = Receiver(answer=answer)
    with ThreadingHTTPServer(("127.0.0.1", port), handler_of(receiver)) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
