"""Pages of mail in a browser: how one is told, and the mailbox of a development installation."""

import re

from playwright.sync_api import expect

from tests.terminals.conftest import ADMIN, CARRIER, Open, faults_of, is_too_wide


def test_choices_are_kept_without_scripts_and_the_page_is_for_everybody(open_page: Open) -> None:
    page = open_page("/account/notices/preferences", CARRIER, scripts=False)
    page.get_by_label("While an auction runs").select_option("daily")
    page.get_by_label("Keep quiet hours").check()
    page.get_by_label("Quiet from").fill("20:15")
    page.get_by_role("button", name="Keep this").click()
    expect(page.get_by_text("Kept. It holds from now on.")).to_be_visible()
    expect(page.get_by_label("While an auction runs")).to_have_value("daily")
    expect(page.get_by_label("Quiet from")).to_have_value("20:15")
    narrow = open_page("/account/notices/preferences?desk=true", CARRIER, width=390, theme="dark")
    expect(narrow.get_by_role("heading", name="How you are told")).to_be_visible()
    assert not is_too_wide(narrow)
    assert not faults_of(narrow)
    wide = open_page("/account/notices/preferences", CARRIER)
    assert not faults_of(wide)


def test_the_platform_looks_into_the_mailbox_and_at_deliveries(open_page: Open) -> None:
    page = open_page("/account/notices/preferences?desk=true", CARRIER)
    page.get_by_label("Address").fill("bids@merrowfiber.example")
    page.get_by_role("button", name="Set and mail the link").click()
    expect(page.get_by_text("waits for its confirmation")).to_be_visible()
    office = open_page("/o/deliveries", ADMIN)
    expect(office.get_by_role("heading", name="Deliveries", level=1)).to_be_visible()
    assert not faults_of(office)
    office.get_by_role("link", name="Mailbox").click()
    confirm = office.get_by_role("row").filter(has_text="bids@merrowfiber.example").get_by_role("link")
    for _ in range(60):  # the worker sends when it gets to it
        if confirm.count():
            break
        office.wait_for_timeout(500)
        office.reload()
    assert not faults_of(office)
    confirm.click()
    expect(office.get_by_text("Auto-Submitted")).to_be_visible()
    assert not faults_of(office)
    text = office.locator("pre").inner_text()
    found = re.search(r"http://[^/]+(/confirm-address/\S+)", text)
    assert found
    mail = open_page(office.get_by_role("link", name="As HTML").get_attribute("href"), ADMIN)
    expect(mail.get_by_role("heading", name="Confirm this address")).to_be_visible()
    linked = open_page(found.group(1), scripts=False)
    assert not is_too_wide(linked)
    linked.get_by_role("button", name="Yes, send them here").click()
    expect(linked.get_by_role("heading", name="Thank you")).to_be_visible()
