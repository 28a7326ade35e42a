import json
from typing import Any

from sqlalchemy import text

from marketplace.kernel.access import Kind, UserRole
from tests.factories import a_user, as_owner
from tests.security.made import Stage


def readings(stage: Stage) -> list[tuple[str, str, str]]:
    """Return who read bids of which lot where, in order, from the journal itself."""
    query = text("SELECT user_id, stream, data->>'place' FROM kernel.journal WHERE type = 'bids.read' ORDER BY id")
    with as_owner(stage.market) as connection:
        return [(str(who), str(stream), str(place)) for who, stream, place in connection.execute(query)]


def test_that_the_platform_reads_bids_goes_on_record_and_that_their_buyer_does_does_not(stage: Stage) -> None:
    carrier = stage.a_carrier()
    request_id = stage.publish()
    stage.bid(carrier, "300.00")
    stage.close()
    path = f"/requests/{request_id}/lots/T1/transcript"
    whole: dict[str, Any] = stage.ok(stage.buyer, "GET", path)
    lot_id = whole["transcript"]["stream"].removeprefix("lot:")
    assert readings(stage) == []
    agent = a_user(stage.market, Kind.PLATFORM, UserRole.AGENT)
    assert stage.ok(agent, "GET", path)["transcript"] == whole["transcript"]
    first = (agent.principal.user_id, f"bids-read:{lot_id}", "transcript")
    assert readings(stage) == [first]
    admin = stage.admin.principal.user_id
    stage.ok(stage.admin, "GET", "/journal", params={"stream": f"request:{request_id}"})
    assert readings(stage) == [first]
    told = stage.ok(stage.admin, "GET", "/journal", params={"stream": f"lot:{lot_id}"})["items"]
    assert '"300' in json.dumps(told) or "10800" in json.dumps(told)
    assert readings(stage) == [first, (admin, f"bids-read:{lot_id}", "journal")]
    stage.settle()
    proof = stage.ok(stage.admin, "GET", "/journal", params={"stream": f"bids-read:{lot_id}"})["items"]
    assert [one["type"] for one in proof] == ["bids.read", "bids.read"]
    assert stage.ok(stage.admin, "GET", "/journal/proof")["broken"] == ""


def test_pages_and_files_of_the_journal_record_what_they_show_of_bids(stage: Stage) -> None:
    carrier = stage.a_carrier()
    request_id = stage.publish()
    stage.bid(carrier, "300.00")
    stage.close()
    stream = stage.ok(stage.buyer, "GET", f"/requests/{request_id}/lots/T1/transcript")["transcript"]["stream"]
    shown = stage.ok(stage.admin, "GET", "/journal", params={"stream": stream})["items"]
    position = next(one["position"] for one in shown if one["type"] == "auction.bids_opened")
    before = len(readings(stage))
    for page in (f"/o/audit?stream={stream}", f"/o/audit/{position}", f"/o/audit/export?stream={stream}"):
        assert stage.call(stage.admin, "GET", page).status_code == 200
    assert [where for _, _, where in readings(stage)[before:]] == ["journal", "journal", "export of the journal"]
    assert stage.call(stage.admin, "GET", f"/o/audit?stream=request:{request_id}").status_code == 200
    assert len(readings(stage)) == before + 3


def test_a_reopening_that_fails_leads_to_the_request_and_its_opening_stays_on_record(stage: Stage) -> None:
    carrier = stage.a_carrier()
    stage.publish()
    path = f"/c/invitations/{stage.invitation(carrier)}"
    answer = stage.call(carrier, "POST", f"{path}/reopen", headers={"Sec-Fetch-Site": "same-origin"}, data={})
    assert (answer.status_code, answer.url.path, answer.history[0].status_code) == (200, path, 303)
    with as_owner(stage.market) as connection:
        seen = connection.execute(text("SELECT count(*) FROM kernel.journal WHERE type = 'invitation.seen'")).scalar()
    assert seen == 1
