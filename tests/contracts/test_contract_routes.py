import hashlib
import json
from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient

from marketplace.contracts import document
from marketplace.kernel import codec, journal
from marketplace.kernel.access import UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.contracts.made import TEXT, Caller, Deal, award, contract_of
from tests.factories import a_user


def test_each_winner_s_terms_are_presented_with_its_lots_and_prices(deal: Deal) -> None:
    rows = deal.buyer("GET", f"/requests/{deal.request_id}/contracts")
    assert {(row["provider_name"], tuple(row["lots"]), row["status"]) for row in rows} == {
        ("Blue", ("T1",), "presented"),
        ("Red", ("T2",), "presented"),
    }
    red = contract_of(deal, "Red")
    assert red["terms_text"] == TEXT.format("Red")
    assert red["presentation"]["terms"]["sha256"] == hashlib.sha256(TEXT.format("Red").encode()).hexdigest()
    figures = red["presentation"]["figures"]
    assert (figures["monthly"], figures["one_time"], figures["total"]) == ("600.00", "200.00", "21800.00")


def test_the_hash_of_what_was_shown_is_recomputed_from_the_answer(deal: Deal) -> None:
    blue = contract_of(deal, "Blue")
    shown = codec.digest({"presentation": blue["presentation"], "terms_text": blue["terms_text"]})
    assert shown == blue["shown_sha256"]
    path = f"/contracts/{blue['id']}"
    body = {"sha256": blue["presentation"]["terms"]["sha256"], "accepted_terms": True}
    accepted = deal.buyer("POST", f"{path}/acceptance", json=body)
    assert accepted["acceptance"]["shown_sha256"] == shown


def test_a_contract_is_known_to_its_two_parties_alone(deal: Deal, market: Marketplace, client: TestClient) -> None:
    blue = contract_of(deal, "Blue")
    path = f"/contracts/{blue['id']}"
    own = deal.blue("GET", path)
    assert (own["request_id"], own["presentation"]) == (None, blue["presentation"])
    assert [row["id"] for row in deal.blue("GET", "/contracts")["items"]] == [blue["id"]]
    stranger = Caller(client, a_user(market))
    for other in (deal.red, stranger):
        other("GET", path, 404)
        other("GET", f"{path}/document", 404)
    stranger("GET", f"/requests/{deal.request_id}/contracts", 404)
    body = {"sha256": blue["presentation"]["terms"]["sha256"], "accepted_terms": True}
    stranger("POST", f"{path}/acceptance", 404, json=body)
    stranger("POST", f"{path}/refusal", 404, json={"reason": "not mine"})


def test_terms_are_accepted_by_who_may_and_with_the_hash_that_was_shown(
    deal: Deal, market: Marketplace, client: TestClient
) -> None:
    blue = contract_of(deal, "Blue")
    path = f"/contracts/{blue['id']}/acceptance"
    right = {"sha256": blue["presentation"]["terms"]["sha256"], "accepted_terms": True}
    colleague = a_user(market, role=UserRole.REQUESTER, organization_id=deal.buyer.who.principal.organization_id)
    Caller(client, colleague)("POST", path, 403, json=right)
    deal.blue("POST", path, 403, json=right)
    assert deal.buyer("POST", path, 409, json=right | {"sha256": "0" * 64})["type"] == "/problems/other-terms"
    deal.buyer("POST", path, 422, json=right | {"accepted_terms": False})
    assert contract_of(deal, "Blue")["status"] == "presented"
    deal.buyer("POST", path, json=right)


def test_an_acceptance_makes_one_signed_document_for_both_sides(
    deal: Deal, market: Marketplace, client: TestClient
) -> None:
    blue = contract_of(deal, "Blue")
    path = f"/contracts/{blue['id']}"
    deal.buyer("GET", f"{path}/document", 404)
    body = {"sha256": blue["presentation"]["terms"]["sha256"], "accepted_terms": True}
    made = deal.buyer("POST", f"{path}/acceptance", json=body)
    assert (made["status"], made["acceptance"]["full_name"]) == ("accepted", "Robin Vale")
    copies = [client.get(f"{path}/document", headers=side.who.headers) for side in (deal.buyer, deal.blue)]
    assert copies[0].content == copies[1].content
    assert hashlib.sha256(copies[0].content).hexdigest() == made["sha256"]
    assert copies[0].headers["etag"] == f'"{made["sha256"]}"'
    assert copies[0].headers["content-type"] == "application/json"
    contract = copies[0].json()
    assert document.verify_document(contract, made["sha256"])
    signed = market.vault.keyring.verified("contract", made["signature"])
    assert json.loads(signed) == {"contract_id": blue["id"], "sha256": made["sha256"]}
    assert contract["parties"]["buyer"]["name"] == "Northwind Orchards"
    assert [site["place"]["street"] for site in contract["request"]["sites"]] == ["1 Pine St"]
    assert contract["lots"] == blue["presentation"]["lots"]
    assert deal.blue("GET", path)["sha256"] == made["sha256"]


def test_a_decision_is_final(deal: Deal) -> None:
    for name, first, second in (("Blue", "acceptance", "refusal"), ("Red", "refusal", "acceptance")):
        contract = contract_of(deal, name)
        bodies: dict[str, Any] = {
            "acceptance": {"sha256": contract["presentation"]["terms"]["sha256"], "accepted_terms": True},
            "refusal": {"reason": "The fee for ending early."},
        }
        path = f"/contracts/{contract['id']}"
        deal.buyer("POST", f"{path}/{first}", json=bodies[first])
        for again in (first, second):
            problem = deal.buyer("POST", f"{path}/{again}", 409, json=bodies[again])
            assert problem["type"] == "/problems/terms-decided"


def test_refused_terms_give_the_lots_back_for_the_next_bid(deal: Deal, market: Marketplace) -> None:
    refused = contract_of(deal, "Red")
    reason = "The fee for ending early is too high for us."
    deal.buyer("POST", f"/contracts/{refused['id']}/refusal", json={"reason": reason})
    assert deal.red("GET", f"/contracts/{refused['id']}")["refusal_reason"] == reason
    (decided,) = deal.buyer("GET", f"/requests/{deal.request_id}/awards")
    assert {lot["lot"]: lot["outcome"] for lot in decided["lots"]} == {"T1": "awarded", "T2": "returned"}
    lots = {lot["lot"]: lot for lot in deal.buyer("GET", f"/requests/{deal.request_id}/comparison")["lots"]}
    assert [offer["provider_name"] for offer in lots["T2"]["offers"]] == ["Blue"]
    award(deal.buyer, deal.request_id)
    rows = deal.buyer("GET", f"/requests/{deal.request_id}/contracts")
    assert sorted((row["provider_name"], row["lots"][0], row["status"]) for row in rows) == [
        ("Blue", "T1", "presented"),
        ("Blue", "T2", "presented"),
        ("Red", "T2", "refused"),
    ]
    with market.workshop.reading() as reading:
        told = list(journal.of_stream(reading.session, f"contract:{refused['id']}"))
    assert [event.name for event in told] == ["terms.presented", "terms.refused"]
    assert reason not in json.dumps([event.data for event in told])


def test_the_stream_of_a_contract_tells_the_acceptance_before_the_contract(deal: Deal, market: Marketplace) -> None:
    blue = contract_of(deal, "Blue")
    body = {"sha256": blue["presentation"]["terms"]["sha256"], "accepted_terms": True}
    made = deal.buyer("POST", f"/contracts/{blue['id']}/acceptance", json=body)
    with market.workshop.reading() as reading:
        told = list(journal.of_stream(reading.session, f"contract:{blue['id']}"))
    assert [event.name for event in told] == ["terms.presented", "terms.accepted", "contract.made"]
    assert told[-1].data["sha256"] == made["sha256"]
    assert told[1].data["shown_sha256"] == blue["shown_sha256"]


def test_a_provider_pages_through_its_contracts(deal: Deal, clock: StagedClock) -> None:
    clock.now += timedelta(minutes=1)
    red = contract_of(deal, "Red")
    deal.buyer("POST", f"/contracts/{red['id']}/refusal", json={"reason": "too dear"})
    award(deal.buyer, deal.request_id)
    first = deal.blue("GET", "/contracts", params={"limit": 1})
    second = deal.blue("GET", "/contracts", params={"limit": 1, "after": first["next"]})
    assert [page["items"][0]["lots"] for page in (first, second)] == [["T2"], ["T1"]]
    assert second["next"] is None
    for foreign in ("bm8", "WyJub29uIiwgIngiXQ"):
        deal.blue("GET", "/contracts", 422, params={"after": foreign})


def test_each_reading_of_the_contract_by_the_carrier_is_on_record_and_none_by_the_buyer(
    deal: Deal, market: Marketplace, client: TestClient
) -> None:
    blue = contract_of(deal, "Blue")
    body = {"sha256": blue["presentation"]["terms"]["sha256"], "accepted_terms": True}
    deal.buyer("POST", f"/contracts/{blue['id']}/acceptance", json=body)

    def read() -> int:
        with market.workshop.reading() as reading:
            events = journal.of_stream(reading.session, f"request:{deal.request_id}")
            return sum(event.name == "disclosure.read" for event in events)

    before = read()
    for path in ("document", "document.pdf"):
        assert client.get(f"/contracts/{blue['id']}/{path}", headers=deal.buyer.who.headers).status_code == 200
    assert read() == before
    for path in ("document", "document.pdf"):
        assert client.get(f"/contracts/{blue['id']}/{path}", headers=deal.blue.who.headers).status_code == 200
    assert read() == before + 2
