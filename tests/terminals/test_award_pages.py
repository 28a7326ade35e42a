"""The buyer's award and contract pages: what is revealed is named first, two users where it needs two, no dead ends."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect

from marketplace import worker
from marketplace.app import create_app
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database
from marketplace.kernel.reactions import catch_up
from marketplace.replay import server
from tests.awards.made import Round, a_round
from tests.conftest import NOON, empty_market
from tests.security.made import Stage
from tests.terminals.conftest import PATIENCE_MS, Open, Site, faults_everywhere, faults_of

expect.set_options(timeout=PATIENCE_MS)

TERMS = "# Agreement\n\n1. **Early termination.** The fee is 50 % of what remains.\n2. **Notice.** Ninety days."


@dataclass(frozen=True, slots=True)
class Play:
    """A served marketplace with a stage of its own: one verified buyer, and carriers that want everything."""

    site: Site
    stage: Stage

    def closed(self) -> Round:
        """Return a request of three lots whose bids are opened: the cheapest are blue, red, green."""
        played = a_round(self.stage)
        played.bid_all()
        self.stage.close()
        return played

    def awarded(self) -> Round:
        """Return such a request, awarded to three carriers, and confirmed by them."""
        played = self.closed()
        played.buyer("POST", "/award", {"awarded": played.chosen(T1="blue", T2="red", T3="green")})
        self.stage.settle()
        for name, carrier in played.carriers.items():
            path = f"/invitations/{played.invitations[name]}/award/confirmation"
            (asked,) = self.stage.ok(carrier, "GET", path)
            self.stage.ok(carrier, "POST", path, {"award_id": asked["award_id"]})
        return played

    def contract_of(self, played: Round, name: str) -> str:
        """Return the id of what a winner has presented."""
        rows = played.buyer("GET", "/contracts")
        return str(next(row["id"] for row in rows if row["provider_id"] == played.id_of(name)))

    def name_of(self, played: Round, name: str) -> str:
        return f"Carrier {played.id_of(name)}"


class _Written(Stage):
    """A stage whose carriers have terms that one can quote."""

    def terms(self, carrier: object) -> str:
        body = {"title": "Agreement", "text": TERMS}
        return str(self.ok(carrier, "POST", "/terms", body)["id"])  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def play(database: Database, settings: Settings) -> Iterator[Play]:
    clock = StagedClock(NOON)
    market = empty_market(database, settings, clock)

    def settle() -> None:
        worker.heartbeat(market)
        catch_up(market.workshop)

    with TestClient(create_app(market), raise_server_exceptions=False) as client, server.serving(market) as address:
        yield Play(Site(address, market), _Written(market, client, clock, settle))


@pytest.fixture
def site(play: Play) -> Site:
    return play.site


@pytest.fixture
def buyer(play: Play) -> str:
    return play.stage.buyer.email


def _review(page: Page) -> None:
    page.get_by_role("button", name="Review what is revealed").click()


def test_award_names_exactly_the_winners_before_anything_is_told(play: Play, open_page: Open, buyer: str) -> None:
    played = play.closed()
    names = {key: play.name_of(played, key) for key in played.carriers}
    page = open_page(f"/b/requests/{played.request_id}/award?by=lot", buyer)
    _review(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        f"This reveals who you are to {names['blue']}, {names['red']}, {names['green']}"
    )
    page.go_back()
    choice = page.get_by_label("Choice for T3", exact=True)
    blue = choice.locator("option", has_text=names["blue"]).get_attribute("value")
    choice.select_option(blue)
    expect(page.get_by_label("Reason for T3")).to_be_visible()
    page.get_by_label("Reason for T3").fill("It builds the other sites as well.")
    _review(page)
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(f"This reveals who you are to {names['blue']}, {names['red']}")
    expect(page.locator("main")).not_to_contain_text(names["green"])
    expect(page.locator("main")).to_contain_text("Your organization's name and registration numbers")
    expect(page.locator("main")).to_contain_text("1 other bidder learns that it lost, and nothing else.")
    assert played.buyer("GET", "/awards") == []
    assert faults_of(page) == []
    page.get_by_role("button", name=f"Award {names['blue']} and {names['red']}").click()
    expect(page.locator("#flash")).to_contain_text("Awarded. The winners know who you are from now on")
    (made,) = played.buyer("GET", "/awards")
    assert {lot["lot"]: lot["provider_id"] for lot in made["lots"]} == {
        "T1": played.id_of("blue"),
        "T2": played.id_of("red"),
        "T3": played.id_of("blue"),
    }
    assert next(lot["reason"] for lot in made["lots"] if lot["lot"] == "T3") == "It builds the other sites as well."


def test_without_a_reason_what_is_not_the_best_is_refused_and_the_choice_stays(
    play: Play, open_page: Open, buyer: str
) -> None:
    played = play.closed()
    page = open_page(f"/b/requests/{played.request_id}/award?by=lot", buyer, scripts=False)
    choice = page.get_by_label("Choice for T1", exact=True)
    green = choice.locator("option", has_text=play.name_of(played, "green")).get_attribute("value")
    choice.select_option(green)
    _review(page)
    expect(page.locator("#problems")).to_contain_text("this is not the lowest total cost")
    expect(choice).to_have_value(green or "")
    page.get_by_label("Choice for T2", exact=True).select_option("T2:none")
    page.get_by_label("Reason for T1").fill("Its access is another road.")
    page.get_by_label("Reason for T2").fill("The site closes.")
    _review(page)
    expect(page.locator("main")).to_contain_text("No award on T2")
    page.get_by_role("button", name=re.compile(f"Award {play.name_of(played, 'green')}")).click()
    expect(page.locator("#award-1")).to_contain_text("The site closes.")


def test_scenario_is_awarded_as_it_was_computed(play: Play, open_page: Open, buyer: str) -> None:
    played = play.closed()
    page = open_page(f"/b/requests/{played.request_id}/award", buyer)
    page.get_by_role("link", name="One provider", exact=True).click()
    expect(page.locator("#selection")).to_contain_text("proven cheapest")
    _review(page)
    expect(page.locator("#problems")).to_contain_text("this scenario is not the cheapest")
    page.get_by_label("Reason, for the record").fill("One contact for all.")
    _review(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^This reveals who you are to Carrier [^,]+$"))
    page.get_by_role("button", name=re.compile("^Award Carrier")).click()
    (made,) = played.buyer("GET", "/awards")
    assert made["basis"]["scenario"] == "One provider"
    assert len({lot["provider_id"] for lot in made["lots"]}) == 1


def test_own_way_is_saved_renamed_and_removed(play: Play, open_page: Open, buyer: str) -> None:
    played = play.closed()
    path = f"/b/requests/{played.request_id}/award/scenarios"
    page = open_page(path, buyer)
    page.get_by_label("Name", exact=True).fill("Two at most")
    page.get_by_label("At least so many carriers").fill("3")
    page.get_by_label("At most so many carriers").fill("2")
    page.get_by_role("button", name="Save and compute").click()
    expect(page.locator("#problems")).to_contain_text("a lower one first")
    page.get_by_label("At least so many carriers").fill("")
    page.get_by_role("button", name="Save and compute").click()
    expect(page.locator("#ways")).to_contain_text("Two at most")
    (saved,) = played.buyer("GET", "/own-scenarios")
    assert saved["words"] == ["at most 2 providers"]
    page.goto(f"{path}/{saved['id']}")
    expect(page.get_by_label("At most so many carriers")).to_have_value("2")
    assert faults_everywhere(page) == []
    page.get_by_label("Name", exact=True).fill("A pair")
    page.get_by_role("button", name="Save the changes").click()
    expect(page.locator("#ways")).to_contain_text("A pair")
    page.goto(f"{path}/{saved['id']}")
    page.get_by_role("button", name="Remove it").click()
    expect(page.locator("#flash")).to_contain_text("Removed")
    assert played.buyer("GET", "/own-scenarios") == []


def test_above_the_limit_a_second_user_approves_or_rejects(play: Play, open_page: Open, buyer: str) -> None:
    played = play.closed()
    page = open_page("/b/approval-limit", buyer)
    page.get_by_label("up to a limit").check()
    page.get_by_label("Limit a request").fill("much")
    page.get_by_role("button", name="Save the limit").click()
    expect(page.locator("#problems")).to_be_focused()
    page.get_by_label("Limit a request").fill("1,000.00")
    page.get_by_role("button", name="Save the limit").click()
    expect(page.locator("#flash")).to_contain_text("Above it a second user approves")
    try:
        _two_users(play, played, page, open_page)
    finally:
        page.goto("/b/approval-limit")
        page.get_by_label("any amount").check()
        page.get_by_role("button", name="Save the limit").click()
        expect(page.locator("#flash")).to_contain_text("One user decides alone")


def _two_users(play: Play, played: Round, page: Page, open_page: Open) -> None:
    path = f"/b/requests/{played.request_id}/award"
    page.goto(f"{path}?by=lot")
    _review(page)
    page.get_by_role("button", name="Ask a second user").click()
    expect(page.locator("main")).to_contain_text("Your selection waits for a second user")
    expect(page.get_by_role("button", name="Reject the selection")).to_have_count(0)
    assert played.buyer("GET", "/awards") == []
    second = open_page(path, played.colleague.email)
    expect(second.get_by_role("heading", name="What your yes reveals, and to whom")).to_be_visible()
    assert faults_of(second) == []
    second.get_by_role("button", name="Reject the selection").click()
    expect(second.locator("#problems")).to_be_focused()
    second.get_by_label("Reason, for your colleague").fill("Ask blue for a better price first.")
    second.get_by_role("button", name="Reject the selection").click()
    expect(second.locator("main")).to_contain_text("Ask blue for a better price first.")
    page.goto(f"{path}?by=lot")
    _review(page)
    page.get_by_role("button", name="Ask a second user").click()
    expect(page.locator("main")).to_contain_text("Your selection waits for a second user")
    second.goto(path)
    for name in played.carriers:
        expect(second.locator("main")).to_contain_text(f"{play.name_of(played, name)} learns who you are")
    second.get_by_role("button", name="Approve and award 3 carriers").click()
    expect(second.locator("#flash")).to_contain_text("Approved and awarded")
    (made,) = played.buyer("GET", "/awards")
    assert made["approved_by"] == played.colleague.principal.user_id


def test_request_ends_without_an_award_and_nobody_learns_who_asked(play: Play, open_page: Open, buyer: str) -> None:
    played = play.closed()
    page = open_page(f"/b/requests/{played.request_id}/award", buyer)
    page.get_by_role("button", name="Review ending without an award").click()
    expect(page.locator("#problems")).to_be_visible()
    page.get_by_label("Reason, for your own record").fill("The budget was cut.")
    page.get_by_role("button", name="Review ending without an award").click()
    expect(page.locator("main")).to_contain_text("Nobody learns who you are")
    page.get_by_role("button", name="End without an award").click()
    expect(page.locator("#award-1")).to_contain_text("Decided without an award")
    carrier = played.carriers["blue"]
    assert play.stage.call(carrier, "GET", f"/invitations/{played.invitations['blue']}/buyer").status_code == 404


def test_lots_of_a_silent_winner_come_back(play: Play, open_page: Open, buyer: str) -> None:
    played = play.closed()
    played.buyer("POST", "/award", {"awarded": played.chosen(T1="blue", T2="red", T3="blue")})
    play.stage.settle()
    play.stage.close()
    play.stage.close()
    page = open_page(f"/b/requests/{played.request_id}/award", buyer)
    row = page.locator("li.winner", has_text=play.name_of(played, "red"))
    row.locator("summary").click()
    row.get_by_role("button", name="Take T2 back").click()
    expect(page.locator("#problems")).to_be_visible()
    row.get_by_label("Reason for taking T2 back").fill("Not a word for days.")
    row.get_by_role("button", name="Take T2 back").click()
    expect(page.locator("#flash")).to_contain_text("The lots are yours again")
    expect(row).to_contain_text("stepped back")
    page.goto(f"/b/requests/{played.request_id}/award?by=lot")
    expect(page.get_by_label("Choice for T2", exact=True)).to_be_visible()


def test_terms_are_accepted_after_they_were_read_and_the_contract_is_there(
    play: Play, open_page: Open, buyer: str
) -> None:
    played = play.awarded()
    contract = play.contract_of(played, "blue")
    page = open_page(f"/b/contracts/{contract}", buyer)
    expect(page.locator("#terms strong", has_text="Early termination.")).to_be_visible()
    accept = page.get_by_role("button", name=f"Accept the terms of {play.name_of(played, 'blue')}")
    accept.click()
    expect(page.locator("#problems")).to_contain_text("tick that you have read the terms")
    page.get_by_label(re.compile("^I have read the terms")).check()
    accept.click()
    expect(page.locator("#flash")).to_contain_text("The contract is made and signed")
    expect(page.locator("#evidence")).to_contain_text("SHA-256 of the contract document")
    for name, path in (("Contract as PDF", "document.pdf"), ("Dates for your calendar", "calendar.ics")):
        expect(page.get_by_role("link", name=name)).to_have_attribute("href", f"/contracts/{contract}/{path}")
    with page.expect_download() as loading:
        page.get_by_role("link", name="Signed document (JSON)").click()
    assert loading.value.suggested_filename.startswith("contract-")


def test_refused_terms_give_the_lots_back(play: Play, open_page: Open, buyer: str) -> None:
    played = play.awarded()
    page = open_page(f"/b/contracts/{play.contract_of(played, 'green')}", buyer, scripts=False)
    page.get_by_text("Refuse instead").click()
    page.get_by_label("Reason", exact=True).fill("The fee for ending early is too high.")
    page.get_by_role("button", name="Refuse the terms").click()
    expect(page.locator("#flash")).to_contain_text("Refused. The lots are yours again")
    page.goto(f"/b/requests/{played.request_id}/award?by=lot")
    expect(page.get_by_label("Choice for T3", exact=True)).to_be_visible()


def test_clauses_are_negotiated_until_both_accept(play: Play, open_page: Open, buyer: str) -> None:
    played = play.awarded()
    contract = play.contract_of(played, "red")
    name = play.name_of(played, "red")
    page = open_page(f"/b/contracts/{contract}/negotiation", buyer)
    page.get_by_label("Quoted from the text").fill("These words are nowhere")
    page.get_by_label("How it shall read").fill("The fee is 25 % of what remains.")
    page.get_by_role("button", name="Add a clause").click()
    expect(page.get_by_label("How it shall read").first).to_have_value("The fee is 25 % of what remains.")
    page.get_by_label("What").nth(1).select_option("notice_days")
    page.get_by_label("How it shall read").nth(1).fill("Thirty days.")
    page.get_by_role("button", name=f"Send to {name}").click()
    expect(page.locator("#problems")).to_contain_text("these words are not in the terms")
    page.get_by_label("Quoted from the text").first.fill("Early termination. The fee is 50 % of what remains.")
    page.get_by_role("button", name=f"Send to {name}").click()
    expect(page.locator("main")).to_contain_text(f"Your version 1 waits for {name}")
    expect(page.locator("#clauses")).to_contain_text("accepted 0 of 2")
    assert faults_of(page) == []
    path = f"/contracts/{contract}/negotiation"
    body = {"changes": [{"reference": "key term", "clause": "notice_days", "wording": "Sixty days."}]}
    carrier = played.carriers["red"]
    play.stage.ok(carrier, "POST", f"{path}/proposals", body, headers={"If-Match": '"1"'})
    page.get_by_role("button", name="Withdraw version 1").click()
    expect(page.locator("#problems")).to_be_visible()  # the other side was first
    page.goto(f"/b{path}")
    page.get_by_role("button", name="Accept version 2").click()
    expect(page.locator("#clauses")).to_contain_text("accepted 1 of 2")
    page.goto(f"/b/contracts/{contract}")
    expect(page.locator("#changes")).to_contain_text("Sixty days.")
    page.get_by_label(re.compile("^I have read the terms, the agreed changes")).check()
    page.get_by_role("button", name=f"Accept the terms of {name}").click()
    expect(page.locator("#evidence")).to_contain_text("version 2")


def test_sites_are_kept_found_imported_and_mended(open_page: Open, buyer: str) -> None:
    page = open_page("/b/sites/new", buyer)
    page.get_by_label("Your name of the site").fill("Harbour office")
    page.get_by_label("Latitude").fill("41.5")
    page.get_by_role("button", name="Add the site").click()
    expect(page.locator("#problems")).to_contain_text("give latitude and longitude together")
    expect(page.get_by_label("Your name of the site")).to_have_value("Harbour office")
    page.get_by_label("Latitude").fill("")
    page.get_by_label("City").fill("Albany")
    page.get_by_label("Postal code").fill("99999")
    page.get_by_role("button", name="Add the site").click()
    row = page.locator("tr", has_text="Harbour office")
    expect(row).to_contain_text("99999 is no ZIP code in use that we know")
    page.goto("/b/sites?q=harbour&disclosure=city")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(row.locator("td").nth(1)).to_have_text("Albany")
    page.goto("/b/sites/import")
    rows = "label,street,city,state,zip\nQuay,1 Quay Street,Albany,NY,12207\nNowhere,2 Quay Street,Albany,NY,12207"
    page.get_by_label("Rows, copied from a spreadsheet").fill(f"{rows}\nPoint,3 Quay Street,Albany,N?,12207")
    page.get_by_role("button", name="Import the sites").click()
    expect(page.locator("main")).to_contain_text("2 rows are kept.")
    expect(page.locator("tr.wrong")).to_contain_text("Point")
    page.goto("/b/sites?q=quay")
    page.get_by_role("link", name="Nowhere").click()
    page.get_by_role("button", name="Remove the site").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove the site").click()
    expect(page.locator("#flash")).to_contain_text("Removed")


def test_availability_answers_for_an_address_a_list_and_a_request(play: Play, open_page: Open, buyer: str) -> None:
    played = play.closed()
    page = open_page("/b/availability", buyer, scripts=False)
    page.get_by_role("button", name="Look up the address").click()
    expect(page.locator("#problems")).to_contain_text("name a place first")
    page.get_by_label("Street and number").fill("12 Canal Street")
    page.get_by_label("City").fill("Albany")
    page.get_by_label("Postal code").fill("12207")
    page.get_by_role("button", name="Look up the address").click()
    expect(page.locator("#answers")).to_contain_text("compared as building")
    expect(page.locator("#answers")).to_contain_text("places are left for today")
    page.get_by_label("Addresses, copied from a spreadsheet").fill(
        "1 Pine St\tSeattle\tWA\t98101\n9 Oak Ave\tYakima\tWA\t98901"
    )
    page.get_by_role("button", name="Look up the list").click()
    expect(page.locator("#answers tbody tr")).to_have_count(2)
    page.get_by_label("Request (optional)", exact=True).select_option(played.request_id)
    page.get_by_role("button", name="Look up its sites").click()
    # all places of the buyer's address book: other tests of this module keep some there, too
    sites = played.buyer("GET", "")["content"]["sites"]
    assert len(sites) >= 3
    expect(page.locator("#answers tbody th")).to_have_text([re.compile(f"^{site['ref']}\\b") for site in sites])


def test_pages_have_no_fault_that_axe_knows_and_never_scroll_sideways(play: Play, open_page: Open, buyer: str) -> None:
    """Of the award in its states; what the demo market leads to is looked at with all other pages."""
    played, waiting = play.awarded(), play.closed()
    paths = (
        f"/b/requests/{waiting.request_id}/award",
        f"/b/requests/{waiting.request_id}/award?by=lot",
        f"/b/requests/{waiting.request_id}/award?scenario=one-provider",
        f"/b/requests/{waiting.request_id}/award/scenarios",
        f"/b/requests/{played.request_id}/award",
        f"/b/contracts/{play.contract_of(played, 'blue')}/negotiation",
    )
    waiting.board()
    page = open_page(paths[0], buyer)
    found: list[str] = []
    for path in paths:
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        found += [f"{path}: {fault}" for fault in faults_everywhere(page)]
    assert found == []


def test_keyboard_alone_leads_from_the_ways_to_the_reveal(play: Play, open_page: Open, buyer: str) -> None:
    played = play.closed()
    played.board()
    page = open_page(f"/b/requests/{played.request_id}/award", buyer)
    expect(page.get_by_role("table", name="Ways to award")).to_be_visible()
    _by_tab(page, lambda: page.get_by_role("link", name="Take the cheapest"))
    page.keyboard.press("Enter")
    expect(page.locator("#selection-form")).to_be_visible()
    _by_tab(page, lambda: page.get_by_role("button", name="Review what is revealed"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("This reveals who you are to")
    expect(page.get_by_role("button", name=re.compile("^Award"))).not_to_be_focused()


def _by_tab(page: Page, wanted: Callable[[], object]) -> None:
    """Press Tab until what is wanted has the focus."""
    target = wanted()
    for _ in range(80):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):  # type: ignore[attr-defined]
            return
    raise AssertionError("it can't be reached by Tab")
