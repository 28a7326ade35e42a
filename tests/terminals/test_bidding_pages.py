"""A desk prices, reviews, bids and follows by pages: with a keyboard, without scripts, live, in both themes."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from marketplace.bidding import service as bidding
from marketplace.identity.tables import UserRow
from marketplace.kernel.access import Kind, Principal, UserRole
from marketplace.kernel.db import DatabaseRole
from marketplace.kernel.ids import OrganizationId, UserId
from marketplace.terminals.browser import Preferences
from marketplace.terminals.live import Hub
from marketplace.terminals.seller.bidding import VIEW
from matching import service as matching
from tests.terminals.conftest import CARRIER, Open, Site

HOTELS = "1 Gbps guest Internet at six hotels"
PLANTS = "MPLS to SD-WAN for five plants and offices"


def _caller(site: Site) -> Principal:
    with site.market.workshop.reading() as reading:
        user = reading.session.exec(select(UserRow).where(UserRow.email == CARRIER)).one()
    return Principal(Kind.PROVIDER, UserId(user.id), OrganizationId(user.organization_id), UserRole(user.role))


@pytest.fixture(scope="session")
def invitations(site: Site) -> dict[str, str]:
    """The carrier's invitations by the title of what they are for."""
    with site.market.workshop.reading(_caller(site)) as reading:
        found = matching.received(reading, None, None, 50)
    return {one.document["title"]: f"/c/invitations/{one.invitation.id}" for one in found}


def _standing(site: Site, here: str) -> dict[str, Any]:
    with site.market.workshop.reading(_caller(site), DatabaseRole.DESK) as reading:
        views = bidding.bidder_views(reading, here.rpartition("/")[2])
    return {ref: view.own.amount for ref, view in views.items() if view.own is not None}


def _cells(page: Page, column: str) -> Any:
    return page.locator(f"[name='cell.{column}']")


def test_a_sheet_saves_itself_and_a_bad_cell_is_explained_in_its_line(
    open_page: Open, invitations: dict[str, str]
) -> None:
    page = open_page(f"{invitations[HOTELS]}/bid", CARRIER)
    _cells(page, "mrc").first.fill("a lot")
    _cells(page, "mrc").nth(1).fill("512.50")
    _cells(page, "nrc").first.fill("75")
    expect(page.locator("#wrong-L1")).to_contain_text("write a number such as 1234.50")
    expect(_cells(page, "mrc").first).to_have_value("a lot")
    page.goto(f"{invitations[HOTELS]}/bid")
    expect(_cells(page, "mrc").nth(1)).to_have_value("512.50")
    expect(_cells(page, "nrc").first).to_have_value("75")
    page.locator("[name^='cell.rate']").first.fill("0.50")
    _cells(page, "mrc").first.fill("610.00")
    _cells(page, "taxes").first.fill("USF 12.5% | E911 0.75 a month")
    expect(page.locator("#bid-totals tr").nth(1)).to_contain_text("$")


def test_two_hundred_cells_are_filled_by_keyboard_and_paste(open_page: Open, invitations: dict[str, str]) -> None:
    page = open_page(f"{invitations[HOTELS]}/bid", CARRIER)
    rows = _cells(page, "mrc").count()
    _cells(page, "mrc").first.focus()
    block = "\n".join(f"{500 + row}.00\t100.00" for row in range(rows))
    page.evaluate(
        "text => { const data = new DataTransfer(); data.setData('text/plain', text);"
        " document.activeElement.dispatchEvent(new ClipboardEvent('paste',"
        " {clipboardData: data, bubbles: true, cancelable: true})); }",
        block,
    )
    expect(_cells(page, "mrc").nth(rows - 1)).to_have_value(f"{500 + rows - 1}.00")
    expect(_cells(page, "nrc").nth(rows - 1)).to_have_value("100.00")
    rates = page.locator("[name^='cell.rate']")
    for column, figure in ((_cells(page, "install_days"), "45"), (rates, "0.25")):
        for row in range(rows):
            column.nth(row).fill("")
        column.first.focus()
        page.keyboard.type(figure)
        page.keyboard.press("Control+d")
        expect(column.nth(rows - 1)).to_have_value(figure)
        page.keyboard.press("Enter")
        expect(column.nth(1)).to_be_focused()
    expect(page.locator("#bid-sum")).to_contain_text(f"{rows} of {rows}")


def test_a_sheet_goes_out_as_a_file_and_comes_back_with_its_changes_shown(
    open_page: Open, invitations: dict[str, str]
) -> None:
    page = open_page(f"{invitations[HOTELS]}/bid", CARRIER)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    text = waiting.value.path().read_text(encoding="utf-8-sig")
    head, first, *rest = text.splitlines()
    changed = first.split(",")
    place = next(at for at, name in enumerate(head.split(",")) if name == "install_days")
    priced = "\n".join([head, re.sub(r",firm,", ",loose,", first, count=1), *rest])
    assert len(changed) > place
    page.set_input_files("[name=file]", {"name": "s.csv", "mimeType": "text/csv", "buffer": priced.encode()})
    page.get_by_role("button", name="Show what changes").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("s.csv")
    expect(page.get_by_text("write one of: firm")).to_be_visible()


def test_a_bid_is_reviewed_placed_once_and_receipted(open_page: Open, site: Site, invitations: dict[str, str]) -> None:
    here = invitations[HOTELS]
    page = open_page(f"{here}/bid", CARRIER)
    page.get_by_role("button", name="Copy my last bid").click()
    before = _standing(site, here)
    first = _cells(page, "mrc").first
    lower = f"{float(first.input_value()) * 0.95:.2f}"
    first.fill(lower)
    page.get_by_role("button", name="Review bid").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Review your bid")
    expect(page.locator(".offer-words")).to_contain_text("1 lot")
    expect(page.get_by_text("would be accepted")).to_be_visible()
    page.get_by_role("button", name="Place bid").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Your bid is accepted")
    assert _standing(site, here)["T1"] < before["T1"]
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download the receipts").click()
    receipt = json.loads(waiting.value.path().read_text())["receipts"][0]
    assert receipt["lot"] == "T1"
    assert receipt["signed"]


def test_a_steep_step_asks_first_and_a_refusal_says_what_would_be_taken(
    open_page: Open, site: Site, invitations: dict[str, str]
) -> None:
    here = invitations[HOTELS]
    page = open_page(f"{here}/bid", CARRIER)
    page.get_by_role("button", name="Copy my last bid").click()
    before = _standing(site, here)
    _cells(page, "mrc").nth(1).fill("99999")
    page.get_by_role("button", name="Review bid").last.click()
    expect(page.get_by_text("would be refused", exact=True)).to_be_visible()
    expect(page.locator("a.btn.primary", has_text="on the sheet")).to_be_visible()
    expect(page.get_by_text("What would be taken")).to_be_visible()
    page.get_by_role("button", name="Place bid").click()
    expect(page.get_by_text("Tick that these prices are meant").first).to_be_visible()
    page.get_by_label("Yes, these prices are meant.").check()
    page.get_by_role("button", name="Place bid").click()
    expect(page.get_by_text("This bid is not accepted")).to_be_visible()
    assert _standing(site, here) == before


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_the_next_step_is_one_button(
    open_page: Open, site: Site, invitations: dict[str, str], *, scripts: bool
) -> None:
    here = invitations[HOTELS]
    page = open_page(f"{here}/auction", CARRIER, scripts=scripts, width=390)
    before = _standing(site, here)["T2"]
    button = page.locator("#lot-T2 button", has_text="Bid $")
    expect(button).to_contain_text("\N{MINUS SIGN}$")
    button.click()
    expect(page.get_by_text("Accepted: T2 at")).to_be_visible()
    after = _standing(site, here)["T2"]
    assert after < before
    expect(page.locator("#lot-T2")).to_contain_text(f"{after:,.2f}")
    page.goto(f"{here}/auction")
    with page.expect_download() as waiting:
        page.locator("#bidding_history").get_by_role("link", name="JSON").first.click()
    assert json.loads(waiting.value.path().read_text())["lot"] == "T2"


def test_another_price_that_the_rules_refuse_stays_typed(open_page: Open, invitations: dict[str, str]) -> None:
    page = open_page(f"{invitations[HOTELS]}/auction", CARRIER)
    page.get_by_label("Total of the lot over the term").fill("9,999,999.00")
    page.get_by_role("button", name="Bid this total").click()
    expect(page.get_by_text("This bid is not accepted")).to_be_visible()
    expect(page.get_by_label("Total of the lot over the term")).to_have_value("9,999,999.00")
    page.get_by_label("Total of the lot over the term").fill("cheap")
    page.get_by_role("button", name="Bid this total").click()
    expect(page.get_by_text("Write an amount above 0").first).to_be_visible()


def test_a_bid_from_elsewhere_arrives_on_the_open_page(open_page: Open, invitations: dict[str, str]) -> None:
    here = invitations[HOTELS]
    watching = open_page(f"{here}/auction", CARRIER)
    expect(watching.locator(".chip.ok")).to_be_visible()
    expect(watching.locator("#own-bids tbody tr").first).to_be_visible()
    rows = watching.locator("#own-bids tbody tr").count()
    bidding_page = open_page(f"{here}/auction", CARRIER)
    bidding_page.locator("#lot-T3 button", has_text="Bid $").click()
    expect(bidding_page.get_by_text("Accepted: T3 at")).to_be_visible()
    expect(watching.locator("#own-bids tbody tr")).to_have_count(rows + 1)


def test_who_won_meets_the_buyer_and_who_lost_is_thanked(open_page: Open, invitations: dict[str, str]) -> None:
    page = open_page(f"{invitations[PLANTS]}/won", CARRIER)
    expect(page.get_by_role("heading", name="The buyer")).to_be_visible()
    expect(page.get_by_role("heading", name="Exact sites")).to_be_visible()
    page.goto(f"{invitations[HOTELS]}/won")
    expect(page.get_by_role("heading", name="The buyer")).to_have_count(0)
    page.goto(f"{invitations[PLANTS]}/lost")
    expect(page).to_have_url(re.compile(r"/won$"))


def test_the_list_of_bids_filters_by_state(open_page: Open) -> None:
    page = open_page("/c/bids", CARRIER)
    everything = page.locator("tbody tr").count()
    page.get_by_label("By state").get_by_role("link", name="Running").click()
    expect(page).to_have_url(re.compile("state=running"))
    expect(page.locator("tbody tr", has_text="Running").first).to_be_visible()
    assert page.locator("tbody tr").count() < everything


def test_a_carrier_proposes_and_withdraws_a_clause(open_page: Open) -> None:
    page = open_page("/c/contracts", CARRIER)
    page.locator("tbody tr", has_text="waits for the buyer").first.get_by_role("link").first.click()
    page.get_by_label("How it shall read").fill("Notice is 30 days before the end of the term.")
    page.locator("[name='changes.0.about']").select_option("notice_days")
    page.get_by_role("button", name="Send to the buyer").click()
    expect(page.get_by_text("Proposed. The buyer has been told")).to_be_visible()
    page.get_by_role("button", name="Withdraw version").click()
    expect(page.get_by_text("Withdrawn. What was agreed before stands.")).to_be_visible()


def test_a_live_picture_does_not_tell_when_it_was_drawn(site: Site, invitations: dict[str, str]) -> None:
    """Else each message would tell a bidder that somebody bid, also where the rules hide that."""
    hub = Hub(site.market.workshop, {}, site.market.wake)
    key = invitations[HOTELS].rpartition("/")[2]
    first = hub.snapshot(VIEW, key, _caller(site), Preferences())
    second = hub.snapshot(VIEW, key, _caller(site), Preferences())
    assert first == second


def test_a_price_below_the_own_cost_shows_its_margin_and_has_to_be_meant(
    open_page: Open, site: Site, invitations: dict[str, str]
) -> None:
    here = invitations[HOTELS]
    page = open_page(f"{here}/bid", CARRIER)
    page.get_by_role("button", name="Copy my last bid").click()
    before = _standing(site, here)
    cost = _cells(page, "own_cost").first
    cost.fill("1.00")
    expect(page.locator("#margin-L1")).to_contain_text("%")
    expect(page.locator("#bid-sum")).to_contain_text("priced lines have a cost")
    rows = _cells(page, "own_cost").count()
    for row in range(rows):
        _cells(page, "own_cost").nth(row).fill("99999.00")
    expect(page.locator("#margin-L1")).to_contain_text("below your cost")
    _cells(page, "nrc").first.fill("777")
    page.get_by_role("button", name="Review bid").last.click()
    expect(page.get_by_text("below your own cost")).to_be_visible()
    page.get_by_role("button", name="Place bid").click()
    expect(page.get_by_text("Tick that these prices are meant").first).to_be_visible()
    assert _standing(site, here) == before
    page.goto(f"{here}/auction")
    page.locator("#lot-T1 button", has_text="Bid $").click()
    expect(page.locator("#below-cost")).to_contain_text("Nobody but you knows it")
    assert _standing(site, here) == before
    page.get_by_role("button", name="Yes, it is meant").click()
    expect(page.get_by_text("Accepted: T1 at")).to_be_visible()
    page.goto(f"{here}/bid")
    for row in range(rows):
        _cells(page, "own_cost").nth(row).fill("")
    expect(page.locator("#margin-L1")).not_to_contain_text("below")
