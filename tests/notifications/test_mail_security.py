"""Mail to a server that encrypts and wants a login: from the first byte, after STARTTLS, and never to a stranger."""

import ssl
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from marketplace.kernel.clock import StagedClock
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database
from marketplace.kernel.reactions import catch_up
from marketplace.wiring import Marketplace
from tests.notifications.certificates import certificate
from tests.notifications.mail_made import Server, a_desk, a_market, mail_server, mailing, rows, send_all, statuses, tell

USER, PASSWORD = "tenderline", "correct-horse-of-the-mail-server"


class Login:
    """Lets our user in; keeps whether each that tried was."""

    def __init__(self) -> None:
        self.tried: list[bool] = []

    def __call__(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any
    ) -> AuthResult:
        right = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        self.tried.append(right)
        return AuthResult(success=right, handled=right)


@pytest.fixture
def login() -> Login:
    return Login()


@pytest.fixture
def server_side(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """What a server shows that is 127.0.0.1, and the file by which it is trusted."""
    file, key = certificate(tmp_path, "mail.market.example", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    return context, file


@pytest.fixture
def trusted(server_side: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    monkeypatch.setenv("SSL_CERT_FILE", str(server_side[1]))
    return server_side[0]


@pytest.fixture
def place(database: Database, settings: Settings, clock: StagedClock) -> tuple[Database, Settings, StagedClock]:
    return database, settings, clock


def mailed(place: tuple[Database, Settings, StagedClock], server: Server, **more: Any) -> Marketplace:
    """Let something happen that one desk is mailed, and try to send that."""
    database, settings, clock = place
    own = {"smtp_user": USER, "smtp_password": PASSWORD} | more
    market = a_market(database, mailing(settings, server.port, **own), clock)
    tell(market, a_desk(market))
    catch_up(market.workshop)
    send_all(market)
    return market


def reason(market: Marketplace) -> str:
    """Return why the mail still waits: that the server or our login is wrong can be mended."""
    assert statuses(market) == {"waiting": 1}
    ((said,),) = rows(market, "SELECT last_error FROM market.mail_deliveries")
    return str(said)


def test_mail_goes_encrypted_from_the_first_byte_and_after_a_login(
    place: tuple[Database, Settings, StagedClock], trusted: ssl.SSLContext, login: Login
) -> None:
    with mail_server(ssl_context=trusted, authenticator=login, auth_require_tls=False) as server:
        market = mailed(place, server, smtp_security="tls")
    assert (statuses(market), server.secret, login.tried) == ({"sent": 1}, [True], [True])


def test_after_starttls_the_login_and_the_mail_are_encrypted(
    place: tuple[Database, Settings, StagedClock], trusted: ssl.SSLContext, login: Login
) -> None:
    with mail_server(tls_context=trusted, require_starttls=True, authenticator=login, auth_required=True) as server:
        market = mailed(place, server, smtp_security="starttls")
    assert (statuses(market), server.secret, login.tried) == ({"sent": 1}, [True], [True])


def test_a_wrong_password_delays_and_is_told(
    place: tuple[Database, Settings, StagedClock], trusted: ssl.SSLContext, login: Login
) -> None:
    with mail_server(ssl_context=trusted, authenticator=login, auth_require_tls=False) as server:
        market = mailed(place, server, smtp_security="tls", smtp_password="not-it")
    assert reason(market).startswith("SMTPAuthenticationError: (535")
    assert server.taken == []


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_server_that_cannot_prove_who_it_is_gets_neither_login_nor_mail(
    place: tuple[Database, Settings, StagedClock],
    server_side: tuple[ssl.SSLContext, Path],
    login: Login,
    security: str,
) -> None:
    how = {"ssl_context": server_side[0]} if security == "tls" else {"tls_context": server_side[0]}
    with mail_server(**how, authenticator=login, auth_require_tls=False) as server:
        market = mailed(place, server, smtp_security=security)
    assert "CERTIFICATE_VERIFY_FAILED" in reason(market)
    assert (server.taken, login.tried) == ([], [])
