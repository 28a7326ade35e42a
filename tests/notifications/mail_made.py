"""What tests of the e-mail channel need made: a mail server on loopback that can be told how to behave."""

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from threading import Event as Signal
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import text

from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database
from marketplace.kernel.ids import OrganizationId
from marketplace.wiring import Marketplace
from notifications.events import DigestMade
from notifications.mail import sending
from tests.conftest import empty_market
from tests.factories import SignedIn, a_user, as_owner

Answer = Callable[[str, int], str]
"""What the server answers to the recipient of a mail, and to how many recipients it has answered before."""


@dataclass
class Server:
    """A mail server: what it took, with the envelope."""

    port: int
    answer: Answer = lambda _to, _before: "250 OK"
    asked: int = 0
    taken: list[tuple[str, str, EmailMessage]] = field(default_factory=list)
    secret: list[bool] = field(default_factory=list)
    """Of each mail, whether it came encrypted."""
    slow: dict[str, Signal] = field(default_factory=dict)
    """Recipients whose mail it takes only after a signal."""

    async def handle_RCPT(  # noqa: N802 - the name that the library calls
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.answer(address, self.asked)
        self.asked += 1
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        (to,) = envelope.rcpt_tos
        if to in self.slow:
            await server.loop.run_in_executor(None, self.slow[to].wait, 60)
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        self.secret.append(server.transport is not None and server.transport.get_extra_info("ssl_object") is not None)
        self.taken.append((envelope.mail_from or "", to, message))
        return "250 taken"

    def to(self, address: str) -> list[EmailMessage]:
        """Return what it took for an address."""
        return [message for _, to, message in self.taken if to == address]

    def ids(self) -> Counter[str]:
        """Return how often it took each Message-ID."""
        return Counter(str(message["Message-ID"]) for _, _, message in self.taken)


def a_free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def mail_server(**more: Any) -> Iterator[Server]:
    """Run a mail server beside the block; ``more`` is for aiosmtpd's controller: certificates and who may log in."""
    server = Server(a_free_port())
    controller = Controller(server, hostname="127.0.0.1", port=server.port, ready_timeout=30, **more)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def mailing(settings: Settings, port: int, **more: Any) -> Settings:
    """Return settings that mail through a server on loopback."""
    update = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none", "smtp_timeout_seconds": 30.0}
    update |= {"mail_from": "Tenderline <notices@market.example>", "public_url": "https://market.example"}
    return Settings.model_validate(settings.model_dump() | update | more)


def a_market(database: Database, settings: Settings, clock: StagedClock) -> Marketplace:
    """Return an empty marketplace of its own settings."""
    return empty_market(database, settings, clock)


def a_desk(market: Marketplace, role: UserRole = UserRole.DESK, of: SignedIn | None = None) -> SignedIn:
    """Return a user of a provider's desk."""
    return a_user(market, Kind.PROVIDER, role, of.principal.organization_id if of else None)


def tell(market: Marketplace, *desks: SignedIn, count: int = 3) -> None:
    """Let something happen that each of these desks is told of at once; the caller lets the worker run."""
    with market.workshop.work() as work:
        for desk in desks:
            work.append(DigestMade(OrganizationId(desk.principal.organization_id), count))


def send_all(market: Marketplace) -> int:
    """Send until nothing is due; return how many mails were tried."""
    tried = 0
    while now := sending.send_due(market.workshop):
        tried += now
    return tried


def rows(market: Marketplace, query: str) -> list[Any]:
    """Return what lies in the database."""
    with as_owner(market) as connection:
        return list(connection.execute(text(query)))


def statuses(market: Marketplace) -> Counter[str]:
    """Return how many deliveries there are by status."""
    return Counter(row[0] for row in rows(market, "SELECT status FROM market.mail_deliveries"))
