"""The sales desk in a real browser: its inbox, a received request, questions, filters, coverage and terms."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from buyers.desk import service as desk
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal
from marketplace.kernel.reactions import catch_up
from sellers import service as sellers
from tests.terminals.auction_made import Auction, an_auction, user_of
from tests.terminals.conftest import BUYER, CARRIER, Open, Site, faults_of, is_too_wide

OTHER = "joaquin.teller@cascaralightpath.example"


def published(site: Site, title: str, **options: object) -> tuple[Auction, str]:
    """Publish a request of two sites that reaches the desk; return it and the desk's invitation."""
    buyer = user_of(site.market, BUYER, Kind.BUYER)
    made = an_auction(
        site.market,
        buyer,
        sites=2,
        carriers=1,
        one_lot=False,
        title=title,
        provider_list={"mode": "open", "providers": []},
        **{"closes_in": timedelta(days=2), **options},  # type: ignore[arg-type]
    )
    return made, invitation_of(site, made, user_of(site.market, CARRIER, Kind.PROVIDER))


def invitation_of(site: Site, made: Auction, provider: Principal) -> str:
    """Return a carrier's invitation to a request, once it has it."""
    while True:
        catch_up(site.market.workshop)
        with site.market.workshop.reading() as reading:
            found = sellers.invitations_of_request(reading, made.request_id)
        for one in found:
            if one.provider_id == provider.organization_id:
                return one.id


def check(page: Page) -> None:
    """Look for faults of access and for a page that scrolls sideways."""
    assert not faults_of(page)
    assert not is_too_wide(page)


@pytest.fixture(scope="module")
def received(site: Site) -> tuple[Auction, str]:
    """A request that this module's tests only read."""
    return published(site, "Two depots to look at")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_of_the_desk_are_open_to_all_and_fit_in_the_states_that_no_link_leads_to(
    theme: str, open_page: Open, received: tuple[Auction, str]
) -> None:
    """What the links of the demo market lead to is looked at with all other pages."""
    _, invitation = received
    at = f"/c/invitations/{invitation}"
    paths = ("/c?tab=ended", "/c?q=nothing+holds+this", at, f"{at}/questions", f"{at}/decline")
    for width in (1440, 390):
        page = open_page(paths[0], CARRIER, width=width, theme=theme)
        for path in paths:
            page.goto(path)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            check(page)


def test_a_new_request_comes_into_the_open_inbox_and_is_opened_by_keys(site: Site, open_page: Open) -> None:
    page = open_page("/c", CARRIER)
    expect(page.locator("live-chip")).to_contain_text("Live")
    _, invitation = published(site, "Comes in by itself")
    row = page.locator(f"#row-{invitation}")
    expect(row).to_contain_text("Dedicated Internet access")
    expect(row).to_contain_text("up to 500 Mbps")
    expect(row).to_contain_text("Your filter")
    page.locator("h1").click()
    page.keyboard.press("j")
    expect(row).to_have_class(re.compile("at"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Comes in by itself")
    expect(page.locator("#request_state")).to_contain_text("Seen")
    page.goto("/c?tab=seen&q=comes+seattle")
    expect(page.get_by_role("row", name=re.compile("Comes in by itself"))).to_be_visible()


def test_a_desk_declines_by_x_in_a_dialog_and_reopens(site: Site, open_page: Open) -> None:
    _, invitation = published(site, "Not for us")
    page = open_page("/c", CARRIER)
    expect(page.locator("live-chip")).to_contain_text("Live")
    row = page.locator(f"#row-{invitation}")
    expect(row).to_be_visible()
    page.locator("h1").click()
    page.keyboard.press("j")
    expect(row).to_have_class(re.compile("at"))
    _, other = published(site, "Comes in meanwhile")
    expect(page.locator(f"#row-{other}")).to_be_visible()
    expect(row).to_have_class(re.compile("at"))
    page.keyboard.press("x")
    dialog = page.get_by_role("dialog", name="Decline this request")
    expect(dialog).to_contain_text("Not for us")
    check(page)
    dialog.get_by_label("No capacity").check()
    dialog.get_by_role("button", name="Decline this request").click()
    expect(page.locator("#flash")).to_contain_text("Declined.")
    page.goto(f"/c/invitations/{invitation}")
    expect(page.locator("#request_state")).to_contain_text("capacity")
    page.get_by_role("button", name="Reopen this request").click()
    expect(page.locator("#flash")).to_contain_text("Reopened")
    expect(page.get_by_role("link", name="Bid on this request")).to_be_visible()


def test_declining_works_without_scripts_and_asks_for_what_is_missing(site: Site, open_page: Open) -> None:
    _, invitation = published(site, "Without scripts")
    page = open_page(f"/c/invitations/{invitation}", CARRIER, scripts=False)
    page.get_by_role("link", name="Decline").click()
    page.get_by_label("Something else", exact=True).check()
    page.get_by_role("button", name="Decline this request").click()
    expect(page.get_by_role("alert")).to_contain_text("'other' needs a few words")
    expect(page.get_by_label("Something else", exact=True)).to_be_checked()
    page.get_by_label("In your own words").fill("We stop serving depots.")
    page.get_by_role("button", name="Decline this request").click()
    expect(page.locator("#flash")).to_contain_text("Declined.")


def test_a_change_is_told_to_who_has_the_request_open_and_stands_in_words_later(site: Site, open_page: Open) -> None:
    made, invitation = published(site, "Changes while it is read", description="Before spring.")
    page = open_page(f"/c/invitations/{invitation}", CARRIER)
    expect(page.locator("live-chip")).to_contain_text("Live")
    with site.market.workshop.work(made.buyer) as work:
        own = desk.read(work, made.request_id)
        given = {"description": "Before summer.", "title": own.content.title}
        desk.amend(work, made.request_id, given, http.etag(own.revision), ())
    expect(page.locator("#request_state")).to_contain_text("version 2")
    page.reload()
    changed = page.locator(".changes")
    expect(changed).to_contain_text("Description")
    expect(changed).to_contain_text("worded anew")
    expect(page.locator("body")).not_to_contain_text("Before spring.")
    check(page)


def test_a_question_that_names_somebody_is_refused_and_kept_and_then_asked(site: Site, open_page: Open) -> None:
    _, invitation = published(site, "Asked about")
    page = open_page(f"/c/invitations/{invitation}/questions", CARRIER, scripts=False)
    page.get_by_label("Your question").fill("Call us: calista.brandt@merrowfiber.example")
    page.get_by_role("button", name="Ask the buyer").click()
    expect(page.get_by_role("alert")).to_contain_text("calista.brandt@merrowfiber.example")
    expect(page.get_by_label("Your question")).to_have_value("Call us: calista.brandt@merrowfiber.example")
    page.get_by_label("Your question").fill("Is the riser ours to use?")
    page.get_by_role("button", name="Ask the buyer").click()
    expect(page.get_by_text("Is the riser ours to use?")).to_be_visible()
    expect(page.get_by_text(re.compile("waits for its answer"))).to_be_visible()


def test_nothing_of_the_buyer_is_in_what_a_desk_reads(open_page: Open, received: tuple[Auction, str]) -> None:
    made, invitation = received
    page = open_page("/c?tab=seen", CARRIER)
    told = ""
    for path in ("/c", "/c?tab=seen", f"/c/invitations/{invitation}", f"/c/invitations/{invitation}/questions"):
        answer = page.request.get(path)
        told += answer.text()
    assert "Two depots to look at" in told
    for secret in (
        "Silverline Hospitality",
        "silverlinestays",
        "Croy",
        "Foundry Pike",
        made.request_id,
        made.buyer.organization_id,
    ):
        assert secret not in told


def test_a_filter_is_built_counted_mended_saved_paused_copied_and_removed(open_page: Open) -> None:
    page = open_page("/c/filters", OTHER)
    page.get_by_role("link", name=re.compile("Ten sites or more")).click()
    expect(page.get_by_label("Name")).to_have_value("Ten sites or more")
    expect(page.locator("#hindsight")).to_contain_text("past 90 days")
    page.get_by_label("Name").fill("Large and fast")
    page.locator("#f-sites_high").fill("3")
    expect(page.locator("#hindsight")).to_contain_text("10 to 3 is reversed")
    page.get_by_role("button", name="Save this filter").click()
    expect(page.get_by_role("alert")).to_contain_text("10 to 3 is reversed")
    expect(page.get_by_label("Name")).to_have_value("Large and fast")
    check(page)
    page.locator("#f-sites_high").fill("")
    page.get_by_label("Feature 1", exact=True).fill("bandwidth_mbps")
    page.get_by_label("All of Voice").check()
    expect(page.locator("#hindsight")).to_contain_text("contradicts itself")
    page.get_by_label("All of Voice").uncheck()
    page.get_by_role("button", name="Save this filter").click()
    expect(page.locator("#flash")).to_contain_text("Saved.")
    row = page.get_by_role("row", name=re.compile("Large and fast"))
    expect(row).to_contain_text("from 10 sites")
    expect(row).to_contain_text("asks for bandwidth mbps")
    row.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("Rests")
    row.get_by_role("link", name="Duplicate").click()
    expect(page.get_by_label("Name")).to_have_value("Copy of Large and fast")
    page.get_by_role("button", name="Save this filter").click()
    for name in ("Copy of Large and fast", "Large and fast"):
        row = page.get_by_role("row", name=re.compile(f"^{name}"))
        row.get_by_role("button", name="Remove").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(page.locator("#flash")).to_contain_text("Removed.")
    expect(page.get_by_text("Large and fast")).to_have_count(0)


def test_a_filter_is_saved_and_counted_without_scripts(open_page: Open) -> None:
    page = open_page("/c/filters/new?preset=voice", OTHER, scripts=False)
    page.get_by_label("Name").fill("Voice by hand")
    page.get_by_role("button", name="Count it").click()
    expect(page.locator("#hindsight")).to_contain_text("past 90 days")
    expect(page.get_by_label("Name")).to_have_value("Voice by hand")
    expect(page.get_by_label("All of Voice")).to_be_checked()
    page.get_by_role("button", name="Save this filter").click()
    row = page.get_by_role("row", name=re.compile("Voice by hand"))
    expect(row).to_contain_text("US")
    row.get_by_role("button", name="Remove").click()
    expect(page.locator("#flash")).to_contain_text("Removed.")


def test_a_list_of_filters_is_refused_whole_by_one_that_is_wrong(open_page: Open) -> None:
    page = open_page("/c/filters/import", OTHER, scripts=False)
    page.get_by_label("Or paste its text").fill('[{"name": "A", "criteria": {"states": ["US-WA"]}}]')
    page.get_by_role("button", name="Replace all filters").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Or paste its text")).to_have_value(re.compile("US-WA"))


def test_a_footprint_is_checked_uploaded_withdrawn_and_restored(open_page: Open, tmp_path: Path) -> None:
    lit = tmp_path / "lit.csv"
    page = open_page("/c/coverage", OTHER)
    lit.write_text("kind,service_types,down_mbps,postal_code,country\non-net,data,1000,98101,US\nfar,data,1,98102,US\n")
    page.locator("#f-file").set_input_files(lit)
    page.get_by_role("button", name="Only check it").click()
    expect(page.get_by_role("row", name=re.compile("^3 kind far"))).to_be_visible()
    check(page)
    page.locator("#f-file").set_input_files(lit)
    page.get_by_role("button", name="Upload and put in force").click()
    expect(page.get_by_role("alert")).to_contain_text("row 3, kind is 'far'")
    lit.write_text("kind,service_types,down_mbps,postal_code,country\non-net,data,1000,98101,US\n")
    page.locator("#f-file").set_input_files(lit)
    page.get_by_role("button", name="Upload and put in force").click()
    expect(page.locator("#flash")).to_contain_text("In force now")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").first.click()
    assert "98101" in Path(download.value.path()).read_text()
    page.get_by_role("button", name="Withdraw").click()
    page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    expect(page.locator("#flash")).to_contain_text("No footprint is in force")
    page.get_by_role("button", name=re.compile("^Put in force")).first.click()
    expect(page.locator("#flash")).to_contain_text("In force again")
    named = page.get_by_role("radio", name=re.compile("^Your name"))
    named.check()
    page.get_by_role("button", name="Save who may know").click()
    expect(page.locator("#flash")).to_contain_text("Saved.")
    expect(named).to_be_checked()


def test_a_territory_is_saved_mended_and_removed_without_scripts(open_page: Open) -> None:
    page = open_page("/c/coverage", OTHER, scripts=False)
    page.get_by_label("Name", exact=True).fill("Bay Area")
    page.get_by_label("Postal prefixes").fill("US-941 nonsense")
    page.get_by_role("button", name="Save this territory").click()
    expect(page.locator("#e-postal_prefixes")).to_contain_text("nonsense")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Bay Area")
    page.get_by_label("Postal prefixes").fill("US-941 US-945")
    page.get_by_role("button", name="Save this territory").click()
    row = page.get_by_role("row", name=re.compile("Bay Area"))
    expect(row).to_be_visible()
    row.get_by_role("button", name="Remove").click()
    expect(page.locator("#flash")).to_contain_text("Removed.")


def test_terms_are_published_with_key_terms_and_read_as_text(open_page: Open) -> None:
    page = open_page("/c/terms/new", OTHER)
    page.get_by_label("Title").fill("Service terms of the test")
    page.get_by_label(re.compile("^Text, for")).fill("# Scope\n\n- one\n- **two**\n\n<script>alert(1)</script>")
    page.get_by_label("State the key terms").check()
    page.get_by_label("it renews by itself").check()
    page.get_by_label("Notice before the end").fill("90")
    page.get_by_role("button", name="Publish this version").click()
    expect(page.get_by_role("alert")).to_contain_text("for how many months it renews")
    expect(page.get_by_label("Title")).to_have_value("Service terms of the test")
    check(page)
    page.get_by_label("Renews for").fill("12")
    page.get_by_role("button", name="Publish this version").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Service terms of the test")
    expect(page.locator(".desk-terms li strong")).to_have_text("two")
    expect(page.locator(".desk-terms")).to_contain_text("<script>alert(1)</script>")
    expect(page.locator("aside")).to_contain_text("renews by itself for 12 months")
    check(page)
    page.get_by_role("link", name="Publish the next version").click()
    expect(page.get_by_label("Renews for")).to_have_value("12")
