"""A deal at browsers alone, from three sign-ups to a contract, and what a carrier never reads of who asks."""

import io
import re
import zipfile
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from marketplace import worker
from marketplace.kernel.access import Kind
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database
from marketplace.kernel.reactions import catch_up
from marketplace.replay import server
from tests.conftest import empty_market
from tests.factories import SignedIn, a_user, as_owner
from tests.terminals.conftest import PATIENCE_MS, Open, Site

expect.set_options(timeout=PATIENCE_MS)

PASSWORD = "copper-thistle-meadow-81"
CHICAGO = ZoneInfo("America/Chicago")
BUYER = {
    "name": "Juniper Ridge Outfitters",
    "person": "Marisol Quintrell",
    "email": "marisol@juniper-ridge.example",
    "phone": "+1 312 555 0187",
    "address": "410 Saddlers Row, Chicago, IL",
    "ein": "91-1144442",
}
SITES = (
    "Name\tStreet\tCity\tState\tZip\tLatitude\tLongitude\n"
    "Juniper flagship\t410 Saddlers Row\tChicago\tIL\t60601\t41.88613\t-87.62207\n"
    "Juniper depot\t77 Tanyard Lane\tNashville\tTN\t37201\t36.16784\t-86.77816\n"
    "Juniper lab\t9 Cobblers Yard\tBoston\tMA\t02110\t42.35641\t-71.05112"
)
SECRETS = (
    "Juniper",
    "juniper-ridge",
    "Marisol",
    "Quintrell",
    "555 0187",
    "5550187",
    "Saddlers",
    "Tanyard",
    "Cobblers",
    "91-1144442",
    "911144442",
    "41.886",
    "87.622",
    "36.167",
    "86.778",
    "42.356",
    "71.051",
)
"""All that the buyer typed of itself, in pieces short enough to be found however they are set."""
DOCUMENT = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@dataclass
class Deal:
    """One deal: where it is played, the time there, and what its people have found so far."""

    site: Site
    clock: StagedClock
    admin: SignedIn

    def pass_time(self, **time: float) -> None:
        """Let so much time pass, and everything happen that falls due in it."""
        self.clock.now += timedelta(**time)
        self.settle()

    def settle(self) -> None:
        """Let the background do what it would have done by now."""
        worker.heartbeat(self.site.market)
        catch_up(self.site.market.workshop)


@pytest.fixture
def deal(database: Database, settings: Settings) -> Iterator[Deal]:
    clock = StagedClock(datetime.now(UTC).replace(microsecond=0))
    market = empty_market(database, settings, clock)
    with server.serving(market) as address:
        yield Deal(Site(address, market), clock, a_user(market, Kind.PLATFORM))


@pytest.fixture
def site(deal: Deal) -> Site:
    return deal.site


# ---- what each of them does, page by page


def fill(page: Page, **fields: str) -> None:
    """Fill fields by their names; two underscores stand for the slash in a name."""
    for name, value in fields.items():
        page.locator(f"[name='{name.replace('__', '/')}']").fill(value)


def press(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("button", name=name).first.click()


def follow(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("link", name=name).first.click()


def choose_password(page: Page) -> None:
    fill(page, new_password=PASSWORD, again=PASSWORD)
    press(page, "Set the password and begin")
    expect(page.locator("#flash")).to_contain_text("Your account is ready")


def buyer_signs_up(page: Page) -> None:
    """From the landing page to a verification that waits."""
    follow(page, "Start a request")
    fill(page, name=BUYER["name"], demographics__region="IL", demographics__employees="140", demographics__sites="3")
    page.get_by_label("Industry").select_option("G")
    fill(page, contact__name=BUYER["person"], contact__email=BUYER["email"], contact__phone=BUYER["phone"])
    fill(page, contact__address=BUYER["address"])
    press(page, "Create the account")
    choose_password(page)
    follow(page, "Get verified")
    fill(page, numbers__ein=BUYER["ein"])
    press(page, "Keep these numbers")
    expect(page.locator("#flash")).to_contain_text("The numbers are kept")
    page.locator("input[type=file]").set_input_files(
        {"name": "extract.pdf", "mimeType": "application/pdf", "buffer": DOCUMENT}
    )
    press(page, "Upload")
    expect(page.locator("#flash")).to_contain_text("The document is kept")
    press(page, "Send for verification")
    expect(page.get_by_text("We are looking at it")).to_be_visible()


def desk_signs_up(page: Page, name: str, person: str) -> None:
    """From the landing page to a desk with terms and a filter that takes everything."""
    follow(page, "Register as a carrier")
    email = f"desk@{name.split(maxsplit=1)[0].lower()}.example"
    fill(page, name=name, contact_name=person, contact_email=email)
    press(page, "Create the desk")
    choose_password(page)
    follow(page, "Publish terms")
    expect(page.get_by_text("No terms yet")).to_be_visible()
    follow(page, "Publish terms")
    fill(page, title="Service agreement", text=f"# Agreement\n\n1. **Notice.** Ninety days to {name}.")
    press(page, "Publish this version")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Service agreement")
    follow(page, "Inbox")
    follow(page, "Write your first filter")
    fill(page, name="Everything")
    press(page, "Save this filter")
    expect(page.locator("#flash")).to_contain_text("Saved.")


def admin_works_the_queue(page: Page, jobs: int) -> None:
    """Take job after job: a buyer's identity is reviewed, a carrier's registration approved."""
    for _ in range(jobs):
        page.goto("/o")
        press(page, "Take the next job")
        expect(page).to_have_url(re.compile(r"/o/(verifications|providers)/"))
        if "/providers/" in page.url:
            fill(page, **{"approve.reason": "Its licence is in the register."})
            press(page, re.compile("^Approve"))
            expect(page.locator("#flash")).to_be_visible()
            continue
        expect(page.locator("body")).not_to_contain_text(BUYER["name"])
        follow(page, "Open the case")
        expect(page.get_by_role("heading", level=1)).to_contain_text(BUYER["name"])
        with page.expect_download() as loading:
            follow(page, "Download")
        assert loading.value.path().read_bytes() == DOCUMENT
        page.get_by_label("Number and name agree").check()
        press(page, "Verify this buyer")
        expect(page.locator("#flash")).to_contain_text("Verified")
    page.goto("/o")
    expect(page.get_by_text("Nothing waits for a decision")).to_be_visible()


def buyer_asks(page: Page, closes_at: datetime) -> str:
    """From an empty page to a published request of three sites; return where it lies."""
    page.goto("/b")
    follow(page, re.compile("^(New request|Start your first request)$"))
    fill(page, title="Internet for three branches")
    press(page, "Continue: Sites")
    fill(page, text=SITES)
    press(page, "Add rows")
    expect(page.get_by_role("heading", name="3 sites")).to_be_visible()
    press(page, "Continue: Services")
    fill(page, size="500")
    press(page, "Add the lines")
    expect(page.get_by_role("heading", name="3 lines")).to_be_visible()
    for step in ("Features", "Billing and usage", "Carriers and auction"):
        press(page, f"Continue: {step}")
        expect(page.locator("[aria-current=step]")).to_contain_text(step)
    fill(page, **{"schedule.closes_at": closes_at.astimezone(CHICAGO).strftime("%Y-%m-%dT%H:%M")})
    page.locator("[name='auction.preset'][value=open_price_race]").check()
    fill(page, **{"auction.ceiling": "90000.00"})
    page.locator("[name=step]").fill("100")
    page.locator("[name=step_kind]").select_option("amount")
    press(page, "Continue: Review")
    press(page, re.compile("^Publish"))
    expect(page.locator("#flash")).to_contain_text("Published")
    return re.sub(r"[?#].*", "", page.url)


# ---- the carriers' bids, the platform's control, the end


def desk_prices(page: Page, title: str, monthly: tuple[str, ...]) -> str:
    """From the inbox to a bid that is placed; return where the invitation lies."""
    page.goto("/c")
    follow(page, title)
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    here = page.url
    follow(page, "Bid on this request")
    page.locator("[name='cell.mrc']").first.focus()
    page.evaluate(
        "text => { const data = new DataTransfer(); data.setData('text/plain', text);"
        " document.activeElement.dispatchEvent(new ClipboardEvent('paste',"
        " {clipboardData: data, bubbles: true, cancelable: true})); }",
        "\n".join(f"{price}\t100.00" for price in monthly),
    )
    expect(page.locator("[name='cell.nrc']").nth(2)).to_have_value("100.00")
    page.locator("[name=terms_id]").select_option(index=1)
    press(page, "Review bid")
    expect(page.get_by_role("heading", level=1)).to_have_text("Review your bid")
    expect(page.get_by_text("would be accepted")).to_have_count(3)
    press(page, re.compile("^Place bid"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Your bid is accepted")
    return here


def desk_goes_lower(page: Page) -> None:
    """Bid the next step on the first lot, from the page of the live auction."""
    press(page, re.compile(r"^Bid \$"))
    expect(page.get_by_text("Accepted: T1 at")).to_be_visible()


def admin_pauses_and_resumes(page: Page, title: str, watching: tuple[Page, ...]) -> None:
    """Pause with a reason that all who watch read at once, and resume."""
    page.goto("/o/auctions")
    follow(page, title)
    page.locator("summary", has_text="Pause").first.click()
    fill(page, **{"pause.reason": "A cable cut keeps carriers from bidding."})
    press(page, "Pause the auction")
    page.get_by_role("dialog").get_by_role("button", name="Pause the auction").click()
    expect(page.locator("#flash")).to_contain_text("Paused")
    for other in watching:
        expect(other.locator("main")).to_contain_text("A cable cut keeps carriers from bidding.")
    press(page, "Resume the auction")
    expect(page.locator("#flash")).to_contain_text("Resumed")


def buyer_awards(page: Page, name: str) -> None:
    """From the closed auction over the comparison to an award, by the step that says what it reveals."""
    expect(page.locator("main").get_by_role("link", name="Choose winner")).to_be_visible()
    follow(page, "Choose winner")
    expect(page.get_by_role("table").first).to_contain_text(name)
    page.locator("#matrix-form button[value=award]").first.click()
    press(page, "Review what is revealed")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"This reveals who you are to {name}")
    expect(page.locator("main")).to_contain_text("1 other bidder learns that it lost, and nothing else.")
    press(page, f"Award {name}")
    expect(page.locator("#flash")).to_contain_text("Awarded")


def downloads_the_contract(page: Page) -> None:
    for link, ending, begins in (
        ("Contract as PDF", ".pdf", b"%PDF-"),
        ("Signed document (JSON)", ".json", b"{"),
        ("Dates for your calendar", ".ics", b"BEGIN:VCALENDAR"),
    ):
        with page.expect_download() as loading:
            follow(page, link)
        assert loading.value.suggested_filename.endswith(ending)
        assert loading.value.path().read_bytes().startswith(begins)


# ---- what a carrier can read

OF_NO_DEAL = ("/static/", "/help", "/tour", "/docs", "/kit", "/openapi.json", "/sign-")
"""Files of the program, the guide and the tour: the same for everybody."""
LINK = re.compile(r"""\s(?:href|hx-get|src|hx-sse:connect)="([^"#]+)""")
MOST_PAGES = 400


def read_everything(page: Page) -> dict[str, str]:
    """Return all that who is signed in there can read: every address that its pages name, and theirs, by address."""
    read: dict[str, str] = {}
    waiting = deque(["/", "/account", "/account/notices", "/notices", "/me", "/search?q=Internet"])
    while waiting:
        path = waiting.popleft()
        if path in read:
            continue
        answer = page.request.get(path, max_redirects=5)
        body = answer.body()
        read[path] = "\n".join((path, answer.url, *answer.headers.values(), _text(body)))
        assert len(read) < MOST_PAGES, "pages lead to ever more pages"
        if "html" not in answer.headers.get("content-type", ""):
            continue
        for found in LINK.findall(body.decode()):
            address = urljoin(answer.url, unescape(found))
            if urlsplit(address).netloc != urlsplit(page.url).netloc:
                continue
            local = address.split(urlsplit(page.url).netloc, 1)[1]
            if local.startswith("/live/"):
                local += "?once=true"
            if not local.startswith(OF_NO_DEAL):
                waiting.append(local)
    return read


def _text(body: bytes) -> str:
    """Return what can be searched of a file: of a workbook all its parts."""
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            return "\n".join(book.read(name).decode(errors="replace") for name in book.namelist())
    return body.decode(errors="replace")


def written_for(deal: Deal, email: str) -> str:
    """Return every notice that waits for an organization, whichever way it will go out."""
    query = text(
        "SELECT coalesce(string_agg(n::text, E'\\n'), '') FROM market.notices n"
        " WHERE organization_id = (SELECT organization_id FROM identity.users WHERE email = :email)"
    )
    with as_owner(deal.site.market) as connection:
        return str(connection.execute(query, {"email": email}).scalar_one())


def given_away(read: dict[str, str]) -> list[str]:
    """Return where something that a carrier read holds something of the buyer."""
    return [
        f"{secret!r} in {path}"
        for path, told in read.items()
        for secret in SECRETS
        if secret.casefold() in told.casefold()
    ]


# ---- the story


def test_a_deal_is_made_by_pages_alone_and_only_its_winner_learns_who_asked(deal: Deal, open_page: Open) -> None:
    title = "Internet for three branches"
    buyer, winner, loser = open_page("/"), open_page("/"), open_page("/")
    admin = open_page("/o", deal.admin.email)
    buyer_signs_up(buyer)
    desks = {winner: "desk@fernhill.example", loser: "desk@quarry.example"}
    desk_signs_up(winner, "Fernhill Fiber", "Lena Fern")
    desk_signs_up(loser, "Quarry Networks", "Quentin Rock")
    admin_works_the_queue(admin, 3)

    request = buyer_asks(buyer, deal.clock.now + timedelta(hours=4))
    deal.settle()
    buyer.goto(f"{request}/auction")
    expect(buyer.locator("live-chip.ok")).to_be_visible()
    deal.pass_time(minutes=1)
    lost = desk_prices(loser, title, ("620", "640", "660"))
    expect(buyer.locator("#ladder")).to_contain_text("Bidder 1")
    deal.pass_time(minutes=1)
    won = desk_prices(winner, title, ("615", "600", "590"))
    loser.goto(f"{lost}/auction")
    winner.goto(f"{won}/auction")
    expect(loser.locator("live-chip.ok")).to_be_visible()
    desk_goes_lower(winner)
    expect(loser.locator("#lot-T1")).to_contain_text("$22,140")
    expect(buyer.locator("#ladder")).to_contain_text("$22,140")
    admin_pauses_and_resumes(admin, title, (buyer, winner, loser))

    for desk, email in desks.items():
        read = read_everything(desk)
        assert {"/c", "/c/terms", urlsplit(lost if desk is loser else won).path} <= read.keys()
        assert any(path.startswith("/live/bidding/") for path in read)
        told = written_for(deal, email)
        assert "on the request of Buyer" in told
        assert given_away(read | {"notices": told}) == []

    deal.pass_time(hours=5)
    buyer_awards(buyer, "Fernhill Fiber")
    deal.settle()
    winner_confirms(winner, title)
    buyer_accepts(buyer, "Fernhill Fiber")
    follow(winner, "Open the contract")
    downloads_the_contract(winner)
    deal.settle()

    loser.goto(f"{lost}/lost")
    expect(loser.get_by_role("heading", level=1)).to_be_visible()
    told = written_for(deal, desks[loser])
    assert given_away(read_everything(loser) | {"notices": told}) == []
    learnt = "\n".join(read_everything(winner).values())
    told_of_buyer = ("name", "person", "email", "phone", "ein")
    for known in (*(BUYER[part] for part in told_of_buyer), "410 Saddlers Row", "77 Tanyard Lane", "9 Cobblers Yard"):
        assert known in learnt
    admin_proves_it(admin, title)


def winner_confirms(page: Page, title: str) -> None:
    """Meet the buyer, and stand by the bid."""
    page.goto("/c/bids")
    follow(page, title)
    expect(page.get_by_role("heading", name="The buyer")).to_be_visible()
    expect(page.locator("main")).to_contain_text(BUYER["name"])
    press(page, "Confirm the award")
    expect(page.locator("#flash")).to_be_visible()


def buyer_accepts(page: Page, name: str) -> None:
    """Read the winner's terms, accept them, and take the contract home."""
    page.goto("/b/contracts")
    follow(page, name)
    expect(page.locator("main")).to_contain_text(f"Ninety days to {name}.")
    page.get_by_label(re.compile("^I have read the terms")).check()
    press(page, f"Accept the terms of {name}")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Contract with {name}")
    downloads_the_contract(page)


def admin_proves_it(page: Page, title: str) -> None:
    """See why each carrier got the request and who learned who the buyer is, and recompute the journal."""
    page.goto("/o/auctions?state=over")
    follow(page, title)
    follow(page, "Why carriers got it")
    for name in ("Fernhill Fiber", "Quarry Networks"):
        expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.locator(".tag", has_text="Got it")).to_have_count(2)
    page.goto("/o/reveals?right=award")
    expect(page.get_by_role("row", name=re.compile("Fernhill Fiber")).first).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("Quarry Networks")
    expect(page.locator("main")).not_to_contain_text(BUYER["name"])
    page.goto("/o/audit")
    follow(page, "Verify the journal")
    expect(page.get_by_text("The chain is whole")).to_be_visible()
