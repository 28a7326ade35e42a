"""A replay plays published purchases to their contracts, and goes on where it, or the marketplace, was killed."""

import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from marketplace.kernel.clock import StagedClock
from marketplace.replay import admin, result
from marketplace.replay.result import Played, Replayed
from marketplace.replay.script import Cast
from marketplace.standards.erate_filters import leave_one_out, recall
from marketplace.wiring import Marketplace
from tests.replay.made import RECORDS, WINDOW, Run, cast_of, mapped, written

PUBLISHED = Path(__file__).parents[2].parent / "shared/data/erate/form471_lines.csv"


class KilledError(Exception):
    """Stands for the end of the process."""


def _counts(market: Marketplace) -> dict[str, int]:
    queries = {
        "buyers": "SELECT count(*) FROM registry.buyers",
        "sites": "SELECT count(*) FROM registry.sites",
        "providers": "SELECT count(*) FROM market.providers",
        "awarded": "SELECT count(*) FROM market.requests WHERE status = 'awarded'",
        "others": "SELECT count(*) FROM market.requests WHERE status NOT IN ('awarded', 'withdrawn', 'not awarded')",
        "awards": "SELECT count(*) FROM market.awards",
        "contracts": "SELECT count(*) FROM market.contracts",
        "admins": "SELECT count(*) FROM identity.users u JOIN identity.organizations o ON o.id = u.organization_id"
        " WHERE o.kind = 'platform'",
    }
    with market.workshop.reading() as reading:
        connection = reading.session.connection()
        return {name: int(connection.execute(text(query)).scalar_one()) for name, query in queries.items()}


EXPECTED = {
    "buyers": 2,
    "sites": 3,
    "providers": 2,
    "awarded": 3,
    "others": 0,
    "awards": 3,
    "contracts": 4,
    "admins": 1,
}


def _check(replayed: Replayed, cast: Cast) -> None:
    assert not replayed.failures
    assert [one.application for one in replayed.played] == [one.number for one in cast.applications]
    first, second, third = replayed.played
    assert (first.sites, first.lines, first.lots, first.real_bids, first.contracts) == (1, 1, 1, 1, 1)
    assert (third.lots, third.real_bids, third.awards, third.contracts) == (2, 2, 2, 2)
    assert first.synthetic_bids == second.synthetic_bids == 1
    assert all(one.winners_invited == one.winners for one in replayed.played)


def test_all_applications_reach_their_contracts(run: Run, cast: Cast, emptied: Marketplace) -> None:
    replayed = run(cast)
    _check(replayed, cast)
    assert all(one.attempt == 1 for one in replayed.played)
    assert _counts(emptied) == EXPECTED
    file = admin.state_file(emptied.settings.folder, cast.run)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    mapping = mapped(written(*RECORDS))
    figures = result.totals(replayed, mapping, recall(mapping.applications, leave_one_out(mapping.applications)))
    assert (figures["applications"], figures["completed"], figures["winner_invited"]) == (3, 3, 3)
    assert (figures["bids_real"], figures["bids_synthetic"], figures["contracts"]) == (4, 2, 4)
    assert [(one["row"], one["line"]) for one in figures["unmapped_rows"]] == [(5, 6)]


@pytest.mark.parametrize("at", ["submitting", "bidding", "waiting for the close", "awarding", "accepting terms"])
def test_a_killed_replay_goes_on(at: str, run: Run, cast: Cast, emptied: Marketplace) -> None:
    def kill(_application: str, step: str) -> None:
        if step == at:
            raise KilledError

    with pytest.raises(KilledError):
        run(cast, kill)
    _check(run(cast), cast)
    assert _counts(emptied) == EXPECTED


def test_an_auction_that_closed_without_the_real_bid_is_asked_for_again(
    run: Run, cast: Cast, emptied: Marketplace, clock: StagedClock
) -> None:
    missed = cast.applications[2].number

    def kill(application: str, step: str) -> None:
        if application == missed and step == "bidding":
            raise KilledError

    with pytest.raises(KilledError):
        run(cast, kill)
    clock.now += timedelta(seconds=2 * WINDOW)
    again = run(cast)
    _check(again, cast)
    assert {one.application: one.attempt for one in again.played}[missed] == 2
    assert _counts(emptied) == EXPECTED


def test_what_is_done_is_not_done_again(run: Run, cast: Cast, emptied: Marketplace) -> None:
    first, second = run(cast), run(cast)
    assert first.played == second.played
    assert _counts(emptied) == EXPECTED


def test_one_failing_application_leaves_the_others_alone(run: Run, cast: Cast) -> None:
    broken = replace(cast.applications[0], term_months=500)
    replayed = run(replace(cast, applications=(broken, *cast.applications[1:])))
    assert [one.application for one in replayed.failures] == [broken.number]
    assert replayed.failures[0].step == "drafting"
    assert "term_months" in replayed.failures[0].reason
    assert len(replayed.played) == 2


def test_published_purchases(run: Run) -> None:
    if not PUBLISHED.is_file():
        pytest.skip("the published Form 471 lines are not beside the project")
    cast = cast_of(mapped(PUBLISHED.read_text(encoding="utf-8")), limit=5)
    replayed = run(cast)
    assert not replayed.failures
    assert len(replayed.played) == 5
    assert all(isinstance(one, Played) and one.contracts == one.winners for one in replayed.played)
    assert all(one.winners_invited == one.winners for one in replayed.played)
