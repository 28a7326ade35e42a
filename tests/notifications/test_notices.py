import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from buyers.registry import service as registry
from buyers.registry import verification
from buyers.registry.model import Contact, Decision, Demographics, NumberKind
from marketplace.bidding.events import LotEvent, LotOpened
from marketplace.kernel import journal
from marketplace.kernel.access import NOBODY, Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.ids import LotId, OrganizationId, RequestId
from marketplace.wiring import Marketplace
from notifications import service, table
from notifications.row import AFTER_THE_OPENING
from tests.factories import SignedIn, a_user

RunWorker = Callable[[], None]
Json = dict[str, Any]
EINS = {"Northwind Orchards": "91-1144442", "Zephyr Haulage": "20-1234567"}


@dataclass(frozen=True, slots=True)
class Street:
    """A marketplace with an admin and two approved providers that want everything."""

    market: Marketplace
    client: TestClient
    clock: StagedClock
    run_worker: RunWorker
    admin: SignedIn
    desks: list[SignedIn] = field(default_factory=list)
    terms: list[str] = field(default_factory=list)

    def call(self, method: str, path: str, user: SignedIn, status: int, **more: Any) -> Json:
        answer = self.client.request(method, path, headers=user.headers, **more)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        body: Json = answer.json() if answer.content else {}
        return body

    def notices(self, user: SignedIn, **query: Any) -> list[Json]:
        self.run_worker()
        found: list[Json] = self.call("GET", "/notices", user, 200, params={"limit": 200} | query)["items"]
        return found

    def told(self, user: SignedIn) -> list[str]:
        return [notice["event"] for notice in self.notices(user)]

    def invitation(self, desk: SignedIn) -> Json:
        found: Json = self.call("GET", "/invitations", desk, 200)["items"][0]
        return found


@pytest.fixture
def street(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: RunWorker) -> Street:
    street = Street(market, client, clock, run_worker, a_user(market, Kind.PLATFORM))
    for name in ("Blue Fiber", "Red Telecom"):
        body = {"name": name, "contact_name": "Sam Desk", "contact_email": f"desk@{name.split()[0].lower()}.example"}
        answer = client.post("/providers", json=body)
        assert answer.status_code == 201, answer.text
        provider_id = answer.json()["provider"]["id"]
        street.call("POST", f"/providers/{provider_id}/approve", street.admin, 200, json={"reason": "known to us"})
        desk = a_user(market, Kind.PROVIDER, UserRole.ADMIN, OrganizationId(provider_id))
        street.call("POST", "/filters", desk, 201, json={"name": "all", "criteria": {"service_types": ["data"]}})
        terms = street.call("POST", "/terms", desk, 201, json={"title": "MSA", "text": "Be kind."})
        street.desks.append(desk)
        street.terms.append(terms["id"])
    return street


def a_buyer(street: Street, name: str) -> SignedIn:
    contact = Contact("Ada Berg", f"ada@{name.split(maxsplit=1)[0].lower()}.example", "+1 206 555 0142")
    with street.market.workshop.work(NOBODY) as work:
        buyer_id = registry.register_buyer(work, name, contact, Demographics("G", 120, 3, "US", "WA")).buyer.id
    buyer = a_user(street.market, Kind.BUYER, UserRole.ADMIN, buyer_id)
    with street.market.workshop.work(buyer.principal) as work:
        verification.add_numbers(work, {NumberKind.EIN: EINS[name]})
        verification.submit(work)
    return buyer


def verify(street: Street, buyer: SignedIn) -> None:
    buyer_id = buyer.principal.organization_id
    with street.market.workshop.work(street.admin.principal) as work:
        revision = verification.read_case(work, buyer_id).buyer.revision
    with street.market.workshop.work(street.admin.principal) as work:
        verification.decide(work, buyer_id, Decision.VERIFY, "the evidence is sound", f'"{revision}"')


def revoke(street: Street, buyer: SignedIn) -> None:
    buyer_id = buyer.principal.organization_id
    with street.market.workshop.work(street.admin.principal) as work:
        revision = verification.read_case(work, buyer_id).buyer.revision
    with street.market.workshop.work(street.admin.principal) as work:
        verification.decide(work, buyer_id, Decision.REVOKE, "the register says otherwise", f'"{revision}"')


def a_request(street: Street, buyer: SignedIn, auction: Json | None = None) -> str:
    site = {"label": "HQ", "street": "1 Pine St", "city": "Seattle", "state": "WA", "postal_code": "98101"}
    site_id = street.call("POST", "/sites", buyer, 201, json=site | {"country": "US"})["id"]
    feature = {"code": "bandwidth_mbps", "value": 500, "priority": "must"}
    body = {
        "title": "Internet for the head office",
        "sites": [{"ref": "S1", "site_id": site_id}],
        "lines": [{"ref": "L1", "service_type": "data.dedicated-internet-access", "site": "S1", "features": [feature]}],
        "schedule": {"closes_at": (street.clock.now + timedelta(days=2)).isoformat()},
    }
    if auction is not None:
        body["auction"] = auction
    request_id: str = street.call("POST", "/requests", buyer, 201, json=body)["id"]
    street.call("POST", f"/requests/{request_id}/submit", buyer, 200, json={})
    return request_id


def bid(street: Street, number: int, price: str) -> None:
    desk = street.desks[number]
    body = {
        "request_version": 1,
        "terms_id": street.terms[number],
        "term_months": 36,
        "lots": [{"lot": "T1", "lines": [{"line": "L1", "mrc": price, "nrc": "100"}]}],
    }
    street.call("POST", f"/invitations/{street.invitation(desk)['id']}/bids", desk, 201, json=body)


def award(street: Street, buyer: SignedIn, request_id: str) -> None:
    lots = street.call("GET", f"/requests/{request_id}/comparison", buyer, 200)["lots"]
    chosen = {"awarded": [{"lot": lot["lot"], "bid_id": lot["offers"][0]["bid_id"]} for lot in lots]}
    street.call("POST", f"/requests/{request_id}/award", buyer, 201, json=chosen)


def a_deal(street: Street, name: str) -> SignedIn:
    """A sealed request of the buyer ``name`` from the draft to the contract; the first provider wins."""
    buyer = a_buyer(street, name)
    request_id = a_request(street, buyer)
    street.run_worker()
    verify(street, buyer)
    street.run_worker()
    bid(street, 0, "400")
    bid(street, 1, "500")
    street.clock.now += timedelta(days=3)
    street.run_worker()
    award(street, buyer, request_id)
    street.call("GET", f"/invitations/{street.invitation(street.desks[0])['id']}/buyer", street.desks[0], 200)
    contract = street.client.get(f"/requests/{request_id}/contracts", headers=buyer.headers).json()[0]
    confirmation = f"/invitations/{street.invitation(street.desks[0])['id']}/award/confirmation"
    (asked,) = street.client.get(confirmation, headers=street.desks[0].headers).json()
    street.call("POST", confirmation, street.desks[0], 200, json={"award_id": asked["award_id"]})
    accepted = {"sha256": contract["terms"]["sha256"], "accepted_terms": True}
    street.call("POST", f"/contracts/{contract['id']}/acceptance", buyer, 200, json=accepted)
    return buyer


def test_each_step_of_a_deal_tells_those_concerned(street: Street) -> None:
    buyer = a_deal(street, "Northwind Orchards")
    winner, loser = street.desks
    assert street.told(winner)[::-1] == [
        "provider.approved",
        "provider.invited",
        "auction.opened",
        "auction.closed",
        "award.won",
        "terms.accepted",
        "contract.made",
    ]
    assert street.told(loser)[::-1] == [
        "provider.approved",
        "provider.invited",
        "auction.opened",
        "auction.closed",
        "award.lost",
    ]
    assert street.told(buyer)[::-1] == [
        "buyer.registered",
        "request.submitted",
        "identity.read",
        "buyer.verified",
        "request.published",
        "request.distributed",
        "auction.opened",
        "auction.closed",
        "auction.bids_opened",
        "award.made",
        "identity.disclosed",
        "terms.presented",
        "disclosure.read",
        "award.confirmed",
        "contract.made",
    ]
    assert sorted(street.told(street.admin)) == [
        "buyer.verification_requested",
        "provider.registered",
        "provider.registered",
    ]


def test_the_buyer_reads_its_own_words_and_names_only_after_the_opening(street: Street) -> None:
    buyer = a_deal(street, "Northwind Orchards")
    texts = {notice["event"]: notice["text"] for notice in street.notices(buyer)}
    assert texts["request.distributed"] == "Providers that have received “Internet for the head office”: 2."
    assert texts["award.made"] == "Awarded in “Internet for the head office”: T1."
    assert texts["disclosure.read"] == "Blue Fiber read who you are."
    early = [text for event, text in texts.items() if event not in AFTER_THE_OPENING]
    assert not any(name in text for name in ("Blue Fiber", "Red Telecom") for text in early)


def test_what_providers_are_told_is_the_same_whoever_the_buyer_is(street: Street) -> None:
    def observed(before: list[int]) -> list[str]:
        """Return what each desk was told since, with the pseudonym, the ids and the day taken out."""
        seen = []
        for desk, known in zip(street.desks, before, strict=True):
            fresh = street.notices(desk)
            for notice in fresh[: len(fresh) - known]:
                when = [str(notice[name])[11:] for name in ("created_at", "updated_at")]
                words = " ".join("…" if "-" in word and word[0].isalpha() else word for word in notice["text"].split())
                opaque = {"id", "subject_id", "created_at", "updated_at", "text"}
                seen.append(json.dumps([words, when, {key: notice[key] for key in notice if key not in opaque}]))
                assert not any(name in json.dumps(notice) for buyer in EINS for name in buyer.split())
        return seen

    known = [len(street.notices(desk)) for desk in street.desks]
    a_deal(street, "Northwind Orchards")
    one = observed(known)
    street.clock.now += timedelta(days=4)
    known = [len(street.notices(desk)) for desk in street.desks]
    a_deal(street, "Zephyr Haulage")
    other = observed(known)
    assert len(one) == 10
    assert one == other


def test_sealed_bids_tell_the_buyer_nothing_and_open_ones_renew_one_notice(street: Street) -> None:
    buyer = a_buyer(street, "Northwind Orchards")
    verify(street, buyer)
    a_request(street, buyer)
    street.run_worker()
    bid(street, 0, "400")
    assert "bid.placed" not in street.told(buyer)

    a_request_in_steps = {"format": "english", "decrement": "1"}
    street.clock.now += timedelta(days=3)
    site = street.call("GET", "/sites", buyer, 200)["items"][0]
    assert site["label"] == "HQ"
    street.call("DELETE", f"/sites/{site['id']}", buyer, 204)
    a_request(street, buyer, a_request_in_steps)
    street.run_worker()
    bid(street, 0, "400")
    (first,) = [notice for notice in street.notices(buyer) if notice["event"] == "bid.placed"]
    street.call("POST", f"/notices/{first['id']}/read", buyer, 204)
    assert first["id"] not in {notice["id"] for notice in street.notices(buyer, unread=True)}
    bid(street, 1, "390")
    (second,) = [notice for notice in street.notices(buyer) if notice["event"] == "bid.placed"]
    assert (first["count"], second["count"]) == (1, 2)
    assert (second["id"], second["read"]) == (first["id"], False), "news is unread again"
    assert street.notices(buyer)[0] == second, "and on top again"
    assert "bid.placed" not in street.told(street.desks[0]) + street.told(street.desks[1])


def test_three_hundred_lots_that_open_are_one_notice(street: Street) -> None:
    buyer = a_buyer(street, "Northwind Orchards")
    verify(street, buyer)
    request_id = RequestId(a_request(street, buyer))
    with street.market.workshop.work() as work:
        for number in range(300):
            work.append(LotEvent(request_id, LotId(f"lot_{number}"), LotOpened(work.now)))
    for user in (buyer, *street.desks):
        (opened,) = [notice for notice in street.notices(user) if notice["event"] == "auction.opened"]
        assert opened["count"] == 1


def test_an_event_that_is_handled_again_tells_nothing_twice(street: Street) -> None:
    buyer = a_deal(street, "Northwind Orchards")
    users = (buyer, *street.desks, street.admin)
    before = [street.notices(user) for user in users]
    assert all(before)
    with street.market.workshop.work() as work:
        for recorded in journal.between(work.session, 0, 10_000, table.EVENTS, 10_000):
            service.tell(work, recorded)
    assert [street.notices(user) for user in users] == before


def test_declining_tells_the_buyer_how_many_and_not_who(street: Street) -> None:
    buyer = a_buyer(street, "Northwind Orchards")
    verify(street, buyer)
    a_request(street, buyer)
    street.run_worker()
    for desk in street.desks:
        invitation_id = street.invitation(desk)["id"]
        street.call("POST", f"/invitations/{invitation_id}/decline", desk, 200, json={"reason": "capacity"})
    (declined,) = [notice for notice in street.notices(buyer) if notice["event"] == "invitation.declined"]
    assert declined["text"] == "2 of 2 providers decline “Internet for the head office”."
    assert declined["count"] == 2
    revoke(street, buyer)
    assert "request.suspended" in street.told(buyer)
    assert "request.suspended" not in street.told(street.desks[0]), "who declined is told no more"


def test_only_providers_that_may_open_a_request_are_told_of_it(street: Street) -> None:
    buyer = a_buyer(street, "Northwind Orchards")
    verify(street, buyer)
    a_request(street, buyer)
    street.run_worker()
    suspended, active = street.desks
    provider_id = suspended.principal.organization_id
    street.call("POST", f"/providers/{provider_id}/suspend", street.admin, 200, json={"reason": "unpaid fees"})
    revoke(street, buyer)
    with street.market.workshop.work(buyer.principal) as work:
        verification.submit(work)
    verify(street, buyer)
    told = street.notices(suspended)
    assert told[0]["event"] == "provider.suspended"
    assert "unpaid" not in told[0]["text"]
    assert street.told(active)[:2] == ["request.resumed", "request.suspended"]


def test_what_one_has_read_its_colleague_has_not(street: Street) -> None:
    desk = street.desks[0]
    colleague = a_user(street.market, Kind.PROVIDER, UserRole.DESK, desk.principal.organization_id)
    (notice,) = street.notices(desk)
    assert notice["read"] is False
    for _ in range(2):
        street.call("POST", f"/notices/{notice['id']}/read", desk, 204)
    assert [item["read"] for item in street.notices(desk)] == [True]
    assert [item["read"] for item in street.notices(colleague)] == [False]
    assert street.call("GET", "/notices/unread-count", desk, 200) == {"unread": 0}
    assert street.call("GET", "/notices/unread-count", colleague, 200) == {"unread": 1}
    assert street.notices(desk, unread=True) == []
    assert street.call("POST", "/notices/read-all", colleague, 200) == {"marked": 1}
    assert street.call("POST", "/notices/read-all", colleague, 200) == {"marked": 0}
    assert street.call("GET", "/notices/unread-count", colleague, 200) == {"unread": 0}


def test_notices_of_others_do_not_exist(street: Street) -> None:
    desk, other = street.desks
    notice_id = street.notices(desk)[0]["id"]
    buyer = a_user(street.market)
    for stranger in (other, buyer, street.admin):
        answers = [
            street.client.post(f"/notices/{name}/read", headers=stranger.headers) for name in (notice_id, "ntc_none")
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content
        assert notice_id not in {notice["id"] for notice in street.notices(stranger)}
    assert street.client.get("/notices").status_code == 401


def test_pages_hold_every_notice_once_newest_first(street: Street) -> None:
    buyer = a_deal(street, "Northwind Orchards")
    everything = [notice["id"] for notice in street.notices(buyer)]
    paged: list[str] = []
    after: str | None = None
    while True:
        query: Json = {"limit": 3} | ({"after": after} if after else {})
        page = street.call("GET", "/notices", buyer, 200, params=query)
        paged += [notice["id"] for notice in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert paged == everything
    for wrong in ("x", "WyJhIl0", "Wy0xXQ"):
        street.call("GET", "/notices", buyer, 422, params={"after": wrong})


def test_the_carriers_role_sees_own_notices_without_key_and_position(street: Street) -> None:
    street.run_worker()
    desk, other = street.desks
    with street.market.workshop.reading(desk.principal) as reading:
        owners = reading.session.connection().execute(text("SELECT organization_id FROM market.notices")).scalars()
        assert set(owners) == {desk.principal.organization_id} != {other.principal.organization_id}
    for column in ("dedupe_key", "position"):
        with (
            street.market.workshop.reading(desk.principal) as reading,
            pytest.raises(ProgrammingError, match="permission denied"),
        ):
            reading.session.connection().execute(text(f"SELECT {column} FROM market.notices"))  # noqa: S608 - fixed
    statement = text("INSERT INTO market.notice_reads VALUES (:user, :notice, 1, :owner, now())")
    foreign = {
        "user": "usr_x",
        "notice": _any_notice_of(street, other),
        "owner": other.principal.organization_id,
    }
    with street.market.workshop.work(desk.principal) as work:
        connection = work.session.connection()
        with pytest.raises(ProgrammingError, match="row-level security"), work.session.begin_nested():
            connection.execute(statement, foreign)


def _any_notice_of(street: Street, user: SignedIn) -> str:
    owner = create_engine(street.market.database.owner)
    with owner.connect() as connection:
        query = text("SELECT id FROM market.notices WHERE organization_id = :owner LIMIT 1")
        found: str = connection.execute(query, {"owner": user.principal.organization_id}).scalar_one()
    owner.dispose()
    return found
