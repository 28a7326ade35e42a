"""What bids state of access lines and limits: the buyer compares and decides by it, no rival ever reads it."""

import csv
import io
import json
from typing import Any

import pytest

from tests.awards.made import LOTS, PRICES, Round
from tests.awards.test_observers import seen

SECRETS = ("Cascade Fiber", "north door", "ring one")


def state(played: Round, name: str, **lot: Any) -> None:
    """Let a carrier bid with a stated access line, and ``lot`` in each lot."""
    owner = {"access_owner": "Cascade  Fiber", "entrance": "north door"} if name != "green" else {}
    lots = [
        {"lot": ref, "lines": [{"line": f"L{ref[1:]}", "mrc": f"{price}.00", "nrc": "50.00", **owner}], **lot}
        for ref, price in zip(LOTS, PRICES[name], strict=True)
    ]
    played.send(name, lots)


@pytest.fixture
def stated_round(open_round: Round) -> Round:
    """Blue takes on two lots, red's are alternatives; both use the same owner's lines. Green states nothing."""
    state(open_round, "blue", capacity={"lots": 2})
    state(open_round, "red", alternative="ring one")
    state(open_round, "green")
    open_round.stage.close()
    return open_round


def test_the_buyer_compares_by_it_and_rivals_never_read_it(stated_round: Round) -> None:
    offers = {offer["provider_id"]: offer for offer in stated_round.buyer("GET", "/comparison")["lots"][0]["offers"]}
    blue, red, green = (offers[stated_round.id_of(name)] for name in ("blue", "red", "green"))
    assert blue["access"] == [{"line": "L1", "access_owner": "Cascade Fiber", "entrance": "north door"}]
    assert blue["capacity"] == {"lots": 2, "sites": None, "mbps": None}
    assert (red["alternative"], green["access"][0]["access_owner"], green["capacity"]) == ("ring one", "", None)
    rows = list(csv.DictReader(io.StringIO(stated_round.asked("GET", "/comparison.csv").content.decode("utf-8-sig"))))
    assert {row["Access owner"] for row in rows} == {"Cascade Fiber", ""}
    stated_round.buyer("POST", "/award", {"awarded": stated_round.chosen(T1="blue", T2="red", T3="green")})
    stated_round.stage.settle()
    for name, own in (("green", ()), ("blue", ("Cascade Fiber", "north door"))):
        read = json.dumps(seen(stated_round, name))
        assert [secret for secret in SECRETS if secret in read] == list(own)


def test_a_selection_beyond_what_is_offered_together_is_refused(stated_round: Round) -> None:
    for names, said in (
        ({"T1": "blue", "T2": "blue", "T3": "blue"}, "takes on less: this makes 3 lots of at most 2"),
        ({"T1": "red", "T2": "red", "T3": "green"}, "offers T1, T2 as alternatives"),
    ):
        body = {"awarded": stated_round.chosen(**names)}
        for path in ("/award/preview", "/award"):
            answer = stated_round.asked("POST", path, body)
            assert answer.status_code == 422
            assert said in answer.json()["errors"][0]["message"]


def test_a_scenario_keeps_lots_apart_by_what_bids_prove(stated_round: Round) -> None:
    def saved(name: str, *by: str) -> dict[str, Any]:
        rules = [{"type": "apart", "primary": "T1", "backup": "T2", "by": list(by)}]
        return dict(stated_round.buyer("POST", "/own-scenarios", {"name": name, "rules": rules}))

    saved("Two providers", "providers")
    saved("Two owners", "providers", "access_owners")
    unknown = {"name": "x", "rules": [{"type": "apart", "primary": "T1", "backup": "T2", "by": ["colours"]}]}
    assert stated_round.asked("POST", "/own-scenarios", unknown).status_code == 422
    two = stated_round.scenario("Two providers")
    assert {one["lot"]: one["provider_id"] for one in two["lots"]}["T2"] == stated_round.id_of("red")
    owners = stated_round.scenario("Two owners")
    assert "what a bid does not state counts as the same" in owners["rules"][0]
    assert owners["lots"] == []
    assert owners["conflict"]
