"""The scratch market of notices: carriers invited to one request, each with a desk that is mailed and a webhook.

The request is published by the product's services to carriers that are written into the tables; so are their users and
webhooks, as the services would, which hash a password and look up a name for each.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.engine import Engine
from sqlmodel import col

from benchmarks import filter_database
from benchmarks.notice_receivers import Receivers
from benchmarks.server import environment
from marketplace import worker
from marketplace.identity import sessions, store
from marketplace.identity.tables import UserRow
from marketplace.kernel import ids, reactions
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.clock import stopwatch, wait
from marketplace.kernel.ids import RequestId
from marketplace.wiring import Marketplace
from notifications.webhooks.model import Condition
from notifications.webhooks.rules import SECRET_BYTES
from notifications.webhooks.tables import WebhookEndpointRow
from sellers.tables import InvitationRow, ProviderRow

_AT_ONCE = 5_000
_START_SECONDS = 90.0
_STOP_SECONDS = 40.0
_COMMAND = "from marketplace.cli.main import main; main()"


@dataclass(frozen=True, slots=True)
class Recipient:
    """An organization that hears: its user, where that is mailed, and the path of its webhook."""

    organization_id: str
    user_id: str
    address: str
    path: str


@dataclass(frozen=True, slots=True)
class Market:
    """The marketplace as this process has it open, the request that all carriers have, and who hears of it."""

    market: Marketplace
    owner: Engine
    request_id: RequestId
    recipients: tuple[Recipient, ...]
    variables: dict[str, str]
    """Of the environment, with which the marketplace's own processes run."""

    @property
    def folder(self) -> Path:
        """Where the installation lies."""
        return self.market.settings.folder

    def count(self, query: str) -> int:
        """Return the one number that a query asks for."""
        with self.owner.connect() as connection:
            return int(connection.execute(text(query)).scalar_one())

    def change(self, *statements: str) -> None:
        """Change the scratch database behind the product's back, in one transaction."""
        with self.owner.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def token(self, recipient: Recipient) -> str:
        """Begin a session of a recipient's user and return its access token."""
        with self.market.workshop.work() as work:
            row = store.user(work, recipient.user_id)
            if row is None:
                raise RuntimeError(f"{recipient.user_id} was made a moment ago")
            session = sessions.begin_session(work, row, factor_used=True)
            return sessions.tokens_of(work, session, row, Kind.PROVIDER).access_token


@contextmanager
def opened(providers: int, receivers: Receivers) -> Iterator[Market]:
    """Make the market, with nothing that waits to be told or sent, and remove it in the end."""
    with filter_database.installed() as market:
        filter_database.publish(market, providers)
        worker.heartbeat(market)
        reactions.catch_up(market.workshop)
        owner = create_engine(market.database.owner)
        try:
            recipients = _recipients(market, owner, receivers.url)
            with owner.begin() as connection:
                connection.execute(text("DELETE FROM market.mail_deliveries"))
                request_id = connection.execute(select(col(InvitationRow.request_id)).limit(1)).scalar_one()
            variables = environment(market.settings.folder) | {
                "MARKETPLACE_WEBHOOK_LOOPBACK": "true",
                "MARKETPLACE_SMTP_HOST": "127.0.0.1",
                "MARKETPLACE_SMTP_PORT": str(receivers.smtp_port),
                "MARKETPLACE_SMTP_SECURITY": "none",
                "MARKETPLACE_MAIL_FROM": "Tenderline <notices@market.example>",
                "MARKETPLACE_PUBLIC_URL": "https://market.example",
                "MARKETPLACE_WORKER": "false",
            }
            yield Market(market, owner, RequestId(request_id), recipients, variables)
        finally:
            owner.dispose()


def _recipients(market: Marketplace, owner: Engine, url: str) -> tuple[Recipient, ...]:
    """Give each carrier a user that is mailed and a webhook for everything."""
    now = datetime.now(UTC)
    sealer = market.vault.sealer("webhooks")
    with owner.connect() as connection:
        found = connection.execute(select(col(ProviderRow.id)).order_by(col(ProviderRow.id))).scalars().all()
    made = tuple(
        Recipient(one, ids.new("usr"), f"desk@carrier-{number}.example", f"/carrier-{number}")
        for number, one in enumerate(found)
    )
    users = [
        {
            "id": one.user_id,
            "organization_id": one.organization_id,
            "email": one.address,
            "full_name": "Robin Vale",
            "role": UserRole.ADMIN.value,
            "active": True,
            "password_hash": "nobody signs in with a password",
            "factor_step": 0,
            "created_at": now,
        }
        for one in made
    ]
    endpoints = [
        {
            "id": ids.new("whk"),
            "organization_id": one.organization_id,
            "kind": Kind.PROVIDER.value,
            "url": url + one.path.removeprefix("/"),
            "description": "",
            "events": [],
            "condition": Condition.ACTIVE.value,
            "secret": sealer.seal(secrets.token_bytes(SECRET_BYTES)),
            "created_at": now,
            "created_by": one.user_id,
            "failures": 0,
            "last_ms": 0,
            "disabled_because": "",
        }
        for one in made
    ]
    with owner.begin() as connection:
        for table, rows in ((UserRow, users), (WebhookEndpointRow, endpoints)):
            for start in range(0, len(rows), _AT_ONCE):
                connection.execute(insert(table), rows[start : start + _AT_ONCE])
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))  # as the server does by itself after a while
    return made


@contextmanager
def running(place: Market, *command: str, **variables: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run one of the marketplace's own processes beside the block."""
    process = start(place, *command, **variables)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM if command == ("worker",) else signal.SIGINT)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def start(place: Market, *command: str, **variables: str) -> "subprocess.Popen[bytes]":
    """Start one of them."""
    with (place.folder / f"{command[0]}.log").open("a") as output:
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", _COMMAND, *command],
            env=os.environ | place.variables | variables,
            stdout=output,
            stderr=output,
        )


@contextmanager
def serving(place: Market) -> Iterator[str]:
    """Serve without a worker; yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    with running(place, "serve", MARKETPLACE_PORT=port) as process:
        address = f"http://127.0.0.1:{port}"
        until(lambda: process.poll() is not None or _answers(address), "the server answers", _START_SECONDS)
        if process.poll() is not None:
            raise OSError(f"The server has ended: {(place.folder / 'serve.log').read_text()[-600:]}")
        yield address


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/keys", timeout=5.0).is_success
    except httpx.HTTPError:
        return False


def until(done: Callable[[], bool], what: str, seconds: float, pause: float = 0.05) -> None:
    """Wait until something is so. Raises OSError when it isn't in time."""
    ends = stopwatch() + seconds
    while not done():
        if stopwatch() > ends:
            raise OSError(f"It took more than {seconds:g} s until {what}.")
        wait(pause)
