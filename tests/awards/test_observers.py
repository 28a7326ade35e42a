"""What carriers can observe of an award: a winner meets the buyer, a loser learns that it lost and nothing else."""

import json
from typing import Any

from sqlalchemy import text

from tests.awards.made import Round, a_round
from tests.factories import as_owner
from tests.security.made import Stage

SECRETS = ("Riverbend Public Library", "dana@riverbend-library.example.org", "12 Canal Street", "Place 1", "OUR-PO-7")


def seen(played: Round, name: str) -> dict[str, Any]:
    """Return the answer to every reading that a carrier has of this request, and its notices."""
    carrier, invitation = played.carriers[name], played.invitations[name]
    rests = ("", "/bids", "/auction", "/award", "/buyer", "/award/confirmation", "/questions", "/transcript")
    paths = [f"/invitations/{invitation}{rest}" for rest in rests]
    paths += ["/notices", "/contracts", f"/requests/{played.request_id}/comparison", played.path("/scenarios")]
    paths += [played.path("/comparison.csv"), played.path("/approvals"), played.path("/switching-costs")]
    answers = {path: played.stage.call(carrier, "GET", path) for path in paths}
    return {path: (answer.status_code, answer.text) for path, answer in answers.items()}


def told(played: Round, name: str) -> list[dict[str, Any]]:
    """Return a carrier's notices, newest first, without ids and times."""
    items = played.stage.ok(played.carriers[name], "GET", "/notices")["items"]
    return [{key: item[key] for key in ("title", "text") if key in item} for item in items]


def test_losers_learn_that_they_lost_and_the_same_whoever_won_at_whatever_price(stage: Stage) -> None:
    by_lots = a_round(stage, billing={"purchase_order": "OUR-PO-7"})
    as_one = a_round(stage, by_lots.carriers)
    for played in (by_lots, as_one):
        played.bid_all()
    stage.close()
    by_lots.buyer("POST", "/award", {"awarded": by_lots.chosen(T1="blue", T2="blue", T3="blue")})
    as_one.buyer("POST", "/award", {"awarded": as_one.chosen(T1="red", T2="red", T3="red")})
    stage.settle()
    loser = seen(by_lots, "green")
    text_of_all = json.dumps(loser)
    for secret in (*SECRETS, by_lots.id_of("blue"), by_lots.id_of("red"), "Carrier org"):
        assert secret not in text_of_all.replace(f"Carrier {by_lots.id_of('green')}", "")
    assert loser[f"/invitations/{by_lots.invitations['green']}/award"] == (200, "[]")
    assert loser[f"/invitations/{by_lots.invitations['green']}/buyer"][0] == 404
    # the carrier that lost twice can't tell the two apart but by what it knew before
    other = seen(as_one, "green")
    for rest in ("/award", "/buyer", "/award/confirmation"):
        first = loser[f"/invitations/{by_lots.invitations['green']}{rest}"]
        assert first == other[f"/invitations/{as_one.invitations['green']}{rest}"]
    assert sum("Not selected" in str(item) for item in told(by_lots, "green")) == 2


def test_a_winner_meets_the_buyer_at_its_own_sites_alone_from_the_award_on(closed_round: Round) -> None:
    stage = closed_round.stage
    blue = closed_round.carriers["blue"]
    meeting = f"/invitations/{closed_round.invitations['blue']}/buyer"
    assert stage.call(blue, "GET", meeting).status_code == 404
    body = {"awarded": closed_round.chosen(T1="blue", T2="red", T3="green")}
    preview = closed_round.buyer("POST", "/award/preview", body)
    assert {tuple(winner["lots"]): winner["sites"] for winner in preview["winners"]}[("T1",)] == ["S1 Albany 12207"]
    closed_round.buyer("POST", "/award", body)
    met = stage.ok(blue, "GET", meeting)
    assert met["buyer"]["contact"]["email"] == "dana@riverbend-library.example.org"
    assert [site["ref"] for site in met["sites"]] == ["S1"]
    assert met["sites"][0]["place"]["street"] == "12 Canal Street"
    assert met["title"] == "Three places"
    stage.ok(blue, "GET", meeting)
    with as_owner(stage.market) as connection:
        count = text("SELECT count(*) FROM kernel.journal WHERE type = 'disclosure.read'")
        assert connection.execute(count).scalar_one() == 2


def test_what_the_buyer_keeps_to_itself_is_out_of_the_carriers_role_s_reach(closed_round: Round) -> None:
    private = ("switching_costs", "approval_limits", "award_approvals", "scenarios", "scenario_boards")
    with as_owner(closed_round.stage.market) as connection:
        granted = connection.execute(
            text("SELECT table_name, grantee FROM information_schema.role_table_grants WHERE table_schema = 'market'")
        ).all()
    grantees = {name: {grantee for table, grantee in granted if table == name} for name in private}
    for name, found in grantees.items():
        assert found, name
        assert not [grantee for grantee in found if "carrier" in grantee or "desk" in grantee], name


def test_losers_don_t_learn_that_an_award_fell_through_and_whose_lot_it_is_now(closed_round: Round) -> None:
    stage, blue = closed_round.stage, closed_round.carriers["blue"]
    chosen = closed_round.chosen(T1="blue", T2="red", T3="red")
    closed_round.buyer("POST", "/award", {"awarded": chosen})
    stage.settle()

    def known(name: str) -> dict[str, Any]:
        rests = ("", "/bids", "/auction", "/award", "/buyer", "/award/confirmation")
        paths = [f"/invitations/{closed_round.invitations[name]}{rest}" for rest in rests] + ["/notices", "/contracts"]
        answers = {path: stage.call(closed_round.carriers[name], "GET", path).text for path in paths}
        for lot in ("T1", "T2", "T3"):
            path = f"/invitations/{closed_round.invitations[name]}/lots/{lot}/transcript"
            answers[path] = stage.ok(closed_round.carriers[name], "GET", path)["transcript"]
        return answers

    before = {name: known(name) for name in ("red", "green")}
    invitation = closed_round.invitations["blue"]
    (asked,) = stage.ok(blue, "GET", f"/invitations/{invitation}/award/confirmation")
    no = {"award_id": asked["award_id"], "reason": "The owner refuses us."}
    stage.ok(blue, "POST", f"/invitations/{invitation}/award/declination", no)
    stage.settle()
    for name, seen_before in before.items():
        assert [path for path, text in known(name).items() if text != seen_before[path]] == []
    declined = known("blue")
    assert '"status":"closed"' in declined[f"/invitations/{invitation}/auction"]

    closed_round.buyer("POST", "/award", {"awarded": closed_round.chosen(T1="red")})
    stage.settle()
    assert known("green") == before["green"]
    assert known("blue") == declined
    after = known("red")
    assert '"won":true' in after[f"/invitations/{closed_round.invitations['red']}/auction"]
    won = [notice for notice in told(closed_round, "red") if notice["title"] == "You won"]
    assert len(won) == 2
