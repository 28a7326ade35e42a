"""The scenario board over HTTP: what it says, when it may, and awards that rest on it."""

from decimal import Decimal

from tests.awards.made import Round, a_round
from tests.security.made import Stage

VOLUME = {"volume": [{"from_lots": 3, "percent": "20.00"}]}


def test_the_cheapest_scenario_is_proven_and_counts_what_each_bid_costs(closed_round: Round) -> None:
    found = closed_round.scenario("cheapest")
    assert (found["status"], found["words"]) == ("optimal", "proven cheapest")
    assert found["total"] == str(Decimal(36 * (100 + 100 + 119) + 150).quantize(Decimal("0.01")))
    assert {lot["lot"]: lot["provider_id"] for lot in found["lots"]} == {
        "T1": closed_round.id_of("blue"),
        "T2": closed_round.id_of("red"),
        "T3": closed_round.id_of("green"),
    }


def test_a_discount_for_all_lots_makes_one_carrier_cheapest_and_is_told(open_round: Round, stage: Stage) -> None:
    open_round.bid("red")
    open_round.bid("green")
    open_round.bid("blue", **VOLUME)
    stage.close()
    found = open_round.scenario("cheapest")
    assert [one["provider_id"] for one in found["providers"]] == [open_round.id_of("blue")]
    listed = Decimal(36 * (100 + 110 + 120) + 150)
    assert Decimal(found["total"]) == listed * Decimal("0.8")
    assert Decimal(found["discounts"][0]["amount"]) == listed * Decimal("0.2")
    assert "everything depends on one provider" in found["risks"]


def test_a_rule_has_its_price_and_rules_that_contradict_each_other_are_named(closed_round: Round) -> None:
    rules = [{"type": "excluded", "provider_id": closed_round.id_of("blue"), "lots": ["T1"]}]
    closed_round.buyer("POST", "/own-scenarios", {"name": "Not blue at T1", "rules": rules})
    impossible = [{"type": "providers", "at_most": 1}, {"type": "apart", "primary": "T1", "backup": "T2"}]
    closed_round.buyer("POST", "/own-scenarios", {"name": "Impossible", "rules": impossible})
    own = closed_round.scenario("Not blue at T1")
    assert Decimal(own["prices"][0]["price"]) == 36 * 5
    assert own["prices"][0]["monthly"] == "5.00"
    none = closed_round.scenario("Impossible")
    assert (none["status"], none["words"]) == ("infeasible", "no award under these rules")
    assert "T1 and T2 from two providers" in none["conflict"]
    assert none["ways_out"]


def test_sealed_bids_are_nothing_to_compute_with(open_round: Round) -> None:
    open_round.bid_all()
    found = open_round.buyer("GET", "/scenarios")
    assert (found["stage"], found["computed"], found["progress"]) == ("available after the opening", None, None)


def test_while_open_bids_are_taken_the_board_shows_figures_and_nobody(stage: Stage) -> None:
    auction = {"format": "english", "decrement": "10.00", "ceiling": "20000.00"}
    played = a_round(stage, auction=auction)
    played.bid_all()
    played.buyer(
        "POST", "/own-scenarios", {"name": "x", "rules": [{"type": "excluded", "provider_id": played.id_of("red")}]}
    )
    board = played.board()
    assert board["stage"] == "while bids are taken"
    found = {one["key"]: one for one in board["computed"]["results"]}
    assert Decimal(found["cheapest"]["total"]) == 36 * (100 + 100 + 119) + 150
    assert "incumbents-stay" not in found
    assert any(one["status"] == "not possible" and one["name"] == "x" for one in found.values())
    text = str(board)
    assert all(played.id_of(name) not in text for name in ("blue", "green"))  # red's is the buyer's own word
    assert all(one["lots"] == [] and one["providers"] == [] for one in found.values())


def test_a_scenario_is_awarded_as_shown_with_one_reason_and_its_discounts(open_round: Round, stage: Stage) -> None:
    open_round.bid("red")
    open_round.bid("green")
    open_round.bid("blue", **VOLUME)
    stage.close()
    board = open_round.board()
    sha256 = board["computed"]["sha256"]
    path = "/scenarios/two-providers/award"
    second = next(one for one in board["computed"]["results"] if one["key"] == "two-providers")
    assert second["total"] == open_round.scenario("cheapest")["total"]
    preview = open_round.buyer("POST", "/scenarios/cheapest/award/preview", {"sha256": sha256})
    assert [winner["provider_id"] for winner in preview["winners"]] == [open_round.id_of("blue")]
    assert preview["losers"] == 2
    assert preview["warnings"]
    done = open_round.buyer("POST", path, {"sha256": sha256})
    assert done["basis"]["scenario"] == "Best two"
    assert done["basis"]["problem_sha256"] == sha256
    assert {lot["lot"] for lot in done["lots"]} == {"T1", "T2", "T3"}
    assert done["discounts"][0]["lots"] == ["T1", "T2", "T3"]
    assert open_round.buyer("GET", "/awards")[0]["discounts"] == done["discounts"]
    after = open_round.buyer("GET", "/scenarios")
    assert (after["current"], after["computed"]["sha256"]) == (True, sha256)


def test_another_than_the_cheapest_needs_one_reason(closed_round: Round) -> None:
    board = closed_round.board()["computed"]
    body = {"sha256": board["sha256"]}
    refused = closed_round.asked("POST", "/scenarios/one-provider/award", body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/reason"
    done = closed_round.buyer("POST", "/scenarios/one-provider/award", body | {"reason": "One bill."})
    assert done["basis"]["reason"] == "One bill."


def test_a_scenario_of_other_rules_or_costs_is_stale(closed_round: Round) -> None:
    sha256 = closed_round.board()["computed"]["sha256"]
    costs = {"costs": [{"lot": "T1", "incumbent": closed_round.id_of("red"), "amount": "9000.00"}], "reason": "Forgot."}
    closed_round.buyer("PUT", "/switching-costs", costs)
    refused = closed_round.asked("POST", "/scenarios/cheapest/award", {"sha256": sha256})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/scenario-stale")
    fresh = closed_round.scenario("cheapest")
    assert next(one for one in fresh["lots"] if one["lot"] == "T1")["provider_id"] == closed_round.id_of("red")
    stay = closed_round.scenario("incumbents-stay")
    assert stay["status"] == "optimal"


def test_a_cancelled_computation_stays_so_until_it_is_asked_for_again(closed_round: Round) -> None:
    closed_round.buyer("GET", "/scenarios")
    closed_round.buyer("POST", "/scenarios/cancel")
    found = closed_round.buyer("GET", "/scenarios")
    assert found["current"] or found["cancelled"]
    closed_round.buyer("POST", "/scenarios/compute")
    assert closed_round.board()["computed"]["results"]


def test_points_of_the_front_are_awards_of_their_own(open_round: Round, stage: Stage) -> None:
    better = [{"code": "bandwidth_mbps", "fit": "exceeds"}]
    plain = [{"code": "bandwidth_mbps", "fit": "meets"}]
    for name, answers, prices in (("blue", plain, (100, 100, 100)), ("red", better, (101, 110, 130))):
        lots = [
            {"lot": f"T{n}", "lines": [{"line": f"L{n}", "mrc": f"{price}.00", "answers": answers}]}
            for n, price in enumerate(prices, start=1)
        ]
        open_round.send(name, lots)
    stage.close()
    front = open_round.board()["computed"]["front"]
    costs = [Decimal(point["total"]) for point in front]
    levels = [Decimal(point["service_level"]) for point in front]
    assert costs == sorted(costs)
    assert levels == sorted(levels)
    assert (levels[0], levels[-1]) == (80, 100)
    service = open_round.scenario("best-service")
    assert Decimal(service["total"]) <= costs[0] * Decimal("1.03")
    assert Decimal(service["service_level"]) > 80


def test_own_scenarios_are_shared_versioned_and_the_organization_s_alone(closed_round: Round, stage: Stage) -> None:
    body = {"name": "At least two", "rules": [{"type": "providers", "at_least": 2}]}
    saved = stage.ok(closed_round.colleague, "POST", closed_round.path("/own-scenarios"), body)
    at = f"/own-scenarios/{saved['id']}"
    assert closed_round.buyer("GET", at)["words"] == ["at least 2 providers"]
    assert closed_round.asked("POST", "/own-scenarios", body).status_code == 409
    changed = body | {"name": "At least three", "rules": [{"type": "providers", "at_least": 3}]}
    assert closed_round.asked("PUT", at, changed).status_code == 428
    closed_round.buyer("PUT", at, changed, headers={"If-Match": '"1"'})
    assert closed_round.asked("DELETE", at, headers={"If-Match": '"1"'}).status_code == 412
    unknown = {"name": "y", "rules": [{"type": "apart", "primary": "T1", "backup": "T9"}]}
    assert closed_round.asked("POST", "/own-scenarios", unknown).json()["errors"][0]["pointer"] == "/rules/0"
    stranger = stage.a_buyer("else@elsewhere.example.org")
    assert stage.call(stranger, "GET", closed_round.path("/scenarios")).status_code == 404
    assert stage.call(stranger, "GET", closed_round.path(at)).status_code == 404
    closed_round.buyer("DELETE", at, headers={"If-Match": '"2"'})
    assert closed_round.buyer("GET", "/own-scenarios") == []
