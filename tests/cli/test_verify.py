import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from marketplace.cli import replay_auction
from marketplace.kernel.access import Kind
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.cli.conftest import Shell
from tests.factories import SignedIn, a_user, as_owner
from tests.security.made import Stage


@pytest.fixture
def stage(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Stage:
    return Stage(market, client, clock, run_worker)


@pytest.fixture
def deal(stage: Stage) -> tuple[str, SignedIn, SignedIn, Any]:
    """A request with two bids whose time for bids has passed: its id, both carriers, and the first one's receipts."""
    first, second = stage.a_carrier(), stage.a_carrier()
    request_id = stage.publish()
    receipts = stage.bid(first, "400.00")
    stage.bid(second, "390.00")
    return request_id, first, second, receipts


def _own(stage: Stage, carrier: SignedIn, lot: str = "T1") -> str:
    return f"/invitations/{stage.invitation(carrier)}/lots/{lot}/transcript"


def test_a_transcript_is_there_once_the_lot_has_closed(stage: Stage, deal: tuple[str, SignedIn, SignedIn, Any]) -> None:
    request_id, first, _, _ = deal
    full = f"/requests/{request_id}/lots/T1/transcript"
    for who, path in ((stage.buyer, full), (stage.admin, full), (first, _own(stage, first))):
        early = stage.call(who, "GET", path)
        assert (early.status_code, early.json()["type"]) == (409, "/problems/bids-not-opened")
    stage.close()
    for who, path in ((stage.buyer, full), (stage.admin, full), (first, _own(stage, first))):
        assert stage.call(who, "GET", path).status_code == 200
        assert stage.call(who, "GET", path.replace("/T1/", "/T9/")).status_code == 404


def test_a_transcript_is_for_those_whose_lot_it_is(stage: Stage, deal: tuple[str, SignedIn, SignedIn, Any]) -> None:
    request_id, first, second, _ = deal
    stage.close()
    stranger = a_user(stage.market, Kind.BUYER)
    assert stage.call(stranger, "GET", f"/requests/{request_id}/lots/T1/transcript").status_code == 404
    assert stage.call(first, "GET", f"/requests/{request_id}/lots/T1/transcript").status_code == 403
    assert stage.call(second, "GET", _own(stage, first)).status_code == 404
    assert stage.call(None, "GET", _own(stage, first)).status_code == 401


def test_a_bidders_transcript_names_neither_its_rival_nor_the_buyer(
    stage: Stage, deal: tuple[str, SignedIn, SignedIn, Any]
) -> None:
    _, first, second, _ = deal
    stage.close()
    told = stage.call(first, "GET", _own(stage, first)).text
    for hidden in (second.principal, stage.buyer.principal):
        assert hidden.organization_id not in told
        assert hidden.user_id not in told
    results = json.loads(told)["transcript"]["results"]
    assert [line["amount"] for line in results["standing"]] == ["14400.00"]


def test_what_was_downloaded_is_verified_offline_with_its_receipt(
    shell: Shell, stage: Stage, deal: tuple[str, SignedIn, SignedIn, Any]
) -> None:
    request_id, first, second, receipts = deal
    stage.close()
    keys = shell.file("keys.json", stage.ok(None, "GET", "/keys"))
    receipt = shell.file("receipt.json", receipts)
    full = shell.file("full.json", stage.ok(stage.buyer, "GET", f"/requests/{request_id}/lots/T1/transcript"))
    own = shell.file("own.json", stage.ok(first, "GET", _own(stage, first)))

    said = shell.good(f"verify {full} --key {keys} --receipt {receipt}").out
    winner = second.principal.organization_id
    assert f"1. {winner}: 14040.00 USD" in said
    assert f"candidate for the award: {winner}, paid 14040.00 USD" in said
    assert "of the chain" in said
    shell.good(f"verify {own} --key {keys} --receipt {receipt}")
    assert "14400.00" in shell.good(f"verify {receipt} --key {keys}").out

    rivals = shell.file("rivals.json", stage.ok(second, "GET", _own(stage, second)))
    shell.good(f"verify {rivals} --key {keys}")
    forged = json.loads(full.read_text(encoding="utf-8"))
    forged["transcript"]["results"]["candidates"][0]["payment"] = "1.00"
    ended = shell(f"verify {shell.file('forged.json', forged)} --key {keys}")
    assert (ended.code, "WRONG" in ended.err) == (1, True)


def test_an_operator_replays_a_lot_from_its_journal(
    shell: Shell, stage: Stage, deal: tuple[str, SignedIn, SignedIn, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id, *_ = deal
    monkeypatch.setattr(replay_auction, "market_of", lambda _context, _settings, **_options: stage.market)
    assert "The same" in shell.good(f"replay auction {request_id} T1").out
    stage.close()
    said = shell.good(f"replay auction {request_id} T1").out
    assert "2 standing" in said
    assert ": 14040.00 USD" in said
    with as_owner(stage.market) as connection:
        lot_id = connection.execute(text("SELECT id FROM market.lots")).scalar_one()
    assert shell.good(f"replay auction {lot_id}").out == said
    with as_owner(stage.market) as connection:
        connection.execute(text("UPDATE market.lots SET extensions = 3"))
    ended = shell(f"replay auction {lot_id}")
    assert (ended.code, "DIFFERS extensions: stored 3; its events lead to 0" in ended.out) == (1, True)
