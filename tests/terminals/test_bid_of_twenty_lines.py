"""From the notice of a request to a bid on twenty lines: how many clicks and keys it takes a desk."""

import re

from playwright.sync_api import Page, expect

from marketplace.kernel.access import Kind
from tests.terminals.auction_made import an_auction, user_of
from tests.terminals.conftest import BUYER, CARRIER, Open, Site

SITES = 20


def paste(page: Page, block: str) -> None:
    """Paste into the focused cell, as Ctrl V does."""
    page.evaluate(
        "text => { const data = new DataTransfer(); data.setData('text/plain', text);"
        " document.activeElement.dispatchEvent(new ClipboardEvent('paste',"
        " {clipboardData: data, bubbles: true, cancelable: true})); }",
        block,
    )


def test_a_bid_of_twenty_lines_takes_few_clicks_from_the_notice(site: Site, open_page: Open) -> None:
    auction = an_auction(site.market, user_of(site.market, BUYER, Kind.BUYER), sites=SITES, carriers=12)
    names = [desk.principal.user_id for desk in auction.desks]
    assert user_of(site.market, CARRIER, Kind.PROVIDER).user_id in names
    clicks = keys = 0

    page = open_page("/account/notices", CARRIER)
    page.get_by_role("link", name=re.compile("A new request")).first.click()
    clicks += 1
    page.get_by_role("link", name="Bid on this request").click()
    clicks += 1
    monthly = page.locator("[name='cell.mrc']")
    expect(monthly).to_have_count(SITES)
    monthly.first.click()
    clicks += 1
    paste(page, "\n".join(f"{900 + row}.00\t250.00" for row in range(SITES)))
    keys += 2
    rates = page.locator("[name^='cell.rate']")
    if rates.count():
        rates.first.click()
        page.keyboard.type("0")
        page.keyboard.press("Control+d")
        clicks, keys = clicks + 1, keys + 3
    expect(page.locator("#bid-sum")).to_contain_text("1 of 1")
    page.get_by_role("button", name="Review bid").last.click()
    clicks += 1
    expect(page.get_by_text("would be accepted")).to_be_visible()
    page.get_by_role("button", name="Place bid").click()
    clicks += 1
    expect(page.get_by_role("heading", level=1)).to_contain_text("Your bid is accepted")
    # the notice, the sheet, two cells, the review and the bid; keys: a paste, a nought and Ctrl D
    assert (clicks, keys) == (6, 5)
