"""Systems that take mail and webhooks, in a process of their own, which note what arrives and fail when they are told.

A receiver that fails does what real ones do: it says that it can't, breaks the connection, or keeps what it was sent
and says nothing of that, so that it is sent again.
"""

import asyncio
import hashlib
import logging
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Literal

from aiosmtpd.smtp import SMTP, Envelope, Session

from marketplace.kernel.clock import stopwatch

Channel = Literal["mail", "webhook"]
MAIL: Channel = "mail"
WEBHOOK: Channel = "webhook"
_HOST = "127.0.0.1"
_PATIENCE_SECONDS = 60.0
_LINK = re.compile(r"https?://\S+")
_NO_CONTENT = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
_UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that a receiver keeps. ``to``: the address or path; ``answered``: its sender was told so.

    ``digest``: of a webhook's body, or of what a mail says, without its date and the links, which are signed anew.
    """

    channel: Channel
    id: str
    to: str
    at: float
    digest: str
    answered: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """The first message of a channel as it came: a webhook's headers, and the content."""

    headers: dict[str, str]
    content: bytes


@dataclass(slots=True)
class _House:
    """What arrived since somebody asked, how many messages were turned away, and how often messages go wrong."""

    share: float
    draw: random.Random
    arrived: list[Arrival] = field(default_factory=list)
    refused: int = 0
    samples: dict[Channel, Sample] = field(default_factory=dict)

    def fault(self) -> str:
        """Draw what happens to the next message: nothing bad, or one of three things that do."""
        if self.draw.random() >= self.share:
            return ""
        return self.draw.choice(("refused", "broken", "kept"))

    def keep(self, channel: Channel, named: str, to: str, content: bytes, *, answered: bool) -> None:
        """Note a message."""
        digest = hashlib.sha256(content).hexdigest()
        self.arrived.append(Arrival(channel, named, to, stopwatch(), digest, answered))


class _MailHandler:
    """Takes mail for one recipient at a time."""

    def __init__(self, house: _House) -> None:
        self._house = house

    async def handle_RCPT(  # noqa: N802 - the name that the library calls
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or not now."""
        fault = self._house.fault()
        session.fault = fault  # type: ignore[attr-defined] # of ours, for the content that follows
        if fault == "refused":
            self._house.refused += 1
            return "451 not now"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Keep a mail and say so; or keep it and break off; or break off."""
        fault: str = session.fault  # type: ignore[attr-defined] # as above
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        if fault == "broken":
            self._house.refused += 1
            return "451 try again"
        message = message_from_bytes(content, policy=default)
        text = message.get_body(("plain",))
        said = f"{message['Subject']}\n{_LINK.sub('', text.get_content() if text is not None else '')}"
        self._house.samples.setdefault(MAIL, Sample({}, content))
        named = str(message["Message-ID"])
        self._house.keep(MAIL, named, envelope.rcpt_tos[0], said.encode(), answered=not fault)
        if fault and isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        return "250 taken"

    async def handle_exception(self, _error: Exception) -> str:
        """Say nothing: a sender was killed, or we broke off ourselves."""
        return "451 broken"


async def _take_webhook(house: _House, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read one message and answer it."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        house.samples.setdefault(WEBHOOK, Sample(headers, content))
        fault = house.fault()
        if fault in {"refused", "broken"}:
            house.refused += 1
        else:
            house.keep(WEBHOOK, headers.get("webhook-id", ""), first.split(" ")[1], content, answered=not fault)
        if fault == "refused":
            writer.write(_UNAVAILABLE)
        elif not fault:
            writer.write(_NO_CONTENT)
        await writer.drain()
    except (OSError, EOFError):  # the sender was killed
        pass
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _run(pipe: Connection, share: float, seed: int) -> None:
    loop = asyncio.get_running_loop()
    house = _House(share, random.Random(seed))  # noqa: S311 - the same faults for the same seed
    handler = _MailHandler(house)
    mail = await loop.create_server(lambda: SMTP(handler, hostname="localhost", loop=loop), _HOST, 0)
    web = await asyncio.start_server(lambda reader, writer: _take_webhook(house, reader, writer), _HOST, 0)
    pipe.send((mail.sockets[0].getsockname()[1], web.sockets[0].getsockname()[1]))
    while await loop.run_in_executor(None, _asked, pipe):
        pipe.send((house.arrived, house.refused, house.samples))
        house.arrived = []
    mail.close()
    web.close()


def _asked(pipe: Connection) -> bool:
    """Wait until somebody asks for what arrived (True) or ends this."""
    try:
        return bool(pipe.recv())
    except EOFError:
        return False


def _process(pipe: Connection, share: float, seed: int) -> None:
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    asyncio.run(_run(pipe, share, seed))


@dataclass(slots=True)
class Receivers:
    """The receivers as the benchmark sees them."""

    smtp_port: int
    web_port: int
    pipe: Connection
    arrivals: list[Arrival] = field(default_factory=list)
    """All that they kept, in the order in which it arrived."""
    refused: int = 0
    samples: dict[Channel, Sample] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where webhooks go; each receiver adds a name of its own."""
        return f"http://{_HOST}:{self.web_port}/"

    def look(self) -> list[Arrival]:
        """Return what they kept since the last look."""
        self.pipe.send(True)
        if not self.pipe.poll(_PATIENCE_SECONDS):
            raise OSError("The receivers don't answer.")
        new: list[Arrival]
        new, self.refused, self.samples = self.pipe.recv()
        self.arrivals += new
        return new


@contextmanager
def receiving(share: float = 0.0, seed: int = 0) -> Iterator[Receivers]:
    """Run receivers that fail with ``share`` of the messages."""
    context = get_context("spawn")
    own, theirs = context.Pipe()
    process = context.Process(target=_process, args=(theirs, share, seed), name="receivers", daemon=True)
    process.start()
    theirs.close()
    try:
        if not own.poll(_PATIENCE_SECONDS):
            raise OSError("The receivers did not start.")
        smtp_port, web_port = own.recv()
        yield Receivers(smtp_port, web_port, own)
    finally:
        with suppress(OSError):
            own.send(False)
        process.join(10)
        if process.is_alive():
            process.kill()
            process.join()
        own.close()
