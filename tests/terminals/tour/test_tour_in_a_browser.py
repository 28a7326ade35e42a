"""The tour in a real browser: it lives by itself, works without scripts, and can be used by everybody."""

from playwright.sync_api import Page, expect

from tests.terminals.conftest import Open, faults_everywhere


def opened(page: Page) -> None:
    """Play up to the open auction."""
    page.get_by_role("button", name="Start as a buyer").click()
    page.get_by_role("button", name="See what carriers would see").click()
    page.get_by_role("link", name="Choose how they compete").click()
    page.get_by_role("button", name="Open the auction").click()


def test_the_auction_goes_on_by_itself_and_can_be_ended(open_page: Open) -> None:
    page = open_page("/tour")
    opened(page)
    expect(page.get_by_text("No bid yet").first).to_be_visible()
    # nothing is pressed: the region asks for itself until robots have bid
    expect(page.get_by_role("cell", name="Named at the close").first).to_be_visible()
    page.get_by_role("button", name="Jump to the close").click()
    page.get_by_role("link", name="Choose how to award").click()
    page.get_by_role("button", name="Award, and tell the winners who I am").click()
    expect(page.get_by_role("heading", name="learns now").first).to_be_visible()


def test_the_whole_tour_works_without_scripts(open_page: Open) -> None:
    page = open_page("/tour", scripts=False)
    opened(page)
    page.get_by_role("link", name="Refresh").click()
    page.get_by_role("button", name="Jump to the close").click()
    page.get_by_role("link", name="Choose how to award").click()
    expect(page.get_by_text("proven, not guessed")).to_be_visible()
    page.goto("/tour")
    page.get_by_role("button", name="Start as a carrier").click()
    page.get_by_role("link", name="Open the request").click()
    page.get_by_role("link", name="Price it").click()
    page.get_by_role("button", name="Place the bid").click()
    page.get_by_role("button", name="This is my final price").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Not selected, with thanks")


def test_everybody_can_use_the_pages(open_page: Open) -> None:
    page = open_page("/tour")
    faults: dict[str, list[str]] = {}

    def look(*parts: str) -> None:
        for part in parts:
            page.goto(f"/tour/{part}")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            faults[part] = faults_everywhere(page)

    page.get_by_role("button", name="Start as a buyer").click()
    look("buyer/need")
    page.get_by_role("button", name="See what carriers would see").click()
    look("buyer/anonymity", "buyer/rules")
    page.get_by_role("button", name="Open the auction").click()
    look("buyer/auction")
    page.get_by_role("button", name="Jump to the close").click()
    look("buyer/auction", "buyer/award")
    page.get_by_role("button", name="Award, and tell the winners who I am").click()
    look("buyer/result")
    page.goto("/tour")
    page.get_by_role("button", name="Start as a carrier").click()
    look("carrier/inbox", "carrier/request", "carrier/sheet")
    page.get_by_role("button", name="Place the bid").click()
    look("carrier/auction")
    page.get_by_role("button", name="This is my final price").click()
    look("carrier/result")
    assert not {part: found for part, found in faults.items() if found}
