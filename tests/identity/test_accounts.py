import base64
import json
from datetime import timedelta

import pyotp
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from marketplace.identity import rules, service
from marketplace.identity.errors import EmailTakenError
from marketplace.kernel import ids, journal
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.errors import MalformedError
from marketplace.wiring import Marketplace
from tests.factories import PASSWORD, SignedIn, a_user, sign_in

OWN = "four grey cupboards at the quay"


def _key(client: TestClient, user: SignedIn, *scopes: str) -> tuple[str, dict[str, str]]:
    answer = client.post("/me/api-keys", headers=user.headers, json={"name": "order system", "scopes": list(scopes)})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], {"Authorization": f"Bearer {answer.json()['secret']}"}


def _enrol(client: TestClient, headers: dict[str, str], password: str) -> str:
    answer = client.post("/me/second-factor", headers=headers, json={"password": password})
    assert answer.status_code == 200, answer.text
    assert answer.json()["uri"].startswith("otpauth://totp/Tenderline:")
    secret: str = answer.json()["secret"]
    return secret


def _confirm(client: TestClient, headers: dict[str, str], secret: str, clock: StagedClock) -> list[str]:
    code = pyotp.TOTP(secret).at(clock.now)
    answer = client.post("/me/second-factor/confirm", headers=headers, json={"code": code})
    assert answer.status_code == 200, answer.text
    codes: list[str] = answer.json()["recovery_codes"]
    return codes


def test_a_platform_admin_can_do_nothing_before_its_second_factor(
    client: TestClient, market: Marketplace, clock: StagedClock
) -> None:
    with market.workshop.work() as work:
        new = service.ensure_platform_admin(work, "Operator@example.com", "Olga Reed")
        assert new is not None
        assert service.ensure_platform_admin(work, "operator@example.com", "Olga Reed") is None
    headers = sign_in(client, new.email, new.initial_password)
    body = {"current_password": new.initial_password, "new_password": OWN}
    assert client.post("/me/password", headers=headers, json=body).status_code == 204
    refused = client.get("/organization/users", headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/second-factor-required")

    other_session = sign_in(client, new.email, OWN)
    codes = _confirm(client, headers, _enrol(client, headers, OWN), clock)
    assert len(set(codes)) == rules.RECOVERY_CODES
    assert client.get("/organization/users", headers=headers).status_code == 200
    assert client.get("/organization/users", headers=other_session).status_code == 403  # not used in that session


def test_with_a_second_factor_a_sign_in_needs_a_fresh_code(
    client: TestClient, market: Marketplace, clock: StagedClock
) -> None:
    user = a_user(market)
    secret = _enrol(client, user.headers, PASSWORD)
    sign_in(client, user.email, PASSWORD)  # it does not count before it is confirmed
    _confirm(client, user.headers, secret, clock)
    used = pyotp.TOTP(secret).at(clock.now)
    for code in ("", "000000" if used != "000000" else "111111", used):
        answer = client.post("/sessions", json={"email": user.email, "password": PASSWORD, "code": code})
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/second-factor-code")
    clock.now += timedelta(seconds=30)
    fresh = pyotp.TOTP(secret).at(clock.now)
    sign_in(client, user.email, PASSWORD, fresh)
    again = client.post("/sessions", json={"email": user.email, "password": PASSWORD, "code": fresh})
    assert again.status_code == 401


def test_codes_can_not_be_guessed_by_one_who_has_the_password(
    client: TestClient, market: Marketplace, clock: StagedClock
) -> None:
    user = a_user(market)
    _confirm(client, user.headers, _enrol(client, user.headers, PASSWORD), clock)
    body = {"email": user.email, "password": PASSWORD, "code": "no code"}
    clock.now += timedelta(minutes=1)
    answers = [client.post("/sessions", json=body).status_code for _ in range(rules.CLIENT_FAILURES + 1)]
    assert answers == [401] * rules.CLIENT_FAILURES + [429]


def test_a_recovery_code_works_once_however_it_is_typed(
    client: TestClient, market: Marketplace, clock: StagedClock
) -> None:
    user = a_user(market)
    first, second, *_ = _confirm(client, user.headers, _enrol(client, user.headers, PASSWORD), clock)
    sign_in(client, user.email, PASSWORD, first)
    refused = client.post("/sessions", json={"email": user.email, "password": PASSWORD, "code": first})
    assert refused.status_code == 401
    headers = sign_in(client, user.email, PASSWORD, second.upper().replace("-", " "))

    third = _confirm(client, user.headers, _enrol(client, headers, PASSWORD), clock)  # a new factor, new codes
    assert not set(third) & {first, second}
    refused = client.post("/sessions", json={"email": user.email, "password": PASSWORD, "code": _[0]})
    assert refused.status_code == 401


def test_a_second_factor_is_confirmed_only_by_its_code_after_a_start(client: TestClient, market: Marketplace) -> None:
    user = a_user(market)
    answer = client.post("/me/second-factor/confirm", headers=user.headers, json={"code": "123456"})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/no-pending-second-factor")
    assert client.post("/me/second-factor", headers=user.headers, json={"password": "guess"}).status_code == 422
    _enrol(client, user.headers, PASSWORD)
    wrong = client.post("/me/second-factor/confirm", headers=user.headers, json={"code": "abcdef"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/code")


def test_secrets_are_not_in_the_database_as_they_are(
    client: TestClient, market: Marketplace, clock: StagedClock
) -> None:
    user = a_user(market)
    secret = _enrol(client, user.headers, PASSWORD)
    codes = _confirm(client, user.headers, secret, clock)
    _, key = _key(client, user, "read")
    tokens = client.post("/sessions", json={"email": user.email, "password": PASSWORD, "code": codes[0]}).json()
    with market.workshop.reading() as reading:
        dump = ""
        for table in ("users", "recovery_codes", "refresh_tokens", "api_keys", "sessions", "sign_in_attempts"):
            rows = reading.session.connection().execute(text(f"SELECT * FROM identity.{table}"))  # noqa: S608 - constants
            dump += "".join(str(row) for row in rows)
    for plain in (secret, codes[1], codes[1].replace("-", ""), key["Authorization"][7:], tokens["refresh_token"]):
        assert plain not in dump
    assert user.email in dump


def test_an_api_key_acts_for_its_user_within_its_scopes(client: TestClient, market: Marketplace) -> None:
    user = a_user(market)
    _, reader = _key(client, user, "read", "bids")
    _, manager = _key(client, user, "administration", "read")
    me = client.get("/me", headers=reader).json()
    assert (me["id"], me["scopes"]) == (user.principal.user_id, ["bids", "read"])
    refused = client.get("/organization/users", headers=reader)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")
    assert client.get("/organization/users", headers=manager).status_code == 200


def test_an_api_key_never_has_more_than_its_users_role(client: TestClient, market: Marketplace) -> None:
    user = a_user(market, Kind.PROVIDER, UserRole.DESK)
    _, key = _key(client, user, "administration", "read")
    assert client.get("/organization/users", headers=key).status_code == 403


def test_an_api_key_can_not_change_what_opens_the_account(client: TestClient, market: Marketplace) -> None:
    user = a_user(market)
    key_id, key = _key(client, user, *("read", "requests", "awards", "filters", "bids", "administration"))
    calls = [
        ("POST", "/me/password", {"current_password": PASSWORD, "new_password": OWN}),
        ("POST", "/me/second-factor", {"password": PASSWORD}),
        ("POST", "/me/second-factor/confirm", {"code": "123456"}),
        ("GET", "/me/api-keys", None),
        ("POST", "/me/api-keys", {"name": "another", "scopes": ["read"]}),
        ("DELETE", f"/me/api-keys/{key_id}", None),
        ("DELETE", "/sessions/current", None),
    ]
    assert [client.request(method, path, json=body, headers=key).status_code for method, path, body in calls] == [
        403
    ] * len(calls)


def test_a_revoked_api_key_stops_working_at_once(client: TestClient, market: Marketplace) -> None:
    user = a_user(market)
    key_id, key = _key(client, user, "read")
    assert client.get("/me", headers=key).status_code == 200
    listed = client.get("/me/api-keys", headers=user.headers).json()
    assert [item["id"] for item in listed] == [key_id]
    assert key["Authorization"][7:].startswith(listed[0]["prefix"])
    assert "secret" not in listed[0]
    assert client.delete(f"/me/api-keys/{key_id}", headers=user.headers).status_code == 204
    assert client.get("/me", headers=key).status_code == 401
    assert client.get("/me/api-keys", headers=user.headers).json() == []
    assert client.delete(f"/me/api-keys/{key_id}", headers=user.headers).status_code == 404


def test_the_last_use_of_an_api_key_is_noted_at_most_once_a_minute(
    client: TestClient, market: Marketplace, clock: StagedClock
) -> None:
    user = a_user(market)
    _, key = _key(client, user, "read")

    def last_use() -> str | None:
        used: str | None = client.get("/me/api-keys", headers=user.headers).json()[0]["last_used_at"]
        return used

    assert last_use() is None
    client.get("/me", headers=key)
    first = last_use()
    assert first is not None
    clock.now += timedelta(seconds=59)
    client.get("/me", headers=key)
    assert last_use() == first
    clock.now += timedelta(seconds=1)
    client.get("/me", headers=key)
    assert last_use() != first


def test_a_user_has_twenty_api_keys_at_most(client: TestClient, market: Marketplace) -> None:
    user = a_user(market)
    for _ in range(rules.MOST_API_KEYS):
        _key(client, user, "read")
    answer = client.post("/me/api-keys", headers=user.headers, json={"name": "one more", "scopes": ["read"]})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/too-many-api-keys")


@pytest.mark.parametrize(
    "body",
    [{"name": "x", "scopes": []}, {"name": "x", "scopes": ["all"]}, {"name": " ", "scopes": ["read"]}, {"name": "a\0"}],
    ids=str,
)
def test_a_malformed_api_key_is_refused(client: TestClient, market: Marketplace, body: dict[str, object]) -> None:
    assert client.post("/me/api-keys", headers=a_user(market).headers, json=body).status_code == 422


def test_an_admin_adds_a_user_to_its_own_organization(client: TestClient, market: Marketplace) -> None:
    admin = a_user(market)
    body = {"email": "Bo.Lind@Example.com", "full_name": "Bo Lind", "role": "requester"}
    answer = client.post("/organization/users", headers=admin.headers, json=body)
    assert answer.status_code == 201
    new = answer.json()
    assert new["email"] == "bo.lind@example.com"
    users = client.get("/organization/users", headers=admin.headers).json()["items"]
    assert {user["id"] for user in users} == {admin.principal.user_id, new["id"]}
    assert "password_hash" not in answer.text + str(users)
    headers = sign_in(client, new["email"], new["initial_password"])
    assert client.get("/me", headers=headers).json()["organization_id"] == admin.principal.organization_id


@pytest.mark.parametrize(
    ("kind", "role"),
    [(Kind.BUYER, "desk"), (Kind.BUYER, "agent"), (Kind.PROVIDER, "requester"), (Kind.PLATFORM, "negotiator")],
)
def test_each_kind_of_organization_has_its_own_roles(
    client: TestClient, market: Marketplace, kind: Kind, role: str
) -> None:
    body = {"email": "bo.lind@example.com", "full_name": "Bo Lind", "role": role}
    answer = client.post("/organization/users", headers=a_user(market, kind).headers, json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/role")


def test_an_email_address_belongs_to_one_account_in_the_whole_marketplace(
    client: TestClient, market: Marketplace
) -> None:
    other = a_user(market, Kind.PROVIDER)
    body = {"email": other.email.upper(), "full_name": "Bo Lind", "role": "requester"}
    answer = client.post("/organization/users", headers=a_user(market).headers, json=body)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/email-taken")
    assert other.principal.organization_id not in answer.text


@pytest.mark.parametrize("role", [UserRole.REQUESTER, UserRole.NEGOTIATOR])
def test_only_admins_manage_users(client: TestClient, market: Marketplace, role: UserRole) -> None:
    user = a_user(market, Kind.BUYER, role)
    body = {"email": "bo.lind@example.com", "full_name": "Bo Lind", "role": "admin"}
    assert client.post("/organization/users", headers=user.headers, json=body).status_code == 403
    assert client.get("/organization/users", headers=user.headers).status_code == 403
    assert client.delete(f"/organization/users/{user.principal.user_id}", headers=user.headers).status_code == 403


def test_a_foreign_user_a_foreign_key_and_none_at_all_are_the_same_404(client: TestClient, market: Marketplace) -> None:
    admin, foreign = a_user(market), a_user(market)
    foreign_key, _ = _key(client, foreign, "read")
    answers = [
        client.delete(f"/organization/users/{foreign.principal.user_id}", headers=admin.headers),
        client.delete(f"/organization/users/{ids.new('usr')}", headers=admin.headers),
        client.post(f"/organization/users/{foreign.principal.user_id}/initial-password", headers=admin.headers),
        client.delete(f"/me/api-keys/{foreign_key}", headers=admin.headers),
        client.delete(f"/me/api-keys/{ids.new('key')}", headers=admin.headers),
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}
    assert client.get("/me", headers=foreign.headers).status_code == 200


def test_a_deactivated_user_is_out_at_once(client: TestClient, market: Marketplace) -> None:
    admin = a_user(market)
    user = a_user(market, Kind.BUYER, UserRole.REQUESTER, admin.principal.organization_id)
    _, key = _key(client, user, "read")
    path = f"/organization/users/{user.principal.user_id}"
    assert client.delete(path, headers=admin.headers).status_code == 204
    assert client.get("/me", headers=user.headers).status_code == 401
    assert client.get("/me", headers=key).status_code == 401
    assert client.delete(path, headers=admin.headers).status_code == 404
    listed = client.get("/organization/users", headers=admin.headers).json()["items"]
    assert {item["id"]: item["active"] for item in listed}[user.principal.user_id] is False


def test_an_organization_keeps_an_admin(client: TestClient, market: Marketplace) -> None:
    admin = a_user(market)
    second = a_user(market, organization_id=admin.principal.organization_id)
    assert client.delete(f"/organization/users/{admin.principal.user_id}", headers=second.headers).status_code == 204
    answer = client.delete(f"/organization/users/{second.principal.user_id}", headers=second.headers)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/last-admin")


def test_an_admin_renews_an_initial_password_that_expired(
    client: TestClient, market: Marketplace, clock: StagedClock
) -> None:
    admin = a_user(market)
    body = {"email": "bo.lind@example.com", "full_name": "Bo Lind", "role": "requester"}
    old = client.post("/organization/users", headers=admin.headers, json=body).json()
    clock.now += timedelta(days=8)
    path = f"/organization/users/{old['id']}/initial-password"
    new = client.post(path, headers=admin.headers).json()
    assert (
        client.post("/sessions", json={"email": old["email"], "password": old["initial_password"]}).status_code == 401
    )
    sign_in(client, new["email"], new["initial_password"])


def test_users_are_listed_in_pages_without_gaps(client: TestClient, market: Marketplace) -> None:
    admin = a_user(market)
    everyone = {admin.principal.user_id} | {
        a_user(market, organization_id=admin.principal.organization_id).principal.user_id for _ in range(4)
    }
    a_user(market)
    seen: list[str] = []
    query: dict[str, str | int] = {"limit": 2}
    while query.get("after", "") is not None:
        page = client.get("/organization/users", headers=admin.headers, params=query).json()
        seen += [item["id"] for item in page["items"]]
        query["after"] = page["next"]
    assert len(seen) == len(everyone)
    assert set(seen) == everyone
    with market.workshop.reading() as reading:
        assert {user.id for user in service.users_of(reading, admin.principal.organization_id)} == everyone


@pytest.mark.parametrize("key", [["a", "b"], ["a\0"], [7], "x", None])
def test_a_made_up_cursor_is_refused_or_finds_a_page(client: TestClient, market: Marketplace, key: object) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(key).encode()).decode()
    answer = client.get("/organization/users", headers=a_user(market).headers, params={"after": cursor})
    assert answer.status_code in {200, 422}


def test_the_journal_knows_who_did_what_and_no_names(client: TestClient, market: Marketplace) -> None:
    admin = a_user(market)
    body = {"email": "bo.lind@example.com", "full_name": "Bo Lind", "role": "requester"}
    new = client.post("/organization/users", headers=admin.headers, json=body).json()
    sign_in(client, new["email"], new["initial_password"])
    client.delete(f"/organization/users/{new['id']}", headers=admin.headers)
    with market.workshop.reading() as reading:
        events = list(journal.of_stream(reading.session, f"organization:{admin.principal.organization_id}"))
    assert [(event.name, event.user_id) for event in events] == [
        ("organization.created", "system"),
        ("user.created", admin.principal.user_id),
        ("user.signed_in", new["id"]),
        ("user.deactivated", admin.principal.user_id),
    ]
    assert "lind" not in str(events).lower()


def test_services_refuse_what_routes_can_not_send(market: Marketplace) -> None:
    user = a_user(market, Kind.PROVIDER)
    with market.workshop.work() as work:
        with pytest.raises(MalformedError):
            service.create_user(work, user.principal.organization_id, "a@example.com", "A", UserRole.REQUESTER)
        with pytest.raises(EmailTakenError):
            service.ensure_platform_admin(work, user.email, "A")
