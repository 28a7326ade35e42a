from datetime import UTC, datetime

import pyotp
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from marketplace.app import create_app
from marketplace.demo import cast
from marketplace.demo import market as demo
from marketplace.kernel import journal
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database
from marketplace.wiring import Marketplace
from tests.conftest import NOON, empty_market

STATES = {"draft", "awaiting verification", "open", "closed", "awarded", "not awarded", "withdrawn"}
LOT_STATES = {"scheduled", "open", "closed", "awarded", "failed", "cancelled"}


@pytest.fixture(scope="module")
def loaded(database: Database, settings: Settings) -> Marketplace:
    """The demo market, loaded once: these tests read it."""
    market = empty_market(database, settings, StagedClock(NOON))
    demo.load(market, NOON)
    return market


def test_the_market_stands_in_every_state_with_an_unbroken_journal(loaded: Marketplace) -> None:
    found = demo.digest(loaded)
    assert {request["status"] for request in found.values()} == STATES
    assert {lot["status"] for request in found.values() for lot in request["lots"].values()} == LOT_STATES
    assert [title for title, request in found.items() if request["suspended"]] == ["SIP trunks for two call floors"]
    assert any(request["version"] == 2 for request in found.values())
    with loaded.workshop.reading() as reading:
        connection = reading.session.connection()
        contracts = set(connection.execute(text("SELECT DISTINCT status FROM market.contracts")).scalars())
        providers = set(connection.execute(text("SELECT DISTINCT status FROM market.providers")).scalars())
        assert connection.execute(text("SELECT count(*) FROM market.notices")).scalar_one() > 100
        assert not connection.execute(text("SELECT name FROM kernel.cursors WHERE failures > 0")).all()
        first, last = connection.execute(text("SELECT min(at), max(at) FROM kernel.journal")).one()
        report = journal.verify(reading.session)
    assert contracts == {"presented", "accepted", "refused"}
    assert providers == {"approved", "pending"}
    assert first < datetime(2026, 10, 4, tzinfo=UTC) < last <= NOON
    assert not report.broken
    assert report.events > 500


def test_open_auctions_have_competition_and_close_ahead_of_now(loaded: Marketplace) -> None:
    hotels = demo.digest(loaded)["1 Gbps guest Internet at six hotels"]
    assert len(hotels["lots"]) == 6
    assert all(len(lot["bids"]) >= 2 for lot in hotels["lots"].values())
    with loaded.workshop.reading() as reading:
        rows = reading.session.connection().execute(text("SELECT closes_at FROM market.lots WHERE status = 'open'"))
        assert all(closes_at > NOON for (closes_at,) in rows)


def test_every_documented_account_signs_in(loaded: Marketplace) -> None:
    emails = [role.registration["contact"]["email"] for role in cast.buyers()]
    emails += [colleague.email for role in cast.buyers() for colleague in role.colleagues]
    emails += [role.registration["contact_email"] for role in cast.carriers()]
    with TestClient(create_app(loaded)) as client:
        for email in emails:
            answer = client.post("/sessions", json={"email": email, "password": cast.PASSWORD})
            assert answer.status_code == 201, f"{email}: {answer.text}"
            assert not answer.json()["limited"]
        for email in (cast.ADMIN_EMAIL, cast.VERIFIER_EMAIL):
            code = pyotp.TOTP(cast.FACTOR).at(NOON)
            answer = client.post("/sessions", json={"email": email, "password": cast.PASSWORD, "code": code})
            assert answer.status_code == 201, f"{email}: {answer.text}"
            assert not answer.json()["limited"]


def test_the_market_is_the_same_from_the_same_seed_and_another_from_another(
    loaded: Marketplace, database: Database, settings: Settings
) -> None:
    """The last one here: it empties the database that the others read."""
    first = demo.digest(loaded)
    again = empty_market(database, settings, StagedClock(NOON))
    demo.load(again, NOON)
    assert demo.digest(again) == first
    other = empty_market(database, settings, StagedClock(NOON))
    demo.load(other, NOON, "another")
    assert demo.digest(other).keys() == first.keys()
    assert demo.digest(other) != first
