"""Who gets at what: rivals, roles, keys, carriers that were shut out, and the buyer's list on every path."""

import pytest

from marketplace.kernel.access import Kind, UserRole
from sellers import service as sellers
from tests.factories import a_user
from tests.security.made import EVERYWHERE, SITE, Stage

NAME = "Riverbend"


def test_a_rival_buyer_finds_nothing_and_a_requester_awards_nothing(stage: Stage) -> None:
    carrier = stage.a_carrier()
    request_id = stage.publish()
    stage.bid(carrier)
    stage.close()
    requester = a_user(stage.market, Kind.BUYER, UserRole.REQUESTER, stage.buyer.principal.organization_id)
    rival = stage.a_buyer("rival@elsewhere.example.org")
    bid_id = stage.ok(requester, "GET", f"/requests/{request_id}/comparison")["lots"][0]["offers"][0]["bid_id"]
    selection = {"awarded": [{"lot": "T1", "bid_id": bid_id}]}
    for view in ("", "/auction", "/comparison", "/invitations", "/awards", "/contracts", "/findings", "/preview"):
        foreign = stage.call(rival, "GET", f"/requests/{request_id}{view}")
        unknown = stage.call(rival, "GET", f"/requests/req_unknown{view}")
        assert (foreign.status_code, foreign.content) == (404, unknown.content), view
    for who, status in ((requester, 403), (rival, 404), (carrier, 403), (stage.admin, 403), (None, 401)):
        assert stage.call(who, "POST", f"/requests/{request_id}/award", selection).status_code == status
    assert stage.ok(stage.buyer, "GET", f"/requests/{request_id}/awards") == []


def test_no_one_raises_its_own_rights(stage: Stage) -> None:
    carrier = stage.a_carrier()
    stage.publish()
    requester = a_user(stage.market, Kind.BUYER, UserRole.REQUESTER, stage.buyer.principal.organization_id)
    person = {"email": "new@riverbend-library.example.org", "full_name": "New One", "role": "admin"}
    assert stage.call(requester, "POST", "/organization/users", person).status_code == 403
    assert stage.call(stage.buyer, "POST", "/organization/users", person | {"role": "agent"}).status_code == 422
    for extra in ("organization_id", "kind"):
        assert stage.call(stage.buyer, "POST", "/organization/users", person | {extra: "platform"}).status_code == 422
    secret = stage.ok(carrier, "POST", "/me/api-keys", {"name": "reader", "scopes": ["read"]})["secret"]
    headers = {"Authorization": f"Bearer {secret}"}
    path = f"/invitations/{stage.invitation(carrier)}/bids"
    for where, body in (
        (path, stage.bid_body(carrier)),
        ("/filters", {"name": "x", "criteria": {}}),
        ("/terms", {"title": "x", "text": "x"}),
        ("/me/api-keys", {"name": "more", "scopes": ["bids"]}),
    ):
        assert stage.call(None, "POST", where, body, headers=headers).status_code == 403, where


def test_a_rivals_site_can_not_be_asked_about(stage: Stage) -> None:
    site_id = stage.ok(stage.buyer, "POST", "/sites", SITE)["id"]
    rival = stage.a_buyer("rival@elsewhere.example.org")
    bodies = [{"sites": [{"ref": "S1", "site_id": known}]} for known in (site_id, "sit_unknown")]
    foreign, unknown = (stage.call(rival, "POST", "/requests", body) for body in bodies)
    assert (foreign.status_code, foreign.content) == (422, unknown.content)
    for method, body in (("PATCH", {"label": "x"}), ("DELETE", None)):
        assert stage.call(rival, method, f"/sites/{site_id}", body).status_code == 404


@pytest.mark.parametrize("mode", ["only", "except"])
def test_the_buyers_list_holds_on_every_path(stage: Stage, mode: str) -> None:
    listed, other = stage.a_carrier(), stage.a_carrier()
    shut_out = other if mode == "only" else listed
    stage.publish(provider_list={"mode": mode, "providers": [listed.principal.organization_id]})
    with stage.market.workshop.work(shut_out.principal) as work:
        sellers.save_filter(work, sellers.FilterDraft("once more", EVERYWHERE))
    stage.settle()
    with stage.market.workshop.work() as work:
        sellers.suspend(work, shut_out.principal.organization_id, "paused")
    with stage.market.workshop.work() as work:
        sellers.approve(work, shut_out.principal.organization_id, "goes on")
    stage.settle()
    assert stage.ok(shut_out, "GET", "/invitations")["items"] == []
    assert len(stage.ok(listed if mode == "only" else other, "GET", "/invitations")["items"]) == 1


def test_nobody_is_disclosed_to_a_carrier_that_was_suspended_after_its_bid(stage: Stage) -> None:
    suspended, good = stage.a_carrier(), stage.a_carrier()
    request_id = stage.publish()
    stage.bid(suspended, "100.00")
    stage.bid(good, "200.00")
    stage.close()
    with stage.market.workshop.work() as work:
        sellers.suspend(work, suspended.principal.organization_id, "licence lost")
    offers = stage.ok(stage.buyer, "GET", f"/requests/{request_id}/comparison")["lots"][0]["offers"]
    path = f"/requests/{request_id}/award"
    chosen = [{"awarded": [{"lot": "T1", "bid_id": offer["bid_id"], "reason": "licence"}]} for offer in offers]
    refused = stage.call(stage.buyer, "POST", path, chosen[0])
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/awarded/0/bid_id")
    assert stage.call(stage.buyer, "POST", path, chosen[1]).status_code == 201
    assert stage.ok(suspended, "GET", "/contracts")["items"] == []


def test_the_name_is_for_the_winner_alone_and_from_the_award_on(stage: Stage) -> None:
    winner, loser = stage.a_carrier(), stage.a_carrier()
    request_id = stage.publish()
    stage.bid(winner, "100.00")
    stage.bid(loser, "200.00")
    paths = {carrier.email: f"/invitations/{stage.invitation(carrier)}/buyer" for carrier in (winner, loser)}
    stage.close()
    for carrier in (winner, loser):
        assert stage.call(carrier, "GET", paths[carrier.email]).status_code == 404
    stage.award(request_id)
    contract = stage.ok(stage.buyer, "GET", f"/requests/{request_id}/contracts")[0]
    assert NAME in stage.call(winner, "GET", paths[winner.email]).text
    for path in (paths[loser.email], paths[winner.email], f"/contracts/{contract['id']}"):
        assert stage.call(loser, "GET", path).status_code == 404
    stage.ok(stage.buyer, "POST", f"/contracts/{contract['id']}/refusal", {"reason": f"{NAME} says no."})
    stage.settle()
    assert stage.call(loser, "GET", paths[loser.email]).status_code == 404
    everything = [stage.call(loser, "GET", path).text for path in ("/notices", "/invitations", "/contracts")]
    assert NAME not in "".join(everything)
