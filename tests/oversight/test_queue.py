from datetime import timedelta
from typing import Any

from buyers.registry import verification
from buyers.registry.model import NumberKind
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.ids import OrganizationId
from sellers.model import ProviderStatus
from tests.factories import SignedIn, a_registered_buyer, a_user
from tests.security.made import Stage
from tests.stories.made import begin

RACE = {"preset": "open_price_race", "ceiling": "20000.00", "decrement": "100.00"}


def a_waiting_buyer(stage: Stage) -> OrganizationId:
    user = a_registered_buyer(stage.client, stage.market, f"{len(queue(stage))}@elsewhere.example.org")
    with stage.market.workshop.work(user.principal) as work:
        verification.add_numbers(work, {NumberKind.EIN: "91-1144442"})
        verification.submit(work)
    return user.principal.organization_id


def queue(stage: Stage, who: SignedIn | None = None, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = stage.ok(who or stage.admin, "GET", "/platform/queue", params=params)["items"]
    return items


def test_the_longest_waiting_comes_first_whatever_it_is_and_nobody_is_named(stage: Stage) -> None:
    provider = stage.a_carrier(status=ProviderStatus.PENDING).principal.organization_id
    story = begin(stage, RACE)
    slip = story.bid("A", "1500.00")
    story.bid("B", "1400.00")
    assert story.take_back("A", slip["bid_id"], "A digit is missing.").status_code == 204
    stage.clock.now += timedelta(minutes=1)
    buyer = a_waiting_buyer(stage)
    stage.clock.now += timedelta(minutes=1)
    story.steer("pause", {"reason": "The specification is being corrected."})
    found = queue(stage)
    assert [job["kind"] for job in found] == ["provider", "withdrawal", "verification", "pause"]
    assert [job["subject"] for job in found] == [provider, slip["bid_id"], buyer, story.request_id]
    assert found[2]["waiting_seconds"] == 60
    assert found[3]["lots"] == ["T1"]
    assert found[1]["provider_id"] == story.carriers["A"].principal.organization_id
    assert "Riverbend" not in str(found)
    pages = []
    after = None
    while after is not None or not pages:
        params = {"limit": 1} | ({"after": after} if after else {})
        page = stage.ok(stage.admin, "GET", "/platform/queue", params=params)
        pages += page["items"]
        after = page["next"]
    assert pages == found
    assert [job["kind"] for job in queue(stage, kind=["pause", "provider"])] == ["provider", "pause"]
    agent = a_user(stage.market, Kind.PLATFORM, UserRole.AGENT)
    assert [job["kind"] for job in queue(stage, agent)] == ["withdrawal", "pause"]
    story.steer("resume", {})
    assert [job["kind"] for job in queue(stage)] == ["provider", "withdrawal", "verification"]


def test_a_flagged_case_is_for_another_admin(stage: Stage) -> None:
    buyer = a_waiting_buyer(stage)
    case = stage.call(stage.admin, "GET", f"/verifications/{buyer}")
    flagged = {"decision": "flag", "reason": "The address is a letter box."}
    headers = {"If-Match": case.headers["etag"]}
    stage.ok(stage.admin, "POST", f"/verifications/{buyer}/decisions", flagged, headers=headers)
    other = a_user(stage.market, Kind.PLATFORM)
    assert [job["flags"] for job in queue(stage)] == [["second-admin", "not-for-you"]]
    assert [job["flags"] for job in queue(stage, other)] == [["second-admin"]]


def test_a_taken_job_is_refused_to_others_until_half_an_hour_has_passed(stage: Stage) -> None:
    buyer = a_waiting_buyer(stage)
    other = a_user(stage.market, Kind.PLATFORM)
    path = f"/platform/queue/verification/{buyer}"
    taken = stage.ok(stage.admin, "POST", f"{path}/take")
    assert taken["taken_by"] == stage.admin.principal.user_id
    assert queue(stage, other)[0]["taken_by"] == stage.admin.principal.user_id
    refused = stage.call(other, "POST", f"{path}/take")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/job-taken")
    assert refused.json()["taken_by"] == stage.admin.principal.user_id
    stage.clock.now += timedelta(minutes=20)
    stage.ok(stage.admin, "POST", f"{path}/take")
    stage.clock.now += timedelta(minutes=29)
    assert stage.call(other, "POST", f"{path}/take").status_code == 409
    stage.clock.now += timedelta(minutes=1)
    assert queue(stage)[0]["taken_by"] is None
    assert stage.ok(other, "POST", f"{path}/take")["taken_by"] == other.principal.user_id
    assert stage.call(stage.admin, "POST", f"{path}/release").json()["type"] == "/problems/job-not-taken"
    assert stage.call(other, "POST", f"{path}/release").status_code == 204
    stage.settle()
    told = stage.ok(stage.admin, "GET", "/journal", params={"stream": f"job:verification:{buyer}"})["items"]
    assert [event["type"] for event in told] == ["job.taken", "job.taken", "job.taken", "job.released"]


def test_what_does_not_wait_and_what_an_agent_may_not_decide_can_not_be_taken(stage: Stage) -> None:
    buyer = a_waiting_buyer(stage)
    agent = a_user(stage.market, Kind.PLATFORM, UserRole.AGENT)
    assert stage.call(agent, "POST", f"/platform/queue/verification/{buyer}/take").status_code == 404
    for subject in ("org_unknown", stage.buyer.principal.organization_id):
        assert stage.call(stage.admin, "POST", f"/platform/queue/verification/{subject}/take").status_code == 404
    for path in (
        "/queue?after=x",
        "/queue?kind=else",
        "/auctions?after=x",
        "/organizations?after=x",
        "/reviews?after=x",
    ):
        assert stage.call(stage.admin, "GET", f"/platform{path}").status_code == 422, path
