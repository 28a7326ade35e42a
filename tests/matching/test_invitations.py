"""What a provider can do with what it received, and what it can't reach of others'."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from buyers.requests import service as requests
from marketplace.kernel import journal
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from sellers import service as sellers
from sellers.model import Counts, Criteria
from sellers.rules import ProviderInactiveError
from tests.factories import SignedIn, a_user
from tests.matching.made import CALIFORNIA, INTERNET, NEVADA, a_provider, content, publish


def own(client: TestClient, user: SignedIn, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/invitations{query}", headers=user.headers)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_the_list_shows_each_request_by_the_providers_own_name_for_it(market: Marketplace, client: TestClient) -> None:
    user, other = a_provider(market, CALIFORNIA), a_provider(market, Criteria())
    request_id = publish(market, content())
    (item,), (theirs,) = own(client, user), own(client, other)
    assert item["id"] != theirs["id"]
    assert item["pseudonym"].startswith("Buyer ")
    assert {name: item[name] for name in ("title", "status", "reason", "filter_name", "request_status")} == {
        "title": "Internet access",
        "status": "received",
        "reason": "your filter",
        "filter_name": "filter 1",
        "request_status": "open",
    }
    assert (item["service_types"], item["sites"], item["lots"]) == ([INTERNET], 1, 1)
    assert item["closes_at"] == "2026-11-09T12:00:00Z"
    assert request_id not in str(item)


def test_the_list_is_newest_first_paged_and_filtered_by_status(
    market: Marketplace, client: TestClient, clock: StagedClock
) -> None:
    user = a_provider(market, Criteria())
    for number in range(5):
        clock.now += timedelta(seconds=number % 2)  # some at the same instant
        publish(market, content(title=f"Request {number}"))
    seen: list[str] = []
    after = ""
    while True:
        page = client.get(f"/invitations?limit=2{after}", headers=user.headers).json()
        seen += [item["title"] for item in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert sorted(seen) == [f"Request {number}" for number in range(5)]
    assert set(seen[:2]) == {"Request 3", "Request 4"}
    first = own(client, user)[0]
    client.post(f"/invitations/{first['id']}/decline", json={"reason": "capacity"}, headers=user.headers)
    assert [item["id"] for item in own(client, user, "?status=declined")] == [first["id"]]
    assert len(own(client, user, "?status=received")) == 4


@pytest.mark.parametrize("cursor", ["x", "WyJhIiwiYiJd", "WzEsMl0", "WyIyMDI2LTExLTAyIiwgIlx1MDAwMCJd"])
def test_a_foreign_cursor_is_refused(market: Marketplace, client: TestClient, cursor: str) -> None:
    answer = client.get(f"/invitations?after={cursor}", headers=a_provider(market).headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "query/after"


def test_every_invited_provider_reads_the_same_published_document(market: Marketplace, client: TestClient) -> None:
    users = (a_provider(market, CALIFORNIA), a_provider(market, Criteria()))
    request_id = publish(market, content())
    answers = [client.get(f"/invitations/{own(client, user)[0]['id']}", headers=user.headers).json() for user in users]
    with market.workshop.reading() as reading:
        document = requests.publication(reading, request_id)
    assert answers[0]["request"] == answers[1]["request"] == document
    assert request_id not in str(answers)
    assert "1 Market Street" not in str(answers)
    assert [result["criterion"] for result in answers[0]["why"]] == ["territory", "coverage"]


def test_the_first_opening_is_recorded_with_who_and_when_and_only_the_first(
    market: Marketplace, client: TestClient, clock: StagedClock
) -> None:
    user = a_provider(market, Criteria())
    request_id = publish(market, content())
    (item,) = own(client, user)
    clock.now += timedelta(minutes=3)
    opened = client.get(f"/invitations/{item['id']}", headers=user.headers).json()
    clock.now += timedelta(minutes=3)
    again = client.get(f"/invitations/{item['id']}", headers=user.headers).json()
    assert (opened["status"], opened["seen_at"]) == ("seen", "2026-11-02T12:03:00Z")
    assert again == opened
    with market.workshop.reading() as reading:
        (event,) = journal.of_stream(reading.session, f"invitation:{item['id']}")
        counted = sellers.counts(reading, request_id)
    assert (event.name, event.user_id, event.at.minute) == ("invitation.seen", user.principal.user_id, 3)
    assert counted == Counts(invited=1, seen=1, declined=0, bid=0)


def test_a_decline_needs_a_reason_and_can_be_taken_back_while_the_request_is_open(
    market: Marketplace, client: TestClient, clock: StagedClock
) -> None:
    user = a_provider(market, Criteria())
    publish(market, content())
    path = f"/invitations/{own(client, user)[0]['id']}"
    wrong = client.post(f"{path}/decline", json={"reason": "mood"}, headers=user.headers)
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/reason")
    body = {"reason": "other", "text": "no fiber there"}
    assert client.post(f"{path}/decline", json=body, headers=user.headers).json()["status"] == "declined"
    assert client.post(f"{path}/decline", json=body, headers=user.headers).status_code == 409
    reopened = client.post(f"{path}/reopen", headers=user.headers).json()
    assert (reopened["status"], reopened["decline_reason"]) == ("seen", "")
    client.post(f"{path}/decline", json=body, headers=user.headers)
    clock.now += timedelta(days=7)
    late = client.post(f"{path}/reopen", headers=user.headers)
    assert (late.status_code, late.json()["type"]) == (409, "/problems/invitation-closed")


def test_a_withdrawn_request_can_not_be_reopened(market: Marketplace, client: TestClient) -> None:
    user = a_provider(market, Criteria())
    request_id = publish(market, content())
    path = f"/invitations/{own(client, user)[0]['id']}"
    client.post(f"{path}/decline", json={"reason": "timing"}, headers=user.headers)
    with market.workshop.work() as work:
        requests.withdraw(work, request_id, "budget cut")
    assert client.post(f"{path}/reopen", headers=user.headers).status_code == 409
    shown = client.get(path, headers=user.headers).json()
    assert (shown["status"], shown["request_status"]) == ("declined", "withdrawn")
    assert "budget" not in str(shown)


def test_who_has_bid_can_not_decline(market: Marketplace, client: TestClient) -> None:
    user = a_provider(market, Criteria())
    publish(market, content())
    invitation_id = own(client, user)[0]["id"]
    with market.workshop.work(user.principal) as work:
        sellers.mark_bid(work, invitation_id)
    answer = client.post(f"/invitations/{invitation_id}/decline", json={"reason": "terms"}, headers=user.headers)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/invitation-has-bid")


def test_anothers_invitation_is_nothing(market: Marketplace, client: TestClient) -> None:
    owner, stranger = a_provider(market, CALIFORNIA), a_provider(market, NEVADA)
    publish(market, content())
    (item,) = own(client, owner)
    assert own(client, stranger) == []
    path = f"/invitations/{item['id']}"
    answers = [
        client.get(path, headers=stranger.headers),
        client.post(f"{path}/decline", json={"reason": "terms"}, headers=stranger.headers),
        client.post(f"{path}/reopen", headers=stranger.headers),
        client.get("/invitations/inv_made_up", headers=stranger.headers),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert own(client, owner)[0]["status"] == "received"


def test_a_suspended_provider_can_open_nothing_and_reads_why(market: Marketplace, client: TestClient) -> None:
    user = a_provider(market, Criteria())
    publish(market, content())
    path = f"/invitations/{own(client, user)[0]['id']}"
    with market.workshop.work() as work:
        sellers.suspend(work, user.principal.organization_id, "license under review")
    for answer in (client.get(path, headers=user.headers), client.get("/invitations", headers=user.headers)):
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/provider-inactive")
        assert "license under review" in answer.json()["detail"]
    with market.workshop.reading(user.principal) as reading, pytest.raises(ProviderInactiveError):
        sellers.own_active(reading)


TABLES = ("invitations", "filters", "providers", "terms_documents", "requests", "publications")


@pytest.mark.parametrize("table", TABLES)
def test_the_carriers_database_role_sees_its_own_rows_only(market: Marketplace, table: str) -> None:
    owner, stranger = a_provider(market, CALIFORNIA), a_provider(market, NEVADA)
    publish(market, content())
    with market.workshop.work(owner.principal) as work:
        sellers.publish_terms(work, "Terms", "Be good.")
    queries = {name: text(f"SELECT count(*) FROM market.{name}") for name in TABLES}  # noqa: S608 - names from above
    with market.workshop.reading(owner.principal) as reading:
        assert reading.session.connection().execute(queries[table]).scalar_one() == 1
    expected = 1 if table in {"providers", "filters"} else 0  # the stranger's own
    with market.workshop.reading(stranger.principal) as reading:
        assert reading.session.connection().execute(queries[table]).scalar_one() == expected


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT content FROM market.requests",
        "SELECT bands FROM market.publications",
        "UPDATE market.invitations SET request_id = 'req_x'",
        "UPDATE market.providers SET status = 'approved'",
        "INSERT INTO market.invitations SELECT * FROM market.invitations",
        "DELETE FROM market.terms_documents",
        "UPDATE market.terms_documents SET text = ''",
    ],
)
def test_the_carriers_database_role_can_not_help_itself(market: Marketplace, statement: str) -> None:
    user = a_provider(market, Criteria())
    publish(market, content())
    with pytest.raises(ProgrammingError, match="permission denied"), market.workshop.work(user.principal) as work:
        work.session.connection().execute(text(statement))


def test_a_carrier_can_not_write_filters_for_another(market: Marketplace) -> None:
    owner, stranger = a_provider(market, CALIFORNIA), a_provider(market)
    with market.workshop.work(stranger.principal) as work:
        changed = work.session.connection().execute(text("UPDATE market.filters SET active = false"))
        assert changed.rowcount == 0
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        market.workshop.work(stranger.principal) as work,
    ):
        work.session.connection().execute(
            text(
                "INSERT INTO market.filters (id, provider_id, ordinal, name, criteria, active, delivery, revision,"
                " saved_at) VALUES ('flt_x', :other, 1, 'x', '{}', true, 'digest', 1, now())"
            ),
            {"other": owner.principal.organization_id},
        )


def test_the_platform_reads_why_every_provider_did_or_did_not_match(
    market: Marketplace, client: TestClient, run_worker: Callable[[], None]
) -> None:
    near, far, bare = a_provider(market, CALIFORNIA), a_provider(market, NEVADA), a_provider(market)
    request_id = publish(market, content())
    run_worker()
    agent = a_user(market, Kind.PLATFORM, UserRole.AGENT)
    path = f"/platform/requests/{request_id}/matching"
    first = client.get(f"{path}?limit=2", headers=agent.headers).json()
    second = client.get(f"{path}?limit=2&after={first['next']}", headers=agent.headers).json()
    found = {item["provider_id"]: item for item in first["items"] + second["items"]}
    assert second["next"] is None
    assert {key: (item["invited"], item["accepted"], item["filter_name"]) for key, item in found.items()} == {
        near.principal.organization_id: (True, True, "filter 1"),
        far.principal.organization_id: (False, False, "filter 1"),
        bare.principal.organization_id: (False, False, None),
    }
    failed = [result for result in found[far.principal.organization_id]["criteria"] if not result["passed"]]
    assert failed[0]["reason"] == "0 of 1 site are in US-NV; at least 1 needed"
    assert client.get(path, headers=near.headers).status_code == 403
    assert client.get("/platform/requests/req_none/matching", headers=agent.headers).status_code == 404
