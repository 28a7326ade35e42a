from datetime import timedelta

import pytest

from tests.cli.conftest import Shell, signed_in_again, sit_down
from tests.factories import SignedIn
from tests.security.made import Stage

RACE = {"preset": "open_price_race", "ceiling": "20000", "decrement": "100"}
ROUNDS = {"preset": "sealed_final_offers"}
REASON = "--reason 'the specification is corrected'"


@pytest.fixture
def carrier(stage: Stage, shell: Shell) -> SignedIn:
    """A carrier; at the command line sit its desk, the buyer and the platform's admin."""
    found = stage.a_carrier()
    for name, user in (("desk", found), ("buyer", stage.buyer), ("admin", stage.admin)):
        sit_down(shell, name, user)
    return found


def test_the_platform_pauses_resumes_and_extends(shell: Shell, stage: Stage, carrier: SignedIn) -> None:
    request_id = stage.publish(auction=RACE)
    invitation_id = stage.invitation(carrier)
    assert "paused" in shell.good(f"platform pause {request_id} {REASON} --as admin").out
    assert "the specification is corrected" in shell.good(f"desk auction {invitation_id} --as desk").out
    (lot,) = shell.json(f"platform resume {request_id} --lot t1 --as admin")
    assert lot["status"] == "open"
    (later,) = shell.json(f"platform extend {request_id} --until 2030-01-31T17:00 --as admin")
    assert later["closes_at"] == "2030-01-31T17:00:00Z"
    back = shell(f"platform extend {request_id} --until 2030-01-30T17:00 --as admin")
    assert "a close never moves back: bids are taken until 2030-01-31 17:00:00 UTC" in back.err


def test_what_can_not_be_steered_is_told(shell: Shell, stage: Stage, carrier: SignedIn) -> None:
    request_id = stage.publish(auction=RACE)
    assert carrier.email
    assert "with the lots T9" in shell(f"platform pause {request_id} --lot T9 {REASON} --as admin").err
    assert "There is no auction on req_x." in shell("platform resume req_x --as admin").err
    assert "is no instant" in shell(f"platform extend {request_id} --until tomorrow --as admin").err
    assert "marketplace whoami" in shell(f"platform pause {request_id} {REASON} --as desk").err


def test_an_agent_enters_a_bid_that_both_sides_see_marked(shell: Shell, stage: Stage, carrier: SignedIn) -> None:
    request_id = stage.publish(auction=RACE)
    invitation_id = stage.invitation(carrier)
    file = shell.file("dictated.json", stage.bid_body(carrier))
    entered = f"--invitation {invitation_id} --evidence 'Call of 2 November, recording 8841' --as admin"
    assert "14,400.00" in shell.good(f"platform surrogate-bid {request_id} t1 {file} {entered}").out
    assert "an agent, for you" in shell.good(f"desk bids {invitation_id} --as desk").out
    assert shell.json(f"desk bids {invitation_id} --as desk")[0]["surrogate"] is True
    assert "prices no lot T4" in shell(f"platform surrogate-bid {request_id} T4 {file} {entered}").err
    assert "don't belong together" in shell(f"platform surrogate-bid req_x T1 {file} {entered}").err
    assert (
        "The file holds no bid"
        in shell(f"platform surrogate-bid {request_id} T1 {shell.file('list.json', [])} {entered}").err
    )


@pytest.mark.parametrize("who", ["buyer", "platform"])
def test_a_bid_called_an_error_is_listed_and_decided(shell: Shell, stage: Stage, carrier: SignedIn, who: str) -> None:
    account = "admin" if who == "platform" else who
    request_id = stage.publish(auction=RACE)
    invitation_id = stage.invitation(carrier)
    (receipt,) = stage.bid(carrier)["receipts"]
    listed = f"{who} withdrawals list {request_id} --as {account}"
    assert "Nobody asks" in shell.good(listed).out
    shell.good(f"desk withdraw {invitation_id} {receipt['bid_id']} --reason 'the wrong lot' --as desk")
    assert "the wrong lot" in shell.good(listed).out
    decided = f"{who} withdrawals grant {request_id} {receipt['bid_id']} --reason 'plainly a slip' --as {account}"
    assert "It was taken out." in shell.good(decided).out
    assert "Nobody asks about" in shell(decided).err
    assert shell.json(f"desk auction {invitation_id} --as desk")[0]["own_amount"] is None


def test_a_refused_withdrawal_leaves_the_bid_standing(shell: Shell, stage: Stage, carrier: SignedIn) -> None:
    request_id = stage.publish(auction=RACE)
    invitation_id = stage.invitation(carrier)
    (receipt,) = stage.bid(carrier)["receipts"]
    shell.good(f"desk withdraw {invitation_id} {receipt['bid_id']} --reason 'the wrong lot' --as desk")
    refused = f"buyer withdrawals refuse {request_id} {receipt['bid_id']} --reason 'it binds' --as buyer"
    assert "It stands." in shell.good(refused).out
    assert shell.json(f"desk auction {invitation_id} --as desk")[0]["own_amount"] == "14400.00"


def test_the_buyer_watches_in_the_words_of_the_rules(shell: Shell, stage: Stage, carrier: SignedIn) -> None:
    request_id = stage.publish(auction={"preset": "rank_only", "ceiling": "20000"})
    stage.bid(carrier)
    said = shell.good(f"buyer auction {request_id} --as buyer").out
    assert "14,400.00" in said
    assert "You see your own place and no price of another." in said


def test_a_short_list_is_called_and_the_history_saved(shell: Shell, stage: Stage, carrier: SignedIn) -> None:
    request_id = stage.publish(auction=ROUNDS)
    (receipt,) = stage.bid(carrier)["receipts"]
    until = (stage.clock.now + timedelta(days=5)).strftime("%Y-%m-%dT%H:%M")
    called = f"buyer final-offers {request_id} --bid {receipt['bid_id']} --until {until} --reason 'clarified'"
    assert "the lot is open" in shell(f"{called} --as buyer").err
    stage.close()
    for name, user in (("desk", carrier), ("buyer", stage.buyer)):
        sit_down(shell, name, signed_in_again(stage, user))
    out, keys = shell.folder / "transcript.json", shell.folder / "keys.json"
    shell.good(f"buyer transcript {request_id} --out {out} --keys {keys} --as buyer")
    assert "Replayed" in shell.good(f"verify {out} --key {keys}").out
    wrong = shell(f"buyer final-offers {request_id} --bid bid_x --until {until} --reason 'clarified' --as buyer")
    assert "Not all of these bids stand on lot T1" in wrong.err
    assert "Called: 1." in shell.good(f"{called} --as buyer").out
    invitation_id = shell.json("desk inbox --as desk")[0]["id"]
    assert "you are called" in shell.good(f"desk auction {invitation_id} --as desk").out


def test_a_history_of_a_lot_that_is_not_there_is_told(shell: Shell, stage: Stage, carrier: SignedIn) -> None:
    request_id = stage.publish(auction=RACE)
    stage.bid(carrier)
    out = shell.folder / "transcript.json"
    said = shell(f"buyer transcript {request_id} --out {out} --lot T2 --as buyer")
    assert "It has no lot T2; its lots: T1." in said.err
    early = shell(f"platform transcript {request_id} T1 --out {out} --as admin")
    assert "it will once the bids are open" in early.err
    assert not out.exists()
