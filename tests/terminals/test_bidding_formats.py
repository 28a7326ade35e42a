"""The live bidding page of each kind of auction: what the rules show, the next step by name, no wrong advice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from marketplace.bidding import service as bidding
from marketplace.kernel.access import Kind
from marketplace.kernel.reactions import catch_up
from sellers import service as sellers
from tests.terminals.auction_made import Auction, an_auction, user_of
from tests.terminals.conftest import BUYER, CARRIER, Open, Site

ENGLISH: dict[str, Any] = {"format": "english", "decrement_percent": "0.5"}


def made(site: Site, auction: dict[str, Any], *, opens: bool = True, **parts: Any) -> tuple[Auction, str]:
    """Publish an auction to three carriers; return it with the path of the watching carrier's page."""
    own = an_auction(
        site.market, user_of(site.market, BUYER, Kind.BUYER), sites=2, carriers=3, auction=auction, **parts
    )
    carrier = user_of(site.market, CARRIER, Kind.PROVIDER)
    with site.market.workshop.reading() as reading:
        (invitation,) = [
            one.id
            for one in sellers.invitations_of_request(reading, own.request_id)
            if one.provider_id == carrier.organization_id
        ]
    while opens:
        catch_up(site.market.workshop)
        with site.market.workshop.reading(own.buyer) as reading:
            if {view.status.value for view in bidding.buyer_views(reading, own.request_id).values()} == {"open"}:
                break
    return own, f"/c/invitations/{invitation}/auction"


def number_of_the_watcher(own: Auction) -> int:
    return next(number for number, one in enumerate(own.desks) if one.name == "Merrow Fiber")


@pytest.mark.parametrize("form", ["sealed", "sealed_second_price", "best_and_final"])
def test_nothing_on_a_sealed_bids_page_would_put_the_ceiling_in_its_place(
    open_page: Open, site: Site, form: str
) -> None:
    final = {"final_offers": {}} if form == "best_and_final" else {}
    own, path = made(site, {"format": form, "ceiling": "900000"} | final)
    own.bid(number_of_the_watcher(own))
    page = open_page(path, CARRIER, scripts=False)
    expect(page.get_by_role("link", name="Change the sealed bid")).to_be_visible()
    expect(page.get_by_role("button", name="Bid $")).to_have_count(0)
    expect(page.get_by_text("Take it back")).to_have_count(1)


def test_first_bids_of_an_auction_in_turns_are_no_final_offers(open_page: Open, site: Site) -> None:
    own, path = made(site, {"format": "three_rounds", "decrement_percent": "1", "turns": {}})
    own.bid(number_of_the_watcher(own))
    page = open_page(path, CARRIER, scripts=False)
    expect(page.get_by_text("First bids close in")).to_be_visible()
    expect(page.get_by_text("last offer")).to_have_count(0)


def test_a_rising_clock_says_its_price_and_what_taking_it_means(open_page: Open, site: Site) -> None:
    clock = {"format": "dutch", "ceiling": "500000", "dutch": {"start": "100000", "step": "5000", "seconds": 3600}}
    _, path = made(site, clock)
    page = open_page(path, CARRIER, scripts=False)
    expect(page.get_by_role("button", name="Take this price: $100,000")).to_be_visible()
    expect(page.get_by_text("The price rises in")).to_be_visible()


def test_the_clock_of_an_auction_to_come_counts_down_to_its_opening(open_page: Open, site: Site) -> None:
    opens = datetime.now(UTC) + timedelta(days=3)
    schedule = {"opens_at": opens.isoformat(), "closes_at": (opens + timedelta(hours=2)).isoformat()}
    _, path = made(site, ENGLISH, opens=False, schedule=schedule)
    page = open_page(path, CARRIER)
    expect(page.locator("live-chip.ok")).to_be_visible()
    # the picture of the stream has come by now; before, the opening stood in it as if it were the present
    expect(page.locator("#clock .clock-figures")).to_contain_text("2 d")
