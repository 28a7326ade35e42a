"""The buyer's auction, comparison and offers in a browser: live, readable by all, and nothing named too early."""

import csv
import io
import re
from decimal import Decimal

import httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from marketplace.awards.model import ComparedLot
from marketplace.bidding import watching
from marketplace.identity.tables import UserRow
from marketplace.kernel.access import Kind
from marketplace.terminals.buyer import compare_model, live_auction_model, live_auction_view
from tests.factories import as_owner
from tests.terminals.auction_made import Auction, an_auction, user_of
from tests.terminals.conftest import BUYER, Open, Site, faults_everywhere


@pytest.fixture(scope="module")
def live(site: Site) -> Auction:
    """One lot of fourteen sites that takes bids, of four carriers so far."""
    auction = an_auction(site.market, user_of(site.market, BUYER, Kind.BUYER), title="Live fourteen")
    for number in range(4):
        auction.bid(number)
        auction.bid(number, "0.97")
    return auction


@pytest.fixture(scope="module")
def closed(site: Site) -> Auction:
    """Fourteen lots that have closed; the last two carriers left some out."""
    auction = an_auction(
        site.market, user_of(site.market, BUYER, Kind.BUYER), carriers=4, one_lot=False, title="Closed fourteen"
    )
    for number in range(4):
        auction.bid(number, leave_out=max(0, number - 1) * 2)
    auction.close()
    return auction


@pytest.fixture(scope="module")
def sealed(site: Site) -> Auction:
    """One lot with bids that nobody may read yet."""
    auction = an_auction(
        site.market,
        user_of(site.market, BUYER, Kind.BUYER),
        sites=3,
        carriers=3,
        auction={"format": "sealed"},
        title="Sealed three",
    )
    auction.bid(0)
    return auction


@pytest.fixture(scope="module")
def pages_of(live: Auction, closed: Auction, sealed: Auction, site: Site) -> list[str]:
    """Every page of this area, empty and full."""
    with site.market.workshop.work(closed.buyer) as work:
        bid = watching.watch(work, closed.request_id, ["T1"])[0].view.bids
    assert bid
    return [
        f"{live.path}/auction",
        f"{sealed.path}/auction",
        f"{sealed.path}/compare",
        f"{closed.path}/auction",
        f"{closed.path}/compare",
        f"{closed.path}/compare/switching",
        f"{closed.path}/compare/weights",
        f"{closed.path}/offers/{bid[0].bid_id}",
        f"{closed.path}/auction/final-offers?lot=T1",
        f"{live.path}/auction/withdrawals/{_called_an_error(site, live)}",
    ]


def _called_an_error(site: Site, auction: Auction) -> str:
    """Return a bid that its carrier asks to have taken out."""
    own = auction.desks[1].principal
    query = (
        "SELECT id, invitation_id FROM market.bids WHERE request_id = :request AND provider_id = :own"
        " ORDER BY sequence DESC LIMIT 1"
    )
    with as_owner(site.market) as connection:
        ids = {"request": auction.request_id, "own": own.organization_id}
        bid, invitation = connection.execute(text(query), ids).one()
    with site.market.workshop.reading() as reading:
        user = reading.session.get(UserRow, own.user_id)
    assert user is not None
    cookie = site.cookie_of(user.email)
    answer = httpx.post(
        f"{site.url}/c/invitations/{invitation}/auction/take-back",
        data={"bid": bid, "reason": "A digit is missing."},
        cookies={cookie["name"]: cookie["value"]},
        headers={"Origin": site.url},
        timeout=60,
    )
    assert answer.status_code == httpx.codes.SEE_OTHER, answer.text
    return str(bid)


def test_a_bid_arrives_while_one_watches_and_the_row_stays_the_same(open_page: Open, live: Auction) -> None:
    page = open_page(f"{live.path}/auction", BUYER)
    expect(page.locator("live-chip.ok")).to_be_visible()
    row = page.locator("#row-T1-4")
    before = row.locator("td.strong").inner_text()
    row.evaluate("row => { row.isTheSame = true; }")  # a property is the node's own: no message can bring it
    page.locator("#course summary").focus()
    live.bid(3, "0.5")
    expect(row.locator("td.strong")).not_to_have_text(before)
    expect(page.locator("tr.best")).to_have_attribute("id", "row-T1-4")
    assert page.locator("tr.best").evaluate("row => row.isTheSame") is True
    expect(page.locator("#course summary")).to_be_focused()
    expect(page.locator("#announce")).to_contain_text("the new best price")


def test_nobody_is_named_while_bids_are_taken(open_page: Open, live: Auction) -> None:
    page = open_page(f"{live.path}/auction", BUYER)
    text = page.content()
    for desk in live.desks:
        assert desk.name not in text
        assert desk.principal.organization_id not in text
    expect(page.locator("#ladder")).to_contain_text("Bidder 1")
    expect(page.locator("#figures")).to_contain_text("a bid in the last 2 minutes", ignore_case=True)
    expect(page.locator("#figures")).to_contain_text("at most 10 times")


def test_a_sealed_round_shows_neither_prices_nor_how_many(open_page: Open, sealed: Auction) -> None:
    page = open_page(f"{sealed.path}/auction", BUYER, scripts=False)
    expect(page.locator("#ladder")).to_contain_text("Bids are sealed until")
    expect(page.locator("#figures")).to_contain_text("How many bid is sealed, too.")
    expect(page.locator("#ladder table")).to_have_count(0)
    page.goto(f"{sealed.path}/compare")
    expect(page.locator("main")).to_contain_text("Bids are compared after the close")


def test_incomplete_carriers_stand_below_complete_ones(open_page: Open, closed: Auction) -> None:
    page = open_page(f"{closed.path}/auction", BUYER)
    rows = page.locator("#ladder tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.nth(0)).to_contain_text("Best")
    expect(rows.nth(2)).to_contain_text("12 of 14 lots")
    expect(rows.nth(2)).to_contain_text("incomplete")
    expect(page.locator("main a", has_text="Choose winner")).to_have_attribute("href", f"{closed.path}/compare")


def test_a_choice_changes_the_sum_and_goes_to_the_award(open_page: Open, closed: Auction) -> None:
    page = open_page(f"{closed.path}/compare", BUYER)
    figure = page.locator("#choice .figure")
    before = figure.inner_text()
    other = page.locator("#lot-T1 input[type=radio]:not(:checked)").first
    chosen = other.get_attribute("value")
    other.check()
    expect(figure).not_to_have_text(before)
    expect(page.locator("#choice")).to_contain_text("1 change")
    page.locator("#matrix-form button[value=award]").click()
    page.wait_for_url(re.compile(r"/award\?base=best&"))
    assert f"pick=T1%3A{chosen}" in page.url
    assert page.url.count("pick=") == 1


def test_a_choice_works_without_scripts(open_page: Open, closed: Auction) -> None:
    page = open_page(f"{closed.path}/compare", BUYER, scripts=False)
    before = page.locator("#choice .figure").inner_text()
    page.locator("#lot-T2 input[type=radio]:not(:checked)").first.check()
    page.get_by_role("button", name="Update the sum").click()
    expect(page.locator("#choice")).to_contain_text("1 change")
    expect(page.locator("#choice .figure")).not_to_have_text(before)
    page.get_by_role("link", name="undo").click()
    expect(page.locator("#choice .figure")).to_have_text(before)


def test_every_figure_opens_its_formula(open_page: Open, closed: Auction) -> None:
    page = open_page(f"{closed.path}/compare", BUYER)
    link = page.locator("#lot-T1 a[data-figure]").first
    link.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#figure")
    expect(dialog).to_be_visible()
    dialog.locator("summary", has_text="Formula").first.click()
    expect(dialog).to_contain_text("x 1 x 36 months")
    dialog.get_by_role("link", name="Open the whole offer").click()
    expect(page.locator("h1")).to_contain_text("on T1")
    expect(page.locator("#features")).to_contain_text("Meets")
    expect(page.locator("main")).to_contain_text("SHA-256")


def test_on_paper_stands_the_whole_table_in_black_on_white_and_nothing_to_press(
    open_page: Open, closed: Auction
) -> None:
    page = open_page(f"{closed.path}/compare", BUYER, theme="dark")
    page.emulate_media(media="print")

    for left_out in (".topbar", ".sidenav", ".tabs", ".page-actions"):
        expect(page.locator(left_out).first).to_be_hidden()
    table = page.locator(".scroll:has(.compare)").first
    assert table.evaluate("one => one.scrollHeight <= one.clientHeight"), "the table is cut where it would scroll"
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"


def test_files_hold_exactly_what_is_shown(open_page: Open, closed: Auction) -> None:
    page = open_page(f"{closed.path}/compare?only=incomplete&sort=spread&down=1", BUYER)
    expect(page.locator("main")).to_contain_text("No lot fits these filters")
    page.goto(f"{closed.path}/compare?state=WA&figure=monthly")
    expect(page.locator(".compare tbody tr")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    rows = list(csv.reader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == ["T1", "All complete offers"]
    shown = page.locator("#lot-T1 a[data-figure]").first.inner_text()
    assert Decimal(rows[1][4]) == Decimal(shown.replace("$", "").replace(",", ""))


def test_switching_costs_need_a_reason_once_bids_are_seen(open_page: Open, closed: Auction) -> None:
    page = open_page(f"{closed.path}/compare/switching", BUYER)
    page.locator("#amount-T3").fill("1250.00")
    page.locator("textarea[name=reason]").evaluate("field => field.removeAttribute('required')")
    page.get_by_role("button", name="Count these costs").click()
    expect(page.locator("main")).to_contain_text("say why these costs are stated only now")
    expect(page.locator("#amount-T3")).to_have_value("1250.00")
    page.locator("textarea[name=reason]").fill("The present contract came to light only today.")
    page.get_by_role("button", name="Count these costs").click()
    expect(page.locator("main")).to_contain_text("when bids could be seen already")
    expect(page.locator("#choice")).to_contain_text("switching costs are counted")


def test_scenarios_fill_the_choice(open_page: Open, closed: Auction) -> None:
    page = open_page(f"{closed.path}/compare", BUYER)
    one = page.locator("#ways a.way", has_text="One provider")
    expect(one).to_be_visible(timeout=120_000)
    one.click()
    page.wait_for_url(re.compile("scenario=one-provider"))
    expect(page.locator("#choice")).to_contain_text("14 of 14 lots · 1 carrier")
    page.locator("#matrix-form button[value=award]").click()
    page.wait_for_url(re.compile(r"/award\?scenario=one-provider"))


@pytest.fixture
def final_round(site: Site) -> Auction:
    """Return two sites that have closed with two bids, under rules that announced final offers."""
    auction = an_auction(
        site.market, user_of(site.market, BUYER, Kind.BUYER), sites=2, carriers=2, title="Final offers for two"
    )
    auction.bid(0)
    auction.bid(1)
    auction.close()
    return auction


def test_a_short_list_is_called_to_final_offers(open_page: Open, final_round: Auction) -> None:
    page = open_page(f"{final_round.path}/auction", BUYER)
    page.get_by_role("link", name="Call for final offers").click()
    page.locator("textarea[name=reason]").fill("Both are close to each other.")
    page.locator("input[name=closes_at]").fill("2020-01-01T10:00")
    for box in page.locator("input[name=bids]").all():
        box.check()
    page.get_by_role("button", name="Call for final offers").click()
    expect(page.locator("[data-focus], .error-summary").first).to_be_visible()
    expect(page.locator("textarea[name=reason]")).to_have_value("Both are close to each other.")
    later = page.evaluate("new Date(Date.now() + 30 * 3600e3).toISOString().slice(0, 16)")
    page.locator("input[name=closes_at]").fill(later)
    page.get_by_role("button", name="Call for final offers").click()
    expect(page.locator("#flash")).to_contain_text("Called.")


def test_a_bidder_keeps_its_number_whatever_comes_later(site: Site, live: Auction) -> None:
    with site.market.workshop.reading(live.buyer) as reading:
        before = watching.watch(reading, live.request_id, ["T1"])[0]
    live.bid(4)
    with site.market.workshop.reading(live.buyer) as reading:
        after = watching.watch(reading, live.request_id, ["T1"])[0]
    assert {move.bid_id: move.number for move in before.moves}.items() <= {
        move.bid_id: move.number for move in after.moves
    }.items()
    assert after.opened is not None
    assert {offer.provider_id for offer in after.opened.offers} == {f"bidder-{number}" for number in range(1, 6)}


def test_an_incomplete_or_open_ended_bid_is_never_the_best(site: Site, closed: Auction) -> None:
    with site.market.workshop.work(closed.buyer) as work:
        context = live_auction_view.context(work, live_auction_view.key_of(closed.request_id, "", 1))
    ladder = context["ladder"]
    assert [rung.complete for rung in ladder] == [True, True, False, False]
    assert ladder[0].total > ladder[3].total
    assert context["figures"].best is not None
    assert live_auction_model.best_of(ComparedLot("T1", "closed", ())) is None


@pytest.mark.parametrize(("amount", "heat"), [("100", 0), ("104", 1), ("110", 2), ("129", 3), ("131", 4)])
def test_heat_is_the_distance_to_the_best(amount: str, heat: int) -> None:
    assert compare_model.heat_of(Decimal(amount), Decimal(100)) == heat
    assert compare_model.heat_of(Decimal(amount), None) is None


def test_the_address_holds_filters_and_choices() -> None:
    query = compare_model.Query(sort="best", down=True, page=3, picks=(("T1", "bid_a"),))
    assert query.address(page=4) == "?sort=best&down=1&page=4&pick=T1%3Abid_a"
    assert query.address(only="one") == "?sort=best&down=1&only=one&pick=T1%3Abid_a"
    assert compare_model.Query().address() == "?"


def test_pages_are_readable_by_all_in_both_themes_and_at_both_widths(open_page: Open, pages_of: list[str]) -> None:
    found = []
    page = open_page(pages_of[0], BUYER)
    for path in pages_of:
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        found += [f"{path}: {fault}" for fault in faults_everywhere(page)]
    assert found == []
