"""An import brings purchases in once, or changes nothing."""

from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from buyers.requests import service as requests
from marketplace.cli import main, replay
from marketplace.kernel.errors import MalformedError
from marketplace.kernel.ids import RequestId
from marketplace.replay import load
from marketplace.replay.script import Cast
from marketplace.wiring import Marketplace
from tests.replay.made import RECORDS, cast_of, mapped, written


def _load(market: Marketplace, cast: Cast) -> load.Plan:
    with market.workshop.work() as work:
        return load.load(work, cast)


def _rows(market: Marketplace, query: str) -> list[tuple[object, ...]]:
    with market.workshop.reading() as reading:
        return [tuple(row) for row in reading.session.connection().execute(text(query))]


def test_buyers_drafts_and_providers_come_in(market: Marketplace, cast: Cast) -> None:
    plan = _load(market, cast)
    assert [one.number for one in plan.applications] == ["221000001", "221000002", "221000003"]
    assert plan.new_buyers == ("9001", "9002")
    assert _rows(market, "SELECT name, status FROM registry.buyers ORDER BY name") == [
        ("Elm Grove Library", "pending"),
        ("Harbor Unified School District", "pending"),
    ]
    assert _rows(market, "SELECT name, reference, status FROM market.providers ORDER BY name") == [
        ("Blue Fiber LLC", "143000001", "pending"),
        ("Red Wire Inc", "143000002", "pending"),
    ]
    assert _rows(market, "SELECT count(*) FROM market.filters") == [(2,)]
    assert _rows(market, "SELECT label FROM registry.sites ORDER BY label") == [
        ("Elm Grove Main (2)",),
        ("elm grove main",),
        ("harbor high",),
    ]
    assert _rows(market, "SELECT status, count(*) FROM market.requests GROUP BY status") == [("draft", 3)]
    assert all(str(email).endswith(".example") for (email,) in _rows(market, "SELECT email FROM identity.users"))


def test_a_draft_holds_sites_lines_and_lots(market: Marketplace, cast: Cast) -> None:
    _load(market, cast)
    found = _rows(market, "SELECT id FROM kernel.imports WHERE kind = 'application' AND reference = '221000003'")
    with market.workshop.reading() as reading:
        content = requests.get(reading, RequestId(str(found[0][0]))).content
    assert [site.ref for site in content.sites] == ["S1"]
    assert content.sites[0].site_id.startswith("sit_")
    assert content.lines == cast.applications[2].lines
    assert content.lots == cast.applications[2].lots


def test_the_same_file_comes_in_once(market: Marketplace, cast: Cast) -> None:
    _load(market, cast)
    again = _load(market, cast)
    assert not again.applications
    assert not again.providers
    assert again.known_applications == ("221000001", "221000002", "221000003")
    assert again.known_providers == ("143000001", "143000002")
    assert _rows(market, "SELECT count(*) FROM market.requests") == [(3,)]


def test_a_longer_file_adds_what_is_new(market: Marketplace, cast: Cast) -> None:
    _load(market, cast_of(mapped(written(RECORDS[0]))))
    plan = _load(market, cast)
    assert [one.number for one in plan.applications] == ["221000002", "221000003"]
    assert plan.new_buyers == ("9002",)
    assert _rows(market, "SELECT count(*) FROM registry.buyers") == [(2,)]


def test_what_a_service_refuses_changes_nothing(market: Marketplace) -> None:
    good, bad = RECORDS[0], RECORDS[1] | {"billed_entity_number": "9009", "org_state": "QQ"}
    with pytest.raises(MalformedError):
        _load(market, cast_of(mapped(written(good, bad))))
    assert _rows(market, "SELECT count(*) FROM identity.organizations") == [(0,)]
    assert _rows(market, "SELECT count(*) FROM kernel.imports") == [(0,)]


def test_a_dry_run_writes_nothing(market: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "lines.csv"
    file.write_text(written(*RECORDS), encoding="utf-8")
    monkeypatch.setattr(replay, "market_of", lambda _context, _settings: market)
    result = CliRunner().invoke(main.app, ["import", "erate", str(file), "--dry-run"])
    assert result.exit_code == 0
    assert "Would be imported" in result.output
    assert "row 5 (line 6)" in result.output
    assert _rows(market, "SELECT count(*) FROM identity.organizations") == [(0,)]


def test_a_malformed_file_is_refused_with_line_and_column(
    market: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "lines.csv"
    file.write_text(written(RECORDS[0], RECORDS[1] | {"total_monthly_cost": "a lot"}), encoding="utf-8")
    monkeypatch.setattr(replay, "market_of", lambda _context, _settings: market)
    result = CliRunner().invoke(main.app, ["import", "erate", str(file)])
    assert isinstance(result.exception, MalformedError)
    assert str(result.exception).startswith("line 3, column ")
    assert "total_monthly_cost" in str(result.exception)
    assert _rows(market, "SELECT count(*) FROM identity.organizations") == [(0,)]
