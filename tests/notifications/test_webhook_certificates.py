"""Webhooks over TLS: the address is pinned, and the certificate must be its name's all the same."""

import asyncio
import datetime as dt
import ssl
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from marketplace.kernel.ids import OrganizationId
from notifications.webhooks import sending
from notifications.webhooks.addresses import Target
from notifications.webhooks.model import Message
from tests.notifications.certificates import certificate as make
from tests.notifications.receivers import Receiver, handler_of

NAME = "hooks.example"
NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Receiver, int, list[str | None]]]:
    """A receiver over TLS with a certificate that we trust, its port, and the names that it was asked for."""
    certificate, key = make(tmp_path, NAME)
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(sending, "_tls", lambda: trusting)
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    receiver = Receiver()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler_of(receiver)) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield receiver, server.server_address[1], names
        server.shutdown()
        thread.join()


def _send(host: str, port: int) -> tuple[int, str]:
    message = Message("msg_1", "whk_1", OrganizationId("org_1"), "", "award.won", "x/y", NOW, NOW, b"{}", (b"x" * 32,))
    target = Target("https", host, port, "/hook")
    response, _ = asyncio.run(sending._exchange(target, ("127.0.0.1",), message, "https://tenderline.example"))
    return response.status_code, host


def test_the_pinned_address_is_called_under_its_name_and_proves_it(
    receiver: tuple[Receiver, int, list[str | None]],
) -> None:
    received, port, names = receiver
    assert _send(NAME, port)[0] == 204
    assert names == [NAME]
    assert received.received[0].headers["host"] == f"{NAME}:{port}"


def test_a_machine_that_is_not_the_name_s_gets_nothing(receiver: tuple[Receiver, int, list[str | None]]) -> None:
    received, port, _ = receiver
    with pytest.raises(Exception, match="Hostname mismatch") as failed:
        _send("other.example", port)
    assert sending._of_certificate(failed.value)
    assert received.received == []
