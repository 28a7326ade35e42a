"""A server that is told to end answers what it has begun, ends its streams so that readers come back, and is gone."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from faults.market import Bidder, Market, build
from marketplace.kernel.clock import wait
from marketplace.wiring import Marketplace, assemble

ENOUGH = 5
"""Bids of each carrier that are answered before the server is told to end."""


COUNTED = 'tenderline_request_seconds_count{method="POST",route="/invitations/{invitation_id}/bids",status="2xx"}'


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture
def played(market: Marketplace) -> Market:
    """An auction that runs by the real clock."""
    return build(assemble(market.settings, database=market.database), 2, 0)


@pytest.fixture
def server(market: Marketplace, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int, int]]:
    port, metrics_port = a_free_port(), a_free_port()
    database = market.database
    urls = {
        "DATABASE_URL": database.owner,
        "APP_DATABASE_URL": database.app.url,
        "CARRIER_DATABASE_URL": database.carrier.url,
        "DESK_DATABASE_URL": database.desk.url,
    }
    environment = os.environ | {
        **{f"MARKETPLACE_{name}": url.render_as_string(hide_password=False) for name, url in urls.items()},
        "MARKETPLACE_FOLDER": str(market.settings.folder),
        "MARKETPLACE_PORT": str(port),
        "MARKETPLACE_METRICS_PORT": str(metrics_port),
        "MARKETPLACE_WORKER": "false",
    }
    command = [sys.executable, "-c", "from marketplace.cli.main import main; main()", "serve"]
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)  # noqa: S603 - our own program
    yield process, port, metrics_port
    process.kill()
    process.wait()


class Carrier(threading.Thread):
    """Bids one bid after the other until nobody answers."""

    def __init__(self, port: int, bidder: Bidder, lot: int) -> None:
        super().__init__(daemon=True)
        self.port, self.bidder, self.lot = port, bidder, lot
        self.answered: list[tuple[str, int]] = []

    def run(self) -> None:
        path = f"/invitations/{self.bidder.invitation_id}/bids"
        for number in range(100_000):
            key = f"{self.bidder.organization_id}-{self.lot}-{number}"
            lines = [{"line": f"L{self.lot}", "mrc": f"{50_000 - number}.00"}]
            body = {"request_version": 1, "terms_id": self.bidder.terms_id, "term_months": 36}
            body |= {"lots": [{"lot": f"T{self.lot}", "lines": lines}]}
            headers = {"Authorization": f"Bearer {self.bidder.token}", "Idempotency-Key": key}
            try:
                with asked(self.port, "POST", path, headers | {"Content-Type": "application/json"}, body) as answer:
                    answer.read()
            except (OSError, http.client.HTTPException):
                return
            self.answered.append((key, answer.status))


def asked(port: int, method: str, path: str, headers: dict[str, str], body: object = None) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers | {"Connection": "close"})
        return connection.getresponse()
    finally:
        connection.close()  # the answer goes on reading until it is closed


def test_what_was_begun_is_answered_and_kept_and_streams_end_with_when_to_come_back(
    market: Marketplace, played: Market, server: tuple[subprocess.Popen[bytes], int, int]
) -> None:
    process, port, metrics_port = server
    while process.poll() is None:
        try:
            with asked(port, "GET", "/health/ready", {}) as ready:
                assert ready.status == 200
            break
        except OSError:
            wait(0.1)
    stream = asked(port, "GET", "/events/stream", {"Authorization": f"Bearer {played.bidders[0].token}"})
    said = stream.readline()
    carriers = [Carrier(port, bidder, lot) for bidder in played.bidders for lot in (1, 2, 3)]
    for carrier in carriers:
        carrier.start()
    while any(len(carrier.answered) < ENOUGH and carrier.is_alive() for carrier in carriers):
        wait(0.05)
    with asked(metrics_port, "GET", "/metrics", {}) as answer:
        lines = answer.read().decode().splitlines()
    (bids,) = [float(line.removeprefix(COUNTED)) for line in lines if line.startswith(COUNTED)]
    assert bids >= ENOUGH * len(carriers)
    assert 'tenderline_streams_open{kind="feed"} 1.0' in lines
    process.send_signal(signal.SIGTERM)
    said += stream.read()  # to its end: one that was cut off raises IncompleteRead
    stream.close()
    assert b"retry: 2000" in said
    for carrier in carriers:
        carrier.join()
    assert process.wait() == 0
    answers = Counter(status for carrier in carriers for _, status in carrier.answered)
    assert answers[201] >= ENOUGH * len(carriers)
    assert answers.keys() <= {201, 503}
    with market.workshop.reading() as reading:
        kept = Counter(reading.session.connection().execute(text("SELECT key FROM market.bids")).scalars())
    told = Counter(key for carrier in carriers for key, status in carrier.answered if status == 201)
    assert told - kept == Counter()
    assert set(kept.values()) == {1}
