import pytest
from fastapi.testclient import TestClient

from marketplace.kernel import journal
from marketplace.kernel.access import Kind, UserRole
from marketplace.wiring import Marketplace
from tests.factories import REGISTRATION, a_registered_buyer, a_user, sign_in


def test_a_business_registers_and_gets_a_password_that_must_be_changed(client: TestClient) -> None:
    answer = client.post("/buyers", json=REGISTRATION)
    assert answer.status_code == 201, answer.text
    account = answer.json()
    headers = sign_in(client, "dana@riverbend-library.example.org", account["initial_password"])
    refused = client.get("/buyer", headers=headers)
    assert refused.json()["type"] == "/problems/password-change-required"
    again = client.post("/buyers", json=REGISTRATION)
    assert again.json()["type"] == "/problems/email-taken"


def test_the_journal_learns_of_a_buyer_and_nothing_personal(client: TestClient, market: Marketplace) -> None:
    buyer_id = client.post("/buyers", json=REGISTRATION).json()["buyer_id"]
    with market.workshop.reading() as reading:
        (event,) = journal.of_stream(reading.session, f"buyer:{buyer_id}")
    assert (event.name, event.data) == ("buyer.registered", {"buyer_id": buyer_id})


def test_what_is_wrong_with_a_registration_is_said_in_its_place(client: TestClient) -> None:
    wrong = REGISTRATION | {"demographics": REGISTRATION["demographics"] | {"industry": "x", "region": "ZZ"}}
    answer = client.post("/buyers", json=wrong)
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        "/demographics/industry",
        "/demographics/region",
    }
    control = client.post("/buyers", json=REGISTRATION | {"name": "Riverbend\u0000Library"})
    assert control.status_code == 422


@pytest.mark.parametrize("kind", [Kind.BUYER, Kind.PROVIDER])
def test_who_has_an_account_does_not_register_another_organization(
    client: TestClient, market: Marketplace, kind: Kind
) -> None:
    answer = client.post("/buyers", json=REGISTRATION, headers=a_user(market, kind).headers)
    assert answer.status_code == 403


@pytest.fixture
def buyer(client: TestClient, market: Marketplace) -> dict[str, str]:
    """Return the headers of an admin of a registered buyer."""
    return a_registered_buyer(client, market).headers


def test_the_record_is_changed_in_the_version_that_was_read(client: TestClient, buyer: dict[str, str]) -> None:
    first = client.get("/buyer", headers=buyer)
    assert first.json()["bands"] == {"industry": "P", "size": "50-249", "region": "US-Northeast"}
    version = {"If-Match": first.headers["ETag"]}
    demographics = REGISTRATION["demographics"] | {"employees": 900, "annual_telecom_spend": "120000.50"}
    changed = client.patch("/buyer", json={"demographics": demographics}, headers=buyer | version)
    assert changed.status_code == 200, changed.text
    assert changed.json()["bands"]["size"] == "250-999"
    assert changed.json()["demographics"]["annual_telecom_spend"] == "120000.50"
    assert client.get("/buyer", headers=buyer).json() == changed.json()
    stale = client.patch("/buyer", json={"name": "Another"}, headers=buyer | version)
    assert stale.status_code == 412
    assert client.patch("/buyer", json={"name": "Another"}, headers=buyer).status_code == 428


def test_numbers_are_kept_in_their_normal_form_or_refused(client: TestClient, buyer: dict[str, str]) -> None:
    numbers = {"ein": "911144442", "lei": "213800kud8lajwsq9d15"}
    changed = client.patch("/buyer", json={"numbers": numbers}, headers=buyer | {"If-Match": '"1"'})
    assert changed.json()["numbers"] == {"ein": "91-1144442", "lei": "213800KUD8LAJWSQ9D15"}
    fewer = client.patch("/buyer", json={"numbers": {"ein": "911144442"}}, headers=buyer | {"If-Match": "*"})
    assert fewer.json()["numbers"] == {"ein": "91-1144442"}
    wrong = client.patch("/buyer", json={"numbers": {"vat": "DE136695977"}}, headers=buyer | {"If-Match": "*"})
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["/numbers/vat"]


def test_only_an_admin_of_the_buyer_changes_its_record(client: TestClient, market: Marketplace) -> None:
    buyer_id = client.post("/buyers", json=REGISTRATION).json()["buyer_id"]
    requester = a_user(market, Kind.BUYER, UserRole.REQUESTER, buyer_id).headers
    assert client.get("/buyer", headers=requester).json()["name"] == "Riverbend Public Library"
    refused = client.patch("/buyer", json={"name": "Mine"}, headers=requester | {"If-Match": "*"})
    assert refused.status_code == 403
    assert client.get("/buyer", headers=a_user(market, Kind.PROVIDER).headers).status_code == 403
    assert client.get("/buyer").status_code == 401
