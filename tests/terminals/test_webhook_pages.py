"""Webhooks by page: added, tried out, looked into, sent again, and taken away."""

from playwright.sync_api import expect

from tests.notifications.receivers import Answer, receiving
from tests.terminals.conftest import CARRIER, Open, faults_everywhere


def test_an_admin_adds_a_webhook_tries_it_and_looks_into_its_log(open_page: Open) -> None:
    with receiving(lambda *_: Answer(200, body=b"thank you")) as receiver:
        page = open_page("/account/webhooks", CARRIER)
        page.get_by_label("Address of your system").fill("https://127.0.0.1/hook")
        page.get_by_role("button", name="Add the webhook").click()
        expect(page.get_by_text("no public address").first).to_be_visible()
        page.get_by_label("Address of your system").fill(receiver.url)
        page.get_by_label("What it is").fill("order system")
        page.get_by_role("button", name="Add the webhook").click()
        secret = page.get_by_text("whsec_").first
        expect(secret).to_be_visible()
        shown = secret.inner_text().split()[0]
        page.goto("/account/webhooks")
        assert shown not in page.content()
        page.get_by_role("link", name=receiver.url).click()
        expect(page.get_by_text("No messages yet")).to_be_visible()
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_text("webhook.test")).to_be_visible()
        log = page.url
        while not page.get_by_text("delivered", exact=True).count():
            page.goto(log)
        assert not faults_everywhere(page)
        page.get_by_role("table", name="Messages").get_by_role("link").first.click()
        expect(page.get_by_text("thank you")).to_be_visible()
        assert not faults_everywhere(page)
        page.get_by_role("button", name="Send it again").click()
        expect(page.get_by_text("The message goes out again.")).to_be_visible()
        message = page.url
        while len(receiver.received) < 2:
            page.goto(message)
        assert receiver.received[0].id == receiver.received[1].id
        expect(page.get_by_text(receiver.received[0].id).first).to_be_visible()
        page.goto(log)
        page.get_by_role("button", name="Remove the webhook").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove the webhook").click()
        expect(page.get_by_text("No webhooks yet")).to_be_visible()
