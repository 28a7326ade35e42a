"""What a log tells of requests: enough to find one again, and nothing that was in it. And what probes answer."""

import json
import logging
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine

from marketplace.app import create_app
from marketplace.kernel.access import Kind
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.db import Database
from marketplace.kernel.logs import JsonLines
from marketplace.wiring import Marketplace, assemble
from tests.factories import a_registered_buyer, a_user

SECRET = "tok_a-secret-that-no-log-may-hold"
Lines = Callable[[], list[dict[str, object]]]


@pytest.fixture
def logging_client(market: Marketplace, clock: StagedClock) -> Iterator[TestClient]:
    settings = market.settings.model_copy(update={"log_json": True})
    with TestClient(create_app(assemble(settings, clock, market.database)), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    """What was told of requests, as it would be written."""
    caplog.set_level(logging.INFO, "marketplace.requests")

    def written() -> list[dict[str, object]]:
        return [json.loads(JsonLines().format(one)) for one in caplog.records if one.name == "marketplace.requests"]

    return written


def test_a_request_is_told_by_its_template_and_id_and_nothing_that_it_holds(
    logging_client: TestClient, lines: Lines, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"X-Request-Id": "from-the-proxy-1", "Authorization": f"Bearer {SECRET}"}
    path = f"/invitations/{SECRET}/bids?secret={SECRET}"
    assert logging_client.post(path, headers=headers, json={"x": SECRET}).status_code == 401
    assert logging_client.get(f"/requests/{SECRET}", headers={"X-Request-Id": SECRET + "\t"}).status_code == 401
    assert logging_client.get(f"/{SECRET}").status_code == 404
    hot, other, unknown = lines()
    assert (hot["route"], hot["method"], hot["status"]) == ("/invitations/{invitation_id}/bids", "POST", 401)
    assert (other["route"], unknown["route"], unknown["status"]) == ("/requests/{request_id}", "", 404)
    assert isinstance(hot["ms"], float)
    assert SECRET not in json.dumps(lines())
    assert SECRET not in caplog.text
    assert str(unknown["level"]) == "info"


def test_who_is_refused_is_told_by_opaque_ids_with_the_problem_and_as_a_warning(
    logging_client: TestClient, lines: Lines, market: Marketplace
) -> None:
    carrier = a_user(market, Kind.PROVIDER)
    assert logging_client.get("/requests", headers=carrier.headers).status_code == 403
    bid = {"request_version": 1, "terms_id": "trm_x", "term_months": 36, "lots": []}
    logging_client.post("/invitations/inv_x/bids", headers=carrier.headers, json=bid)
    logging_client.get("/catalogue", headers=carrier.headers)
    logging_client.get("/requests")
    refused, malformed, served, nobody = lines()
    own = {"user": carrier.principal.user_id, "organization": carrier.principal.organization_id}
    for line in (refused, malformed, served):
        assert {name: line[name] for name in own} == own
    assert (refused["problem"], refused["level"]) == ("forbidden", "warning")
    assert (nobody["problem"], nobody["level"]) == ("unauthenticated", "warning")
    assert (malformed["status"], malformed["level"], served["level"]) == (422, "info", "info")
    assert "user" not in nobody
    assert "problem" not in served
    assert carrier.email not in json.dumps(lines())


def test_a_sign_in_that_fails_is_told_without_the_address_or_the_password(
    logging_client: TestClient, market: Marketplace, caplog: pytest.LogCaptureFixture
) -> None:
    user = a_user(market)
    for email in (user.email, "nobody@example.com"):
        sent = {"email": email, "password": SECRET}
        assert logging_client.post("/sessions", json=sent).status_code == 401
        logging_client.post("/sign-in", data=sent, headers={"Sec-Fetch-Site": "same-origin"})
    told = [json.loads(JsonLines().format(one)) for one in caplog.records if one.name == "marketplace.security"]
    assert [(line["message"], line["user"]) for line in told] == [
        ("a sign-in failed", user.principal.user_id),
        ("a sign-in failed", user.principal.user_id),
        ("a sign-in failed", ""),
        ("a sign-in failed", ""),
    ]
    assert len({line["account"] for line in told}) == 2
    written = json.dumps(told)
    assert SECRET not in written
    assert user.email not in written


def test_lines_carry_the_id_that_a_proxy_gave_or_one_of_their_own(
    logging_client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    written: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(str(json.loads(JsonLines().format(record))["request_id"]))

    caplog.set_level(logging.INFO, "marketplace.requests")
    kept = Kept()
    logging.getLogger("marketplace.requests").addHandler(kept)
    try:
        for given in ("from-the-proxy-1", "short", "no good\x7f", "x" * 65):
            logging_client.get("/catalogue", headers={"X-Request-Id": given})
    finally:
        logging.getLogger("marketplace.requests").removeHandler(kept)
    first, *drawn = written
    assert first == "from-the-proxy-1"
    assert len(set(drawn)) == 3
    assert all(one.startswith("rq_") for one in drawn)


def test_a_record_with_an_exception_is_one_line() -> None:
    error = ValueError("two\nlines")
    given = (type(error), error, None)
    record = logging.getLogger("x").makeRecord("x", logging.ERROR, __file__, 1, "it %s", ("failed",), given)
    line = JsonLines().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "it failed"
    assert "ValueError" in json.loads(line)["exception"]


def test_without_being_asked_nothing_is_told_of_requests(client: TestClient, lines: Lines) -> None:
    client.get("/catalogue")
    assert lines() == []


def test_probes_tell_whether_a_process_lives_and_can_serve(client: TestClient, market: Marketplace) -> None:
    assert client.get("/health/live").json() == {"status": "alive"}
    assert client.get("/health/ready").json() == {"status": "ready"}
    user = a_registered_buyer(client, market)
    assert client.get("/health/ready", headers=user.headers).json() == {"status": "ready"}


def test_a_process_without_its_database_lives_and_is_not_ready(market: Marketplace) -> None:
    nowhere = create_engine("postgresql+psycopg://nobody@/none?host=/nowhere")
    cut_off = Database(market.database.owner, nowhere, nowhere, nowhere)
    with TestClient(create_app(assemble(market.settings, database=cut_off)), raise_server_exceptions=False) as client:
        assert client.get("/health/ready").status_code == 503
        assert client.get("/health/live").status_code == 200
