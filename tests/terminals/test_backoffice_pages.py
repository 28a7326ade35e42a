"""The back office by browser and by form: what an admin decides, what is told of it, and who saw what."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from playwright.sync_api import Page, expect
from sqlalchemy import text

from buyers.registry import verification
from buyers.registry.model import NumberKind
from marketplace.catalogue import seed
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from sellers.model import ProviderStatus
from tests.factories import SignedIn, a_registered_buyer, a_user, as_owner
from tests.security.made import Stage
from tests.stories.made import Story, begin
from tests.terminals.conftest import ADMIN, Open, Site, faults_everywhere

RACE = {"preset": "open_price_race", "ceiling": "20000.00", "decrement": "100.00"}
HERE = {"Sec-Fetch-Site": "same-origin"}
NAME = "Riverbend"
"""What the buyer of these tests is called, in part."""


@pytest.fixture
def stage(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Stage:
    return Stage(market, client, clock, run_worker)


def page(stage: Stage, path: str, who: SignedIn | None = None) -> str:
    answer = stage.call(who or stage.admin, "GET", path, follow_redirects=False)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return answer.text


def send(stage: Stage, path: str, who: SignedIn | None = None, **fields: Any) -> Response:
    """Send a form as a browser does; a dot in the name of a field is written as two underscores."""
    data = {name.replace("__", "."): value for name, value in fields.items()}
    answer: Response = stage.client.post(
        path, data=data, headers=(who or stage.admin).headers | HERE, follow_redirects=False
    )
    return answer


def a_waiting_buyer(stage: Stage) -> str:
    user = a_registered_buyer(stage.client, stage.market, f"{len(readings(stage))}@elsewhere.example.org")
    with stage.market.workshop.work(user.principal) as work:
        verification.add_numbers(work, {NumberKind.EIN: "91-1144442"})
        verification.submit(work)
    return user.principal.organization_id


def readings(stage: Stage) -> list[str]:
    """Return whose identity the platform has read, as the journal tells it."""
    with as_owner(stage.market) as connection:
        query = text("SELECT data->>'buyer_id' FROM kernel.journal WHERE type = 'identity.read' ORDER BY id")
        return list(connection.execute(query).scalars())


# ---- who a buyer is


def test_lists_name_no_buyer_and_looking_at_them_is_not_a_reading(stage: Stage) -> None:
    buyer = a_waiting_buyer(stage)
    before = readings(stage)
    for path in ("/o", "/o/organizations", f"/o/organizations/{buyer}", f"/o/verifications/{buyer}", "/o/reveals"):
        html = page(stage, path)
        assert NAME not in html
        assert path == "/o/reveals" or buyer in html
    assert readings(stage) == before


@pytest.mark.parametrize("path", ["/o/verifications/{}/case", "/o/organizations/{}/record"])
def test_opening_a_buyer_shows_its_name_and_is_a_reading(stage: Stage, path: str) -> None:
    buyer = a_waiting_buyer(stage)
    before = readings(stage)
    html = page(stage, path.format(buyer))
    assert NAME in html
    assert "it is on record" in html
    assert readings(stage) == [*before, buyer]


def test_a_form_shown_again_with_a_buyers_identity_is_a_reading_too(stage: Stage) -> None:
    buyer = a_waiting_buyer(stage)
    acts: dict[str, dict[str, Any]] = {
        f"/o/verifications/{buyer}/decision": {"decision": "reject", "revision": "1"},
        f"/o/organizations/{buyer}/accounts": {"act": "suspend"},
    }
    for path, act in acts.items():
        before = readings(stage)
        answer = send(stage, path, **act)
        assert answer.status_code == 422
        assert NAME in answer.text
        assert readings(stage) == [*before, buyer]


def test_a_case_is_decided_with_a_sentence_on_the_version_that_was_read(stage: Stage) -> None:
    buyer = a_waiting_buyer(stage)
    html = page(stage, f"/o/verifications/{buyer}/case")
    revision = re.search(r'name="revision" value="(\d+)"', html)
    assert revision is not None
    path = f"/o/verifications/{buyer}/decision"
    sentence = "The document cannot be read: please send a sharper copy."
    stale = send(stage, path, decision="reject", revision="0", reject__words=sentence)
    assert stale.status_code == 412
    done = send(stage, path, decision="reject", revision=revision[1], reject__words=sentence, reject__reason="Thanks.")
    assert done.status_code == 303
    assert f"{sentence} Thanks." in page(stage, f"/o/verifications/{buyer}/case")


def test_who_flags_a_case_gets_no_form_to_decide_it(stage: Stage) -> None:
    buyer = a_waiting_buyer(stage)
    html = page(stage, f"/o/verifications/{buyer}/case")
    revision = re.findall(r'name="revision" value="(\d+)"', html)[0]
    path = f"/o/verifications/{buyer}/decision"
    assert send(stage, path, decision="flag", revision=revision, flag__reason="Two names.").status_code == 303
    mine = page(stage, f"/o/verifications/{buyer}/case")
    assert "a colleague has to" in mine.lower()
    assert path not in mine
    other = a_user(stage.market, Kind.PLATFORM)
    theirs = page(stage, f"/o/verifications/{buyer}/case", other)
    assert "second pair of eyes" in theirs
    assert path in theirs


def test_a_document_is_a_download_and_a_reading(stage: Stage) -> None:
    user = a_registered_buyer(stage.client, stage.market, "papers@elsewhere.example.org")
    picture = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(40)
    with stage.market.workshop.work(user.principal) as work:
        document = verification.add_document(work, "Extract", picture)
        verification.submit(work)
    buyer = user.principal.organization_id
    html = page(stage, f"/o/verifications/{buyer}/case?document={document.id}")
    path = f"/o/verifications/{buyer}/documents/{document.id}"
    assert f'src="{path}"' in html
    before = readings(stage)
    answer = stage.call(stage.admin, "GET", path)
    assert answer.content == picture
    assert answer.headers["content-disposition"].startswith("attachment")
    assert readings(stage) == [*before, buyer]


# ---- the queue and accounts


def test_a_job_is_taken_given_back_and_not_taken_from_a_colleague(stage: Stage) -> None:
    carrier = stage.a_carrier(status=ProviderStatus.PENDING).principal.organization_id
    taken = send(stage, f"/o/queue/provider/{carrier}/take")
    assert (taken.status_code, taken.headers["location"]) == (303, f"/o/providers/{carrier}")
    other = a_user(stage.market, Kind.PLATFORM)
    late = send(stage, f"/o/queue/provider/{carrier}/take", other)
    assert late.status_code == 409
    assert "Somebody was quicker" in late.text
    assert "until" in page(stage, "/o", other)
    assert send(stage, f"/o/queue/provider/{carrier}/release").status_code == 303
    assert send(stage, f"/o/queue/provider/{carrier}/take", other).status_code == 303


def test_agents_get_what_they_may_decide_and_no_page_of_admins(stage: Stage) -> None:
    agent = a_user(stage.market, Kind.PLATFORM, UserRole.AGENT)
    html = page(stage, "/o", agent)
    assert "Paused auctions" in html
    assert "Verifications" not in html
    assert "/o/audit" not in html
    for path in ("/o/audit", "/o/reveals", "/o/organizations", "/o/health", "/o/catalogue", "/o/review"):
        assert stage.call(agent, "GET", path).status_code == 403
    for who in (stage.buyer, stage.a_carrier()):
        for path in ("/o", "/o/auctions", "/o/audit", "/o/reveals"):
            assert stage.call(who, "GET", path).status_code == 403


def test_a_carrier_is_approved_and_suspended_for_a_reason(stage: Stage) -> None:
    carrier = stage.a_carrier(status=ProviderStatus.PENDING).principal.organization_id
    path = f"/o/providers/{carrier}/decision"
    empty = send(stage, path, act="approve", approve__reason=" ")
    assert empty.status_code == 422
    assert 'href="#f-approve.reason"' in empty.text
    assert send(stage, path, act="approve", approve__reason="Licence checked.").status_code == 303
    assert send(stage, path, act="suspend", suspend__reason="Licence lapsed.").status_code == 303
    assert "Licence lapsed." in page(stage, f"/o/providers/{carrier}")


def test_users_are_suspended_and_reinstated_and_what_was_done_stays(stage: Stage) -> None:
    carrier = stage.a_carrier()
    company = carrier.principal.organization_id
    path = f"/o/organizations/{company}/accounts"
    assert send(stage, path, act="suspend", suspend__reason="A stolen laptop.").status_code == 303
    assert stage.call(carrier, "GET", "/me").status_code == 401
    html = page(stage, f"/o/organizations/{company}/record")
    assert "A stolen laptop." in html
    assert "Reinstate users" in html
    assert send(stage, path, act="reinstate", reinstate__reason="It was found.").status_code == 303
    assert "Suspend users" in page(stage, f"/o/organizations/{company}/record")


# ---- auctions


def steer(story: Story, **fields: Any) -> Response:
    return send(story.stage, f"/o/auctions/{story.request_id}/act", **fields)


def test_an_auction_is_paused_resumed_extended_and_both_sides_are_told(stage: Stage) -> None:
    story = begin(stage, RACE, lots=2)
    story.bid("A", "15000.00")
    assert steer(story, act="pause", pause__lots="T1", pause__reason="The lot is being corrected.").status_code == 303
    html = page(stage, f"/o/auctions/{story.request_id}")
    assert "The lot is being corrected." in html
    assert "Resume the auction" in html
    assert steer(story, act="resume").status_code == 303
    assert steer(story, act="announce", announce__text="We watch the lines today.").status_code == 303
    early = steer(story, act="extend", extend__closes_at="2020-01-01T10:00")
    assert early.status_code in {409, 422}
    wrong = steer(story, act="extend", extend__closes_at="soon")
    assert wrong.status_code == 422
    assert 'id="e-extend.closes_at"' in wrong.text
    assert steer(story, act="extend", extend__closes_at="2099-01-01T10:00").status_code == 303
    told = [one["text"] for one in stage.ok(stage.buyer, "GET", f"/requests/{story.request_id}/announcements")["items"]]
    assert "We watch the lines today." in told
    assert "The lot is being corrected." in told


def test_words_that_name_the_buyer_are_refused_and_kept_to_be_changed(stage: Stage) -> None:
    story = begin(stage, RACE)
    answer = steer(story, act="announce", announce__text=f"{NAME} asks for patience.")
    assert answer.status_code == 409
    assert f"{NAME} asks for patience." in answer.text
    assert 'id="e-announce.text"' in answer.text


def test_a_bid_called_an_error_is_taken_out_with_a_reason(stage: Stage) -> None:
    story = begin(stage, RACE)
    slip = story.bid("A", "1500.00")
    story.bid("B", "1400.00")
    story.take_back("A", slip["bid_id"], "A digit is missing.")
    shown = page(stage, f"/o/auctions/{story.request_id}/withdrawals")
    assert "A digit is missing." in shown
    path = f"/o/auctions/{story.request_id}/withdrawals/{slip['bid_id']}"
    assert send(stage, path, act="grant").status_code == 422
    reason: dict[str, Any] = {f"{slip['bid_id']}.reason": "Plainly a slip."}
    done = send(stage, path, act="grant", **reason)
    assert done.status_code == 303
    assert "No bid is called an error" in page(stage, f"/o/auctions/{story.request_id}/withdrawals")


def test_a_bid_is_entered_for_a_carrier_after_its_total_was_read_back(stage: Stage) -> None:
    story = begin(stage, RACE)
    story.bid("A", "15000.00")
    here = f"/o/auctions/{story.request_id}/surrogate"
    assert here in page(stage, f"/o/auctions/{story.request_id}")
    choosing = page(stage, here)
    names = {name: f"Carrier {one.principal.organization_id}" for name, one in story.carriers.items()}
    assert names["B"] in choosing
    path = f"{here}?lot=T1&invitation={story.invitations['B']}"
    assert "as dictated" in page(stage, path)
    blank = {f"cell__{name}": "" for name in ("mrc", "nrc", "taxes", "install_days", "construction_cap")}
    form: dict[str, Any] = blank | {
        "cell__firmness": "firm",
        "cell__access_owner": "",
        "cell__entrance": "",
        "terms_id": story.terms["B"],
        "evidence": "Call of 13:05, recording 8841: its line is down.",
    }
    assert "L1 needs a monthly price" in send(stage, path, **form).text
    wrong = send(stage, path, **(form | {"cell__mrc": "1.2.3"}))
    assert (wrong.status_code, 'value="1.2.3"' in wrong.text) == (422, True)
    form |= {"cell__mrc": "400.00"}
    assert 'id="e-evidence"' in send(stage, path, **(form | {"evidence": "call"})).text
    early = send(stage, path, act="enter", **form)
    assert (early.status_code, "$14,400" in early.text) == (200, True)
    other = send(stage, path, act="enter", read_back="14400.00", **(form | {"adjustment": "-400.00"}))
    assert (other.status_code, "$14,000" in other.text) == (200, True)
    assert stage.ok(story.carriers["B"], "GET", f"{story.path('B')}/bids") == []
    assert send(stage, path, act="enter", read_back="14400.00", **form).status_code == 303
    (own,) = stage.ok(story.carriers["B"], "GET", f"{story.path('B')}/bids")
    assert (own["amount"], own["surrogate"]) == ("14400.00", True)
    form |= {"cell__mrc": "399.99"}
    refused = send(stage, path, act="enter", read_back="14399.64", **form)
    assert (refused.status_code, "Nothing was placed" in refused.text) == (409, True)
    assert send(stage, f"{here}?lot=T1&invitation=inv_unknown", **form).status_code == 404
    story.at(story.closes_at)
    assert "No lot takes bids now" in page(stage, here, a_user(stage.market, Kind.PLATFORM, UserRole.AGENT))


def test_matching_is_explained_for_each_carrier_and_found_by_name(stage: Stage) -> None:
    wanted = stage.a_carrier()
    without = stage.a_carrier(filters=False)
    request_id = stage.publish()
    html = page(stage, f"/o/requests/{request_id}/matching")
    assert "Got it" in html
    assert "no active filter" in html
    one = page(stage, f"/o/requests/{request_id}/matching?search={wanted.principal.organization_id}")
    assert str(without.principal.organization_id) not in one


# ---- the record


def test_a_reveal_leads_to_the_event_that_proves_it(stage: Stage) -> None:
    buyer = stage.buyer.principal.organization_id
    page(stage, f"/o/organizations/{buyer}/record")
    stage.settle()
    html = page(stage, f"/o/reveals?buyer_id={buyer}")
    assert "Robin Vale" in html
    assert buyer in page(stage, f"/o/audit?user={stage.admin.principal.user_id}&event=identity.read")
    proof = re.search(r'href="(/o/audit/\d+)"', html)
    assert proof is not None
    event = page(stage, proof[1])
    assert "identity.read" in event
    assert "Proven" in event


def test_a_changed_journal_is_told_with_a_stop(stage: Stage) -> None:
    stage.settle()
    assert "The chain is whole" in page(stage, "/o/audit?verify=true")
    with as_owner(stage.market) as connection:
        row = connection.execute(
            text("UPDATE kernel.journal SET user_id = 'usr_nobody' WHERE position = 1 RETURNING stream")
        )
        stream = row.scalar_one()
    for path in ("/o/audit?verify=true", f"/o/audit?verify=true&stream={stream}", "/o/audit/1"):
        assert "Stop: the chain is broken" in page(stage, path)
    lines = stage.call(stage.admin, "GET", f"/o/audit/export?stream={stream}").text.splitlines()
    assert {json.loads(line)["stream"] for line in lines} == {stream}


def test_a_catalogue_is_checked_weighed_and_published(stage: Stage) -> None:
    document = seed.to_document(seed.load_seed())
    kind = document["families"][0]["service_types"][0]
    wrong = json.dumps(kind | {"features": [kind["features"][0] | {"kind": "colour"}]})
    path, part = "/o/catalogue/edit", kind["code"]
    answer = send(stage, path, act="check", part=part, version="2027.1", document=wrong)
    assert answer.status_code == 422
    assert kind["features"][0]["code"] in answer.text
    assert re.search(r"\(line \d+\)", answer.text)
    broken = send(stage, path, act="check", part=part, version="2027.1", document="{")
    assert "This is not JSON" in broken.text
    new = {"code": "blue_light", "name": "Blue light", "kind": "flag"}
    less = json.dumps(kind | {"features": [*kind["features"][:-1], new]})
    checked = send(stage, path, act="check", part=part, version="2027.1", document=less)
    assert checked.status_code == 200
    assert kind["features"][-1]["code"] in checked.text
    assert "Publish version 2027.1" in checked.text
    assert "Blue light" in checked.text
    assert send(stage, path, act="publish", part=part, version="2027.1", document=less).status_code == 303
    assert "2027.1" in page(stage, "/o/catalogue")
    again = send(stage, path, act="publish", part=part, version="2027.1", document=less)
    assert again.status_code == 409


def test_kept_words_are_shown_in_their_text_and_looked_at_once(stage: Stage) -> None:
    body = stage.parts(title=f"Internet for {NAME} Public Library")
    request_id = stage.ok(stage.buyer, "POST", "/requests", body)["id"]
    words = [found["text"] for found in stage.ok(stage.buyer, "GET", f"/requests/{request_id}/findings")]
    stage.ok(stage.buyer, "POST", f"/requests/{request_id}/submit", {"accept_findings": words})
    html = page(stage, f"/o/review?request_id={request_id}")
    assert f"<mark>{NAME}" in html
    finding = re.search(r'action="/o/review/([^"]+)"', html)
    assert finding is not None
    path = f"/o/review/{finding[1]}"
    note: dict[str, Any] = {f"{finding[1]}.note": "In every town."}
    assert send(stage, path, **note).status_code == 303
    assert send(stage, path).status_code == 409
    assert "In every town." in page(stage, "/o/review?seen=true")


# ---- in the browser


def _of_demo(site: Site) -> dict[str, str]:
    """Return an open request, a waiting buyer and a waiting carrier of the demo market."""
    queries = {
        "request": "SELECT request_id FROM market.lots WHERE status = 'open' ORDER BY closes_at DESC LIMIT 1",
        "buyer": "SELECT organization_id FROM registry.buyers WHERE status = 'pending' LIMIT 1",
        "carrier": "SELECT id FROM market.providers WHERE status = 'pending' LIMIT 1",
        "lot": "SELECT ref FROM market.lots WHERE status = 'open' ORDER BY closes_at DESC LIMIT 1",
        "invitation": "SELECT i.id FROM market.invitations i JOIN market.lots l USING (request_id)"
        " WHERE l.status = 'open' AND i.status <> 'declined' ORDER BY l.closes_at DESC, i.id LIMIT 1",
    }
    with as_owner(site.market) as connection:
        return {name: connection.execute(text(query)).scalar_one() for name, query in queries.items()}


def test_pages_of_the_back_office_are_for_everybody_in_their_states(site: Site, open_page: Open) -> None:
    """Those that no link leads to; the others are looked at with all other pages."""
    demo = _of_demo(site)
    paths = (
        f"/o/verifications/{demo['buyer']}/case",
        f"/o/providers/{demo['carrier']}",
        f"/o/auctions/{demo['request']}/surrogate?lot={demo['lot']}&invitation={demo['invitation']}",
        "/o/catalogue/edit?part=voice.sip-trunk",
        "/o/audit?verify=true",
    )
    shown = open_page("/o", ADMIN)
    faults = []
    for path in paths:
        shown.goto(path)
        expect(shown.locator("h1")).to_be_visible()
        faults += [f"{path}: {fault}" for fault in faults_everywhere(shown)]
    assert not faults, "\n".join(faults)


def test_the_next_job_is_opened_by_keys_alone_and_nothing_is_read_by_that(open_page: Open) -> None:
    shown = open_page("/o", ADMIN)
    expect(shown.locator("#jobs tbody tr")).not_to_have_count(0)
    shown.keyboard.press("j")
    expect(shown.locator("tr.at a").first).to_be_focused()
    shown.keyboard.press("Enter")
    expect(shown).to_have_url(re.compile(r"/o/(verifications|providers|auctions|review)"))


def test_a_pause_reaches_an_open_page_by_itself(site: Site, open_page: Open) -> None:
    request = _of_demo(site)["request"]
    watching = open_page(f"/o/auctions/{request}", ADMIN)
    expect(watching.locator("live-chip")).to_have_text("Live")
    acting = open_page(f"/o/auctions/{request}", ADMIN, scripts=False)
    _fill(acting, "Pause", "pause.reason", "A cable cut keeps carriers from bidding.", "Pause the auction")
    expect(acting.locator("#flash")).to_contain_text("Paused")
    expect(watching.locator("#auction-told")).to_contain_text("A cable cut keeps carriers from bidding.")
    expect(watching.locator("#auction-now")).to_contain_text("Paused")
    acting.locator("summary", has_text="Resume").scroll_into_view_if_needed()
    acting.get_by_role("button", name="Resume the auction").click()
    expect(acting.locator("#flash")).to_contain_text("Resumed")
    expect(watching.locator("#auction-now")).not_to_contain_text("Paused")


def _fill(shown: Page, drawer: str, name: str, words: str, button: str) -> None:
    shown.locator("summary", has_text=drawer).first.click()
    shown.locator(f"[name='{name}']").fill(words)
    shown.get_by_role("button", name=button).click()


def test_health_looks_again_by_itself(open_page: Open) -> None:
    shown = open_page("/o/health", ADMIN)
    before = shown.locator("#health .note").first.inner_text()
    expect(shown.locator("#health .note").first).not_to_have_text(before)


def test_a_pause_asks_first_where_scripts_run(site: Site, open_page: Open) -> None:
    shown = open_page(f"/o/auctions/{_of_demo(site)['request']}", ADMIN)
    _fill(shown, "Pause", "pause.reason", "Never sent.", "Pause the auction")
    expect(shown.get_by_role("heading", name="Pause now? The clocks stop and bids are refused.")).to_be_visible()
    shown.keyboard.press("Escape")
    expect(shown.locator("#auction-now")).not_to_contain_text("Paused")
