from datetime import timedelta

import pytest

from marketplace.kernel.access import Kind, UserRole
from sellers.model import ProviderStatus
from tests.factories import SignedIn, a_user, sign_in
from tests.security.made import Stage


def path(user: SignedIn, rest: str = "") -> str:
    return f"/platform/organizations/{user.principal.organization_id}{rest}"


def is_in(stage: Stage, user: SignedIn) -> bool:
    return stage.call(user, "GET", "/me").status_code == 200


def test_a_list_names_providers_and_no_buyer(stage: Stage) -> None:
    carrier = stage.a_carrier(status=ProviderStatus.PENDING)
    found = stage.ok(stage.admin, "GET", "/platform/organizations")["items"]
    assert {item["kind"] for item in found} == {"buyer", "provider", "platform"}
    buyer = next(item for item in found if item["kind"] == "buyer")
    assert (buyer["id"], buyer["state"], buyer["name"]) == (stage.buyer.principal.organization_id, "verified", None)
    assert (buyer["users"], buyer["active_users"], buyer["sessions"]) == (2, 2, 1)
    provider = next(item for item in found if item["kind"] == "provider")
    assert provider["name"] == f"Carrier {carrier.principal.organization_id}"
    assert "Riverbend" not in str(found)
    assert "@" not in str(found)
    stage.settle()
    assert stage.ok(stage.admin, "GET", "/platform/reveals", params={"right": "platform reading"})["items"] != []


@pytest.mark.parametrize(
    ("params", "kinds"),
    [
        ({"kind": "buyer"}, ["buyer"]),
        ({"kind": "buyer", "state": "verified"}, ["buyer"]),
        ({"kind": "buyer", "state": "pending"}, []),
        ({"kind": "provider", "state": "approved"}, ["provider"]),
        ({"kind": "provider", "state": "no such"}, []),
        ({"search": "CARRIER ORG"}, ["provider"]),
        ({"search": "Riverbend"}, []),
        ({"search": "100%"}, []),
        ({"kind": "buyer", "search": "carrier"}, []),
    ],
)
def test_a_search_finds_by_kind_state_and_the_names_of_providers(
    stage: Stage, params: dict[str, str], kinds: list[str]
) -> None:
    stage.a_carrier()
    found = stage.ok(stage.admin, "GET", "/platform/organizations", params=params)["items"]
    assert [item["kind"] for item in found] == kinds


def test_a_search_finds_an_id_and_a_state_needs_its_kind(stage: Stage) -> None:
    buyer_id = stage.buyer.principal.organization_id
    found = stage.ok(stage.admin, "GET", "/platform/organizations", params={"search": buyer_id})["items"]
    assert [item["id"] for item in found] == [buyer_id]
    assert stage.call(stage.admin, "GET", "/platform/organizations", params={"state": "verified"}).status_code == 422
    first = stage.ok(stage.admin, "GET", "/platform/organizations", params={"limit": 1})
    second = stage.ok(stage.admin, "GET", "/platform/organizations", params={"limit": 1, "after": first["next"]})
    assert first["items"][0]["id"] != second["items"][0]["id"]


def test_a_buyer_sees_that_its_record_was_opened(stage: Stage) -> None:
    before = len(stage.ok(stage.buyer, "GET", "/buyer/identity-readings")["items"])
    opened = stage.ok(stage.admin, "GET", path(stage.buyer))
    assert opened["organization"]["name"] == "Riverbend Public Library"
    assert {user["role"] for user in opened["accounts"]} == {"admin"}
    assert [session["user_id"] for session in opened["open_sessions"]] == [stage.buyer.principal.user_id]
    readings = stage.ok(stage.buyer, "GET", "/buyer/identity-readings")["items"]
    assert len(readings) == before + 1
    assert readings[0]["user_id"] == stage.admin.principal.user_id
    assert stage.call(stage.admin, "GET", "/platform/organizations/org_unknown").status_code == 404


def test_suspended_users_are_out_until_they_are_reinstated(stage: Stage) -> None:
    carrier = stage.a_carrier()
    colleague = a_user(stage.market, Kind.PROVIDER, UserRole.DESK, carrier.principal.organization_id)
    stage.ok(colleague, "POST", "/me/api-keys", {"name": "reader", "scopes": ["read"]})
    secret = stage.ok(carrier, "POST", "/me/api-keys", {"name": "reader", "scopes": ["read"]})["secret"]
    key = {"Authorization": f"Bearer {secret}"}
    one = {"reason": "A stolen laptop", "user_ids": [carrier.principal.user_id]}
    assert stage.ok(stage.admin, "POST", path(carrier, "/suspend"), one)["user_ids"] == [carrier.principal.user_id]
    assert (is_in(stage, carrier), is_in(stage, colleague)) == (False, True)
    assert stage.call(None, "GET", "/me", headers=key).status_code == 401
    refused = stage.call(None, "POST", "/sessions", {"email": carrier.email, "password": carrier.password})
    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/account-suspended")
    assert "the platform's desk" in refused.json()["detail"]
    wrong = stage.call(None, "POST", "/sessions", {"email": carrier.email, "password": "not-" + carrier.password})
    assert (wrong.status_code, wrong.json()["type"]) == (401, "/problems/wrong-credentials")
    stage.clock.now += timedelta(minutes=1)
    everybody = {"reason": "All of them"}
    met = stage.ok(stage.admin, "POST", path(carrier, "/suspend"), everybody)["user_ids"]
    assert met == [colleague.principal.user_id]
    opened = stage.ok(stage.admin, "GET", path(carrier))
    assert [done["reason"] for done in opened["interventions"]] == ["All of them", "A stolen laptop"]
    assert all(user["suspended_at"] for user in opened["accounts"])
    stage.ok(stage.admin, "POST", path(carrier, "/reinstate"), {"reason": "Found again"})
    assert not is_in(stage, carrier)
    assert stage.call(None, "GET", "/me", headers=key).status_code == 200
    assert stage.call(None, "GET", "/me", headers=sign_in(stage.client, carrier.email, carrier.password)).is_success


@pytest.mark.parametrize("kind", [Kind.PROVIDER, Kind.BUYER])
def test_colleagues_are_told_once_that_the_platform_suspends_users_and_lets_them_in_again(
    stage: Stage, kind: Kind
) -> None:
    admin = stage.a_carrier() if kind is Kind.PROVIDER else stage.buyer
    company = admin.principal.organization_id
    two = [a_user(stage.market, kind, UserRole.ADMIN, company) for _ in range(2)]
    body = {"reason": "Two stolen laptops", "user_ids": [one.principal.user_id for one in two]}
    stage.ok(stage.admin, "POST", path(admin, "/suspend"), body)
    stage.ok(stage.admin, "POST", path(admin, "/reinstate"), {"reason": "Found again"})
    stage.settle()
    told = stage.ok(admin, "GET", "/notices", params={"limit": 200})["items"]
    shown = [one["event"] for one in told if one["event"].startswith("user.")]
    assert shown == ["user.reinstated", "user.suspended"]
    assert "the platform's desk" in told[[one["event"] for one in told].index("user.suspended")]["text"]


def test_who_was_deactivated_by_its_own_organization_stays_out(stage: Stage) -> None:
    colleague = a_user(stage.market, organization_id=stage.buyer.principal.organization_id)
    stage.ok(stage.buyer, "DELETE", f"/organization/users/{colleague.principal.user_id}")
    stage.ok(stage.admin, "POST", path(stage.buyer, "/suspend"), {"reason": "Unclear"})
    met = stage.ok(stage.admin, "POST", path(stage.buyer, "/reinstate"), {"reason": "Clear"})["user_ids"]
    assert colleague.principal.user_id not in met
    assert stage.buyer.principal.user_id in met


def test_the_platform_keeps_an_admin(stage: Stage) -> None:
    agent = a_user(stage.market, Kind.PLATFORM, UserRole.AGENT)
    refused = stage.call(stage.admin, "POST", path(stage.admin, "/suspend"), {"reason": "All"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/last-admin")
    assert is_in(stage, stage.admin)
    assert is_in(stage, agent)
    other = a_user(stage.market, Kind.PLATFORM)
    one = {"reason": "Left us", "user_ids": [other.principal.user_id]}
    assert stage.ok(stage.admin, "POST", path(stage.admin, "/suspend"), one)["user_ids"] == one["user_ids"]
    stranger = {"reason": "Wrong", "user_ids": [stage.buyer.principal.user_id]}
    assert stage.call(stage.admin, "POST", path(stage.admin, "/suspend"), stranger).status_code == 404
    assert stage.call(stage.admin, "POST", path(stage.admin, "/suspend"), {"reason": " "}).status_code == 422


def test_ended_sessions_are_over_and_may_begin_again(stage: Stage) -> None:
    carrier = stage.a_carrier()
    assert stage.ok(stage.admin, "POST", path(carrier, "/end-sessions"), {"reason": "A leak"}) == {"sessions": 1}
    assert not is_in(stage, carrier)
    assert stage.call(None, "GET", "/me", headers=sign_in(stage.client, carrier.email, carrier.password)).is_success
    stage.settle()
    stream = f"organization:{carrier.principal.organization_id}"
    told = stage.ok(stage.admin, "GET", "/journal", params={"stream": stream})["items"]
    assert "organization.sessions_ended" in [event["type"] for event in told]
    assert "A leak" not in str(told)


@pytest.mark.parametrize("rest", ["", "/suspend", "/reinstate", "/end-sessions"])
def test_accounts_are_for_the_platform_s_admins(stage: Stage, rest: str) -> None:
    agent = a_user(stage.market, Kind.PLATFORM, UserRole.AGENT)
    for who in (stage.buyer, agent, stage.a_carrier()):
        method, body = ("POST", {"reason": "Mine"}) if rest else ("GET", None)
        assert stage.call(who, method, path(stage.buyer, rest), body).status_code == 403
