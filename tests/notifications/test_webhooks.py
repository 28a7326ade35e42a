"""Webhooks between the marketplace and real receivers on this machine: signed, in order, until they arrive."""

import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from standardwebhooks.webhooks import Webhook

from marketplace import worker
from marketplace.app import create_app
from marketplace.kernel import pagination
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.config import Profile, Settings
from marketplace.kernel.db import Database
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.reactions import catch_up
from marketplace.wiring import Marketplace
from notifications import outward, store
from notifications.model import NewNotice
from notifications.row import Severity, Subject
from notifications.service import PLATFORM
from notifications.webhooks import addresses, rules, sending, service
from notifications.webhooks import store as webhook_store
from notifications.webhooks.sending import Courier
from tests.conftest import empty_market
from tests.factories import SignedIn, a_user
from tests.notifications.receivers import Answer, Received, Receiver, receiving

Json = dict[str, Any]
PUBLIC = "https://93.184.216.34/hook"
"""An address that needs no look-up; nothing is ever sent there."""

NOT_CALLED = (
    "https://127.0.0.1/",
    "https://localhost/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://10.1.2.3/",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "http://93.184.216.34/",
    "https://93.184.216.34:22/",
    "https://no-such-name.invalid/",
    "gopher://93.184.216.34/",
)


@dataclass
class Desk:
    """A marketplace that may send to this machine, and a signed-in admin of a provider."""

    market: Marketplace
    client: TestClient
    clock: StagedClock
    user: SignedIn
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def call(self, method: str, path: str, status: int, user: SignedIn | None = None, **more: Any) -> Any:
        answer = self.client.request(method, path, headers=(user or self.user).headers, **more)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def webhook(self, receiver: Receiver | str, user: SignedIn | None = None, **more: Any) -> Json:
        url = receiver if isinstance(receiver, str) else receiver.url
        made: Json = self.call("POST", "/webhooks", 201, user, json={"url": url} | more)
        webhook: Json = made["webhook"]
        return webhook | {"secret": made["secret"]}

    def tell(
        self, subject_id: str = "inv_1", event: str = "provider.invited", key: str = "", user: SignedIn | None = None
    ) -> None:
        """Write a notice as the follower of the journal does, and plan what leaves the house."""
        number = next(self.numbers)
        told = (user or self.user).principal
        organization_id = PLATFORM if told.kind is Kind.PLATFORM else told.organization_id
        notice = NewNotice(
            organization_id, event, Severity.INFO, Subject.INVITATION, subject_id, "Title", f"Text {number}."
        )
        with self.market.workshop.work() as work:
            key = key or f"key {number}"
            store.add(work, [notice], dedupe_key=key, position=number, at=work.now, renews=True)
            outward.plan(work, number)

    def send(self, *couriers: Courier) -> int:
        """Send what is due by now, as the worker's threads do; return how many messages were tried."""
        tried = 0
        while sent := sum(courier(self.market.workshop) for courier in couriers or COURIERS):
            tried += sent
        return tried

    def later(self, **passed: float) -> int:
        """Let time pass, and send what is due then."""
        self.clock.now += timedelta(**passed)
        return self.send()

    def log(self, webhook: Json, **query: Any) -> list[Json]:
        found: list[Json] = self.call(
            "GET", f"/webhooks/{webhook['id']}/deliveries", 200, params={"limit": 200} | query
        )["items"]
        return found

    def attempts(self, webhook: Json, delivery: Json) -> list[Json]:
        found: list[Json] = self.call("GET", f"/webhooks/{webhook['id']}/deliveries/{delivery['id']}", 200)["attempts"]
        return found

    def condition(self, webhook: Json) -> str:
        return str(self.call("GET", f"/webhooks/{webhook['id']}", 200)["condition"])

    def notices(self) -> list[Json]:
        worker.heartbeat(self.market)
        catch_up(self.market.workshop)
        found: list[Json] = self.call("GET", "/notices", 200)["items"]
        return found


COURIERS = (Courier(draw=lambda: 0.0), Courier(troubled=True, draw=lambda: 0.0))


@pytest.fixture
def desk(database: Database, settings: Settings, clock: StagedClock) -> Iterator[Desk]:
    market = empty_market(database, settings.model_copy(update={"webhook_loopback": True}), clock)
    with TestClient(create_app(market), raise_server_exceptions=False) as client:
        yield Desk(market, client, clock, a_user(market, Kind.PROVIDER))


# ---- endpoints


def test_an_admin_adds_a_webhook_and_sees_its_secret_once(desk: Desk) -> None:
    made = desk.webhook(PUBLIC, description="orders", events=["provider.invited", "award.won"])
    assert made["secret"].startswith("whsec_")
    assert made["events"] == ["award.won", "provider.invited"]
    assert made["condition"] == "active"
    shown = desk.call("GET", "/webhooks", 200), desk.call("GET", f"/webhooks/{made['id']}", 200)
    assert shown[0] == [shown[1]]
    assert "secret" not in shown[1]
    with desk.market.database.app.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM market.webhook_endpoints").all()
    assert made["secret"] not in str(rows)


def test_webhooks_are_an_organization_s_own_and_for_its_admins(desk: Desk) -> None:
    for kind in (Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM):
        _check_whose(desk, kind)


def _check_whose(desk: Desk, kind: Kind) -> None:
    admin = a_user(desk.market, kind)
    made = desk.webhook(PUBLIC, admin)
    path = f"/webhooks/{made['id']}"
    other = a_user(desk.market, Kind.PROVIDER)
    role = {Kind.BUYER: UserRole.REQUESTER, Kind.PROVIDER: UserRole.DESK, Kind.PLATFORM: UserRole.AGENT}[kind]
    colleague = a_user(desk.market, kind, role, OrganizationId(admin.principal.organization_id))
    for method, where in (
        ("GET", path),
        ("PUT", path),
        ("DELETE", path),
        ("POST", f"{path}/test"),
        ("POST", path + "/secret"),
    ):
        body = {"json": {"url": PUBLIC}} if method == "PUT" else {}
        desk.call(method, where, 404, other, **body)
        desk.call(method, where, 403, colleague, **body)
    assert desk.call("GET", "/webhooks", 200, other) == []
    assert [one["id"] for one in desk.call("GET", "/webhooks", 200, admin)] == [made["id"]]


def test_what_is_changed_is_changed_and_what_is_removed_is_gone(desk: Desk) -> None:
    made = desk.webhook(PUBLIC)
    path = f"/webhooks/{made['id']}"
    body = {"url": PUBLIC + "/2", "events": ["award.won"], "active": False, "description": "new"}
    changed = desk.call("PUT", path, 200, json=body)
    assert (changed["url"], changed["condition"], changed["events"]) == (PUBLIC + "/2", "paused", ["award.won"])
    desk.tell(event="award.won")
    assert desk.log(made) == []
    desk.call("PUT", path, 200, json=body | {"active": True})
    desk.tell(event="award.lost")
    desk.tell(event="award.won")
    assert [one["event"] for one in desk.log(made)] == ["award.won"]
    desk.call("DELETE", path, 204)
    desk.call("GET", path, 404)
    assert desk.call("GET", "/webhooks", 200) == []
    assert desk.send() == 0


def test_an_organization_has_ten_webhooks_at_most_and_types_are_known(desk: Desk) -> None:
    known = desk.call("GET", "/webhooks/event-types", 200)["events"]
    assert "provider.invited" in known
    assert "request.published" not in known, "that is told to buyers"
    wrong = desk.call("POST", "/webhooks", 422, json={"url": PUBLIC, "events": ["request.published"]})
    assert wrong["errors"][0]["pointer"] == "/events/0"
    for _ in range(rules.MOST_ENDPOINTS):
        desk.webhook(PUBLIC)
    assert desk.call("POST", "/webhooks", 409, json={"url": PUBLIC})["type"] == "/problems/too-many-webhooks"


def test_an_address_that_is_not_called_is_not_saved(desk: Desk) -> None:
    made = desk.webhook(PUBLIC)
    for url in NOT_CALLED:
        refused = desk.call("POST", "/webhooks", 422, json={"url": url})
        assert refused["errors"][0]["pointer"] == "/url", url
        desk.call("PUT", f"/webhooks/{made['id']}", 422, json={"url": url})


def test_this_machine_is_called_only_in_development_and_where_that_is_asked_for(
    database: Database, settings: Settings, clock: StagedClock
) -> None:
    market = empty_market(database, settings, clock)
    with TestClient(create_app(market)) as client:
        user = a_user(market, Kind.BUYER)
        for url in ("http://127.0.0.1:9/", "http://localhost:9/"):
            assert client.post("/webhooks", headers=user.headers, json={"url": url}).status_code == 422
    with pytest.raises(ValueError, match="MARKETPLACE_WEBHOOK_LOOPBACK"):
        Settings(_env_file=None, profile=Profile.STAGING, secret="x" * 40, webhook_loopback=True)


# ---- delivery


def test_a_notice_arrives_signed_and_as_the_list_shows_it(desk: Desk) -> None:
    desk.clock.now = datetime.now(UTC)
    with receiving() as receiver:
        made = desk.webhook(receiver)
        desk.tell()
        assert desk.send() == 1
    (message,) = receiver.received
    content = Webhook(made["secret"]).verify(message.body, dict(message.headers))
    (notice,) = desk.notices()
    assert content["data"] == notice
    assert (content["type"], content["timestamp"]) == ("provider.invited", notice["updated_at"])
    assert message.headers["ce-type"] == "provider.invited"
    assert message.headers["ce-id"] == message.id
    assert message.headers["ce-subject"] == "invitation/inv_1"
    assert message.headers["ce-source"] == desk.market.settings.address
    assert message.headers["content-type"] == "application/json"
    (delivery,) = desk.log(made)
    assert (delivery["state"], delivery["attempts"], delivery["last_status"]) == ("delivered", 1, 204)


def test_while_a_secret_is_changed_both_hold_and_then_the_new_one_alone(desk: Desk) -> None:
    with receiving() as receiver:
        desk.clock.now = datetime.now(UTC) - rules.ROTATION
        made = desk.webhook(receiver)
        renewed = desk.call("POST", f"/webhooks/{made['id']}/secret", 200)
        until = datetime.fromisoformat(renewed["webhook"]["previous_secret_until"])
        assert until - desk.clock.now == rules.ROTATION
        for _ in range(2):
            desk.tell()
            desk.send()
            desk.clock.now = until
    during, after = receiver.received
    assert len(during.headers["webhook-signature"].split()) == 2
    signed = {secret: _signed(secret, during) for secret in (made["secret"], renewed["secret"])}
    assert set(during.headers["webhook-signature"].split()) == set(signed.values())
    assert after.headers["webhook-signature"] == _signed(renewed["secret"], after)


def _signed(secret: str, message: Received) -> str:
    at = datetime.fromtimestamp(int(message.headers["webhook-timestamp"]), UTC)
    return Webhook(secret).sign(message.id, at, message.body.decode())


def test_a_receiver_that_fails_a_third_of_the_time_gets_everything_once_and_each_subject_in_order(desk: Desk) -> None:
    chance = random.Random(7)  # noqa: S311 - failures that come again

    def moody(_number: int, _message: Received) -> Answer:
        return Answer(204 if chance.random() < 2 / 3 else 503)

    with receiving(moody) as receiver, receiving() as calm:
        made = desk.webhook(receiver)
        desk.webhook(calm)
        for number in range(60):
            desk.tell(subject_id=f"inv_{number % 7}")
        desk.send()
        waited = 0
        while desk.log(made, state="pending"):
            desk.later(minutes=31)
            waited += 1
            assert waited < 100
    for one in (receiver, calm):
        assert sorted(message.id for message in one.taken) == sorted({message.id for message in one.taken})
        assert len(one.taken) == 60
        for subject in range(7):
            texts = [
                m.content["data"]["text"] for m in one.taken if m.headers["ce-subject"] == f"invitation/inv_{subject}"
            ]
            assert texts == sorted(texts, key=lambda text: int(text[5:-1]))
    assert len(calm.received) == 60
    assert len(receiver.received) > 60
    assert len({message.id for message in receiver.received}) == 60


def test_a_message_that_fails_holds_up_its_subject_and_no_other(desk: Desk) -> None:
    def bad_subject(_number: int, message: Received) -> Answer:
        return Answer(500 if message.headers["ce-subject"].endswith("bad") else 204)

    with receiving(bad_subject) as receiver:
        made = desk.webhook(receiver)
        for subject in ("bad", "good", "bad", "good", "bad"):
            desk.tell(subject_id=subject)
        desk.send()
        assert receiver.told() == ["invitation/good", "invitation/good"]
        assert len(receiver.received) == 3, "only the first of the bad ones was tried"
        receiver.answer = lambda _number, _message: Answer()
        desk.later(seconds=5)
        assert receiver.told()[2:] == ["invitation/bad"] * 3
        assert all(one["state"] == "delivered" for one in desk.log(made))


def test_a_receiver_that_is_down_for_a_day_gets_all_of_it_when_it_is_back(desk: Desk) -> None:
    with receiving() as receiver:
        made = desk.webhook(receiver)
        port = int(receiver.url.rsplit(":", 1)[1].split("/")[0])
    for number in range(24):
        desk.tell(subject_id=f"inv_{number % 5}")
        desk.later(hours=1)
    (oldest, *_) = reversed(desk.log(made))
    assert oldest["last_error"] == "no connection"
    assert 5 <= oldest["attempts"] <= 8
    with receiving(port=port) as receiver:
        tried = 0
        while desk.log(made, state="pending"):
            desk.later(hours=1)
            tried += 1
            assert tried <= 16, "the longest pause after a day is fourteen hours"
    assert len(receiver.taken) == 24
    for subject in range(5):
        texts = [
            m.content["data"]["text"] for m in receiver.taken if m.headers["ce-subject"] == f"invitation/inv_{subject}"
        ]
        assert texts == sorted(texts, key=lambda text: int(text[5:-1]))
    assert desk.condition(made) == "active"


def test_what_has_failed_for_five_days_is_disabled_with_a_notice_and_starts_again_when_told(desk: Desk) -> None:
    with receiving(lambda _number, _message: Answer(500, body=b"we are <broken>\n")) as receiver:
        made = desk.webhook(receiver)
        desk.tell()
        while desk.condition(made) == "active":
            desk.later(hours=12)
            desk.tell(subject_id="inv_2")
        shown = desk.call("GET", f"/webhooks/{made['id']}", 200)
        since = datetime.fromisoformat(shown["failing_since"])
        assert timedelta(days=5) <= desk.clock.now - since <= timedelta(days=6)
        assert (shown["condition"], shown["disabled_because"]) == ("disabled", "failing")
        told = desk.notices()[0]
        assert (told["event"], told["subject"], told["subject_id"]) == ("webhook.disabled", "webhook", made["id"])
        before = len(receiver.received)
        desk.tell(subject_id="inv_3")
        desk.later(days=1)
        assert len(receiver.received) == before
        receiver.answer = lambda _number, _message: Answer()
        desk.call("PUT", f"/webhooks/{made['id']}", 200, json={"url": receiver.url})
        desk.send()
    assert receiver.taken, "what waited goes on"
    assert desk.log(made, state="pending") == []


def test_gone_disables_at_once_and_is_told(desk: Desk) -> None:
    buyer = a_user(desk.market, Kind.BUYER)
    with receiving(lambda _number, _message: Answer(410)) as receiver:
        made = desk.webhook(receiver, buyer)
        desk.tell(user=buyer)
        desk.tell(user=buyer)
        desk.send()
        desk.later(days=1)
    assert len(receiver.received) == 1
    shown = desk.call("GET", f"/webhooks/{made['id']}", 200, buyer)
    assert (shown["condition"], shown["disabled_because"]) == ("disabled", "gone")
    desk.notices()
    assert desk.call("GET", "/notices", 200, buyer)["items"][0]["event"] == "webhook.disabled"


def test_retry_after_is_waited_for(desk: Desk) -> None:
    with receiving(lambda number, _message: Answer(204 if number else 429, {"Retry-After": "600"})) as receiver:
        desk.webhook(receiver)
        desk.tell()
        desk.send()
        desk.later(seconds=590)
        assert len(receiver.received) == 1
        desk.later(seconds=10)
    assert len(receiver.taken) == 1


def test_who_asks_for_time_gets_it_from_all_its_messages_and_nobody_else_waits(desk: Desk) -> None:
    def one_refused(number: int, _message: Received) -> Answer:
        return Answer(204 if number else 503, {} if number else {"Retry-After": "600"})

    with receiving(one_refused) as tired, receiving() as other:
        made = desk.webhook(tired)
        desk.webhook(other)
        desk.tell()
        desk.send()
        resting = desk.call("GET", f"/webhooks/{made['id']}", 200)
        assert datetime.fromisoformat(resting["rests_until"]) - desk.clock.now == timedelta(seconds=600)
        desk.tell("inv_2")
        desk.later(seconds=300)
        assert (len(tired.received), len(other.taken)) == (1, 2)
        desk.later(seconds=301)
        assert (len(tired.taken), len(other.taken)) == (2, 2)


def test_an_endpoint_with_very_many_messages_hides_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_store, "_SEEN_EACH", 1)
    monkeypatch.setattr(sending, "_TOGETHER", 4)
    monkeypatch.setattr(sending, "_EACH", 1)
    with receiving() as busy, receiving() as other:
        desk.webhook(busy)
        for number in range(8):
            desk.tell(f"inv_{number}")
        desk.clock.now += timedelta(seconds=1)
        desk.webhook(other)
        desk.tell("inv_8")
        taken = sending.Courier().take(desk.market.workshop)
        assert {message.url for message in taken} == {busy.url, other.url}


def test_a_redirect_is_a_failure_and_nobody_follows_it(desk: Desk) -> None:
    with receiving() as secret, receiving(lambda *_: Answer(302, {"Location": secret.url})) as receiver:
        made = desk.webhook(receiver)
        desk.tell()
        desk.send()
        assert secret.received == []
    (delivery,) = desk.log(made)
    assert (delivery["state"], delivery["last_status"]) == ("pending", 302)


def test_a_slow_receiver_is_left_and_delays_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.3)
    hold = threading.Event()
    with receiving(lambda *_: Answer(hold=hold)) as slow, receiving() as quick:
        stuck = desk.webhook(slow)
        desk.webhook(quick)
        for number in range(3):
            desk.tell(subject_id=f"inv_{number}")
        desk.send()
        assert len(quick.taken) == 3
        hold.set()
        (first, *_) = desk.log(stuck)
        assert first["last_status"] is None
        assert first["last_error"].startswith("no complete answer within")
        desk.tell()
        assert desk.send(COURIERS[0]) == 1, "who fails is served apart from who does well"
    assert len(quick.taken) == 4


def test_of_a_large_answer_only_the_beginning_is_read_and_kept(desk: Desk) -> None:
    with receiving(lambda *_: Answer(200, body="ä\x00".encode() * 5_000_000)) as receiver:
        made = desk.webhook(receiver)
        desk.tell()
        desk.send()
    (delivery,) = desk.log(made)
    (attempt,) = desk.attempts(made, delivery)
    assert (delivery["state"], attempt["status"]) == ("delivered", 200)
    assert attempt["answer"] == "ä " * 250


def test_a_process_killed_between_sending_and_recording_sends_again_under_the_same_id(desk: Desk) -> None:
    with receiving() as receiver:
        made = desk.webhook(receiver)
        desk.tell(key="bids")
        killed = COURIERS[0]
        killed.send(desk.market.workshop, killed.take(desk.market.workshop))
        assert len(receiver.received) == 1
        desk.tell(key="bids")  # the same notice has news meanwhile: another message, behind the one that is taken
        assert desk.send() == 0, "the lease holds"
        desk.later(seconds=rules.LEASE.total_seconds())
    first, again, news = receiver.received
    assert (first.id, first.body) == (again.id, again.body)
    assert news.id != first.id
    assert [m.content["data"]["count"] for m in (first, again, news)] == [1, 1, 2]
    assert [one["attempts"] for one in desk.log(made)] == [1, 1]


def test_what_changes_before_it_is_sent_is_sent_once_in_its_newest_state_and_at_its_newest_place(desk: Desk) -> None:
    with receiving() as receiver:
        desk.webhook(receiver)
        for key in ("bids", "other", "bids", "bids"):
            desk.tell(key=key)
        desk.send()
    assert [m.content["data"]["count"] for m in receiver.taken] == [1, 3]


def test_two_senders_at_once_send_each_message_once(desk: Desk) -> None:
    with receiving() as receiver:
        desk.webhook(receiver)
        for number in range(40):
            desk.tell(subject_id=f"inv_{number % 10}")
        threads = [threading.Thread(target=desk.send) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        desk.send()
    assert len(receiver.received) == 40
    for subject in range(10):
        texts = [
            m.content["data"]["text"] for m in receiver.taken if m.headers["ce-subject"] == f"invitation/inv_{subject}"
        ]
        assert texts == sorted(texts, key=lambda text: int(text[5:-1]))


def test_an_organization_s_messages_go_to_its_own_webhooks_alone(desk: Desk) -> None:
    with receiving() as own, receiving() as other:
        desk.webhook(own)
        desk.webhook(other, a_user(desk.market, Kind.PROVIDER))
        desk.tell()
        desk.send()
    assert (len(own.received), len(other.received)) == (1, 0)


# ---- names


class Changeable:
    """A resolver that answers otherwise each time."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = iter(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, _port: int) -> Sequence[str]:
        self.asked.append(host)
        return next(self.answers)


def test_a_name_that_leads_elsewhere_the_second_time_is_refused(desk: Desk) -> None:
    with receiving() as inside:
        port = inside.url.rsplit(":", 1)[1]
        made = desk.webhook(PUBLIC)
        with desk.market.database.app.begin() as connection:  # saved when its name led to a public address
            connection.exec_driver_sql(
                "UPDATE market.webhook_endpoints SET url = %s", (f"https://rebind.example:{port}",)
            )
        for address in ("127.0.0.1", "10.0.0.1", "::ffff:127.0.0.1"):
            resolve = Changeable((address,))
            desk.tell(subject_id=address)
            desk.send(Courier(resolve=resolve), Courier(troubled=True, resolve=resolve))
            assert resolve.asked == ["rebind.example"], "looked up once an attempt: what was checked is what is called"
        assert inside.received == []
    assert {one["last_error"] for one in desk.log(made)} == {addresses.NOT_PUBLIC}


def test_the_address_that_was_looked_up_is_the_one_that_is_called_under_its_name(desk: Desk) -> None:
    with receiving() as receiver:
        made = desk.webhook(receiver)
        port = receiver.url.rsplit(":", 1)[1]
        with desk.market.database.app.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE market.webhook_endpoints SET url = %s", (f"http://hooks.example:{port}",)
            )
        desk.tell()
        desk.send(Courier(resolve=Changeable(("127.0.0.1",))))
    (message,) = receiver.received
    assert message.headers["host"] == f"hooks.example:{port.split('/')[0]}"
    assert desk.log(made)[0]["state"] == "delivered"


def test_proxies_of_the_environment_are_not_used(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert httpx.Client()._mounts, "the library would use them"
        desk.webhook(receiver)
        desk.tell()
        desk.send()
    assert (len(receiver.received), len(proxy.received)) == (1, 0)


# ---- log, tests, redelivery


def test_the_log_shows_every_attempt_and_what_was_answered(desk: Desk) -> None:
    with receiving(
        lambda number, _message: Answer(204 if number else 500, body=b"" if number else b"no <b>")
    ) as receiver:
        made = desk.webhook(receiver)
        desk.tell()
        desk.send()
        desk.later(seconds=5)
    (delivery,) = desk.log(made)
    failed, done = desk.attempts(made, delivery)
    assert (failed["number"], failed["status"], failed["answer"], failed["error"]) == (1, 500, "no <b>", "")
    assert (done["number"], done["status"]) == (2, 204)
    assert failed["duration_ms"] >= 0
    desk.call("GET", f"/webhooks/{made['id']}/deliveries/{delivery['id']}", 404, a_user(desk.market, Kind.PROVIDER))


def test_the_log_is_read_page_by_page(desk: Desk) -> None:
    made = desk.webhook(PUBLIC)
    for number in range(5):
        desk.tell(subject_id=f"inv_{number}")
    path, seen, after = f"/webhooks/{made['id']}/deliveries", [], None
    while True:
        page = desk.call("GET", path, 200, params={"limit": 2} | ({"after": after} if after else {}))
        seen += [one["subject"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [f"invitation/inv_{number}" for number in reversed(range(5))]
    for foreign in ("x", pagination.encode(("2026-11-02T12:00:00+00:00", "x msg_1"))):
        desk.call("GET", path, 422, params={"after": foreign})
    assert desk.call("GET", path, 200, params={"state": "delivered"})["items"] == []


def test_a_test_message_arrives_also_where_nothing_else_is_sent_and_one_at_a_time(desk: Desk) -> None:
    desk.clock.now = datetime.now(UTC)
    with receiving() as receiver:
        made = desk.webhook(receiver, active=False)
        path = f"/webhooks/{made['id']}/test"
        sent = desk.call("POST", path, 202)
        assert desk.call("POST", path, 409)["type"] == "/problems/webhook-test-waits"
        desk.send()
        desk.call("POST", path, 202)
    (message,) = receiver.received
    assert message.id == sent["id"]
    content = Webhook(made["secret"]).verify(message.body, dict(message.headers))
    assert (content["type"], content["data"]["subject_id"]) == ("webhook.test", made["id"])


def test_a_message_is_sent_again_on_demand_under_its_id(desk: Desk) -> None:
    with receiving() as receiver:
        made = desk.webhook(receiver)
        desk.tell()
        desk.send()
        (delivery,) = desk.log(made)
        path = f"/webhooks/{made['id']}/deliveries/{delivery['id']}/redelivery"
        assert desk.call("POST", path, 202)["state"] == "pending"
        desk.send()
        first, again = receiver.received
        assert (first.id, first.body) == (again.id, again.body)
        desk.call("PUT", f"/webhooks/{made['id']}", 200, json={"url": receiver.url, "active": False})
        assert desk.call("POST", path, 409)["type"] == "/problems/webhook-not-active"
    assert desk.log(made)[0]["attempts"] == 2


def test_what_was_delivered_long_ago_is_forgotten(desk: Desk) -> None:
    with receiving() as receiver:
        made = desk.webhook(receiver)
        desk.tell()
        desk.send()
    desk.tell()
    desk.clock.now += rules.KEPT + timedelta(seconds=1)
    worker.housekeeping(desk.market)
    assert [one["state"] for one in desk.log(made)] == ["pending"]


def test_the_back_office_sees_how_the_channel_does_and_has_a_message_sent_again(desk: Desk) -> None:
    with receiving(lambda number, _message: Answer(204 if number else 500)) as receiver:
        made = desk.webhook(receiver)
        desk.tell()
        desk.send()
        with desk.market.workshop.reading() as reading:
            health = service.health(reading)
        (trouble,) = health.troubles
        assert (trouble.reader, trouble.status, trouble.reason) == (made["id"], "pending", "answered 500")
        assert receiver.url not in repr(health)
        assert dict(health.counts) == {"pending": 1}
        with desk.market.workshop.work() as work:
            service.resend(work, trouble.id)
        desk.send()
    with desk.market.workshop.reading() as reading:
        health = service.health(reading)
    assert (dict(health.counts), health.oldest_waiting, health.troubles) == ({"delivered": 1}, None, [])
    desk.call("DELETE", f"/webhooks/{made['id']}", 204)
    with desk.market.workshop.work() as work, pytest.raises(rules.NotDeliverableError):
        service.resend(work, trouble.id)
    with desk.market.workshop.work() as work, pytest.raises(NotFoundError):
        service.resend(work, "msg_none")
