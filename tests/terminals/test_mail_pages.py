"""Pages of mail in a browser: how one is told, and the mailbox of a development installation."""

import re

from playwright.sync_api import Page, expect

from tests.terminals.conftest import ADMIN, CARRIER, Open, faults_everywhere, is_too_wide


def test_choices_are_kept_without_scripts_and_the_page_is_for_everybody(open_page: Open) -> None:
    page = open_page("/account/notices/preferences", CARRIER, scripts=False)
    page.get_by_label("While an auction runs").select_option("daily")
    page.get_by_label("Keep quiet hours").check()
    page.get_by_label("Quiet from").fill("20:15")
    page.get_by_role("button", name="Keep this").click()
    expect(page.get_by_text("Kept. It holds from now on.")).to_be_visible()
    expect(page.get_by_label("While an auction runs")).to_have_value("daily")
    expect(page.get_by_label("Quiet from")).to_have_value("20:15")
    shown = open_page("/account/notices/preferences?desk=true", CARRIER)
    expect(shown.get_by_role("heading", name="How you are told")).to_be_visible()
    assert not faults_everywhere(shown)


def _linked(mail: Page, part: str) -> str:
    """Return where a link in the text of a mail leads."""
    found = re.search(rf"http://[^/]+(/{part}/[\w-]+)", mail.locator("pre").inner_text())
    assert found
    return found.group(1)


def test_the_platform_looks_into_the_mailbox_and_at_deliveries(open_page: Open) -> None:
    page = open_page("/account/notices/preferences?desk=true", CARRIER)
    page.get_by_label("Address").fill("bids@merrowfiber.example")
    page.get_by_role("button", name="Set and mail the link").click()
    expect(page.get_by_text("waits for its confirmation")).to_be_visible()
    office = open_page("/o/deliveries", ADMIN)
    expect(office.get_by_role("heading", name="Deliveries", level=1)).to_be_visible()
    office.get_by_role("link", name="Mailbox").click()
    told = office.locator("tbody").get_by_role("link").filter(has_not_text="Confirm")
    confirm = office.get_by_role("row").filter(has_text="bids@merrowfiber.example").get_by_role("link")
    for _ in range(60):  # the worker sends when it gets to it
        if confirm.count() and told.count():
            break
        office.wait_for_timeout(500)
        office.reload()
    told.first.click()
    paths = [_linked(office, part) for part in ("n", "unsubscribe")]
    office.go_back()
    confirm.click()
    expect(office.get_by_text("Auto-Submitted")).to_be_visible()
    paths.append(_linked(office, "confirm-address"))
    mail = open_page(office.get_by_role("link", name="As HTML").get_attribute("href"), ADMIN)
    expect(mail.get_by_role("heading", name="Confirm this address")).to_be_visible()
    for path in paths:
        assert not faults_everywhere(open_page(path)), path
    linked = open_page(paths[-1], width=390, scripts=False)
    assert not is_too_wide(linked)
    linked.get_by_role("button", name="Yes, send them here").click()
    expect(linked.get_by_role("heading", name="Thank you")).to_be_visible()
