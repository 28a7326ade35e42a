from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from marketplace.app import create_app
from marketplace.identity import rules, service
from marketplace.identity.model import NewUser
from marketplace.kernel import journal
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.factories import PASSWORD, a_user, sign_in

OWN = "four grey cupboards at the quay"


@pytest.fixture
def newcomer(market: Marketplace) -> NewUser:
    with market.workshop.work() as work:
        organization = service.create_organization(work, Kind.PROVIDER)
        return service.create_user(work, organization, " Anna.Berg@Example.com", "Anna Berg", UserRole.ADMIN)


def _sign_in(client: TestClient, email: str, password: str) -> tuple[int, str]:
    answer = client.post("/sessions", json={"email": email, "password": password})
    return answer.status_code, answer.json().get("type", "")


def _from(market: Marketplace, address: str) -> TestClient:
    return TestClient(create_app(market), client=(address, 50_000))


def test_an_initial_password_is_good_for_setting_an_own_one_only(client: TestClient, newcomer: NewUser) -> None:
    answer = client.post("/sessions", json={"email": "anna.BERG@example.com", "password": newcomer.initial_password})
    assert (answer.status_code, answer.json()["limited"]) == (201, "password")
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert client.get("/me", headers=headers).json()["limited"] == "password"
    refused = client.get("/organization/users", headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/password-change-required")
    refused = client.post("/me/second-factor", headers=headers, json={"password": newcomer.initial_password})
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/password-change-required")

    body = {"current_password": newcomer.initial_password, "new_password": OWN}
    assert client.post("/me/password", headers=headers, json=body).status_code == 204
    assert client.get("/organization/users", headers=headers).status_code == 200
    assert _sign_in(client, newcomer.email, newcomer.initial_password) == (401, "/problems/wrong-credentials")
    assert client.get("/me", headers=sign_in(client, newcomer.email, OWN)).json()["limited"] == ""


def test_an_initial_password_expires_after_seven_days_and_so_do_its_sessions(
    client: TestClient, newcomer: NewUser, clock: StagedClock
) -> None:
    clock.now += timedelta(days=7, seconds=-1)
    answer = client.post("/sessions", json={"email": newcomer.email, "password": newcomer.initial_password}).json()
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    clock.now += timedelta(seconds=1)
    assert _sign_in(client, newcomer.email, newcomer.initial_password) == (401, "/problems/initial-password-expired")
    assert _sign_in(client, newcomer.email, "wrong") == (401, "/problems/wrong-credentials")
    assert client.get("/me", headers=headers).status_code == 401
    body = {"current_password": newcomer.initial_password, "new_password": OWN}
    assert client.post("/me/password", headers=headers, json=body).status_code == 401
    refused = client.post("/sessions/refresh", json={"refresh_token": answer["refresh_token"]})
    assert refused.status_code == 401


def test_an_own_password_does_not_expire(client: TestClient, market: Marketplace, clock: StagedClock) -> None:
    user = a_user(market)
    clock.now += timedelta(days=1000)
    sign_in(client, user.email, PASSWORD)


@pytest.mark.parametrize(
    ("current", "new", "pointer"),
    [
        ("not the present one", OWN, "/current_password"),
        (PASSWORD, "short", "/new_password"),
        (PASSWORD, "password123456", "/new_password"),
        (PASSWORD, PASSWORD, "/new_password"),
    ],
)
def test_a_password_change_says_which_password_is_wrong_and_changes_nothing(
    client: TestClient, market: Marketplace, current: str, new: str, pointer: str
) -> None:
    user = a_user(market)
    body = {"current_password": current, "new_password": new}
    answer = client.post("/me/password", headers=user.headers, json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    sign_in(client, user.email, PASSWORD)


def test_a_password_change_ends_all_other_sessions(client: TestClient, market: Marketplace) -> None:
    user = a_user(market)
    other = sign_in(client, user.email, PASSWORD)
    body = {"current_password": PASSWORD, "new_password": OWN}
    assert client.post("/me/password", headers=user.headers, json=body).status_code == 204
    assert client.get("/me", headers=user.headers).status_code == 200
    assert client.get("/me", headers=other).status_code == 401


def test_an_unknown_email_a_wrong_password_and_a_former_user_get_the_same_bytes(
    client: TestClient, market: Marketplace
) -> None:
    admin = a_user(market)
    former = a_user(market, Kind.BUYER, UserRole.REQUESTER, admin.principal.organization_id)
    path = f"/organization/users/{former.principal.user_id}"
    assert client.delete(path, headers=admin.headers).status_code == 204
    tries = [("nobody@example.com", PASSWORD), (admin.email, "wrong"), (former.email, PASSWORD)]
    answers = [client.post("/sessions", json={"email": email, "password": word}) for email, word in tries]
    assert {answer.status_code for answer in answers} == {401}
    assert len({(answer.content, str(sorted(answer.headers.items()))) for answer in answers}) == 1


def test_signing_out_ends_access_and_refresh_at_once(client: TestClient, market: Marketplace) -> None:
    user = a_user(market)
    tokens = client.post("/sessions", json={"email": user.email, "password": PASSWORD}).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert client.delete("/sessions/current", headers=headers).status_code == 204
    assert client.get("/me", headers=headers).status_code == 401
    assert client.post("/sessions/refresh", json={"refresh_token": tokens["refresh_token"]}).status_code == 401
    assert client.get("/me", headers=user.headers).status_code == 200


def test_refresh_tokens_rotate_and_a_second_use_ends_the_session(client: TestClient, market: Marketplace) -> None:
    user = a_user(market)
    first = client.post("/sessions", json={"email": user.email, "password": PASSWORD}).json()
    second = client.post("/sessions/refresh", json={"refresh_token": first["refresh_token"]}).json()
    assert second["refresh_token"] != first["refresh_token"]
    headers = {"Authorization": f"Bearer {second['access_token']}"}
    assert client.get("/me", headers=headers).status_code == 200

    stolen = client.post("/sessions/refresh", json={"refresh_token": first["refresh_token"]})
    assert (stolen.status_code, stolen.json()["type"]) == (401, "/problems/refresh-token")
    assert client.get("/me", headers=headers).status_code == 401
    assert client.post("/sessions/refresh", json={"refresh_token": second["refresh_token"]}).status_code == 401
    assert client.get("/me", headers=user.headers).status_code == 200  # the user's other session is another family
    with market.workshop.reading() as reading:
        stream = f"organization:{user.principal.organization_id}"
        assert [event.name for event in journal.of_stream(reading.session, stream)][-1] == "user.session_revoked"


def test_a_refresh_whose_answer_was_lost_can_be_repeated_with_its_key(client: TestClient, market: Marketplace) -> None:
    user = a_user(market)
    first = client.post("/sessions", json={"email": user.email, "password": PASSWORD}).json()
    key, body = {"Idempotency-Key": "0123456789abcdef-refresh"}, {"refresh_token": first["refresh_token"]}
    once = client.post("/sessions/refresh", json=body, headers=key)
    again = client.post("/sessions/refresh", json=body, headers=key)
    assert (once.status_code, again.status_code) == (200, 200)
    assert once.content == again.content
    next_one = client.post("/sessions/refresh", json={"refresh_token": again.json()["refresh_token"]})
    assert next_one.status_code == 200


def test_a_refresh_token_expires(client: TestClient, market: Marketplace, clock: StagedClock) -> None:
    user = a_user(market)
    tokens = client.post("/sessions", json={"email": user.email, "password": PASSWORD}).json()
    clock.now += timedelta(days=market.settings.refresh_token_days)
    assert client.post("/sessions/refresh", json={"refresh_token": tokens["refresh_token"]}).status_code == 401
    assert client.post("/sessions/refresh", json={"refresh_token": "tlr_made_up"}).status_code == 401


def test_five_failures_make_this_client_wait_and_no_other(market: Marketplace, clock: StagedClock) -> None:
    user = a_user(market)
    attacker, owner = _from(market, "203.0.113.66"), _from(market, "198.51.100.1")
    for _ in range(rules.CLIENT_FAILURES):
        assert _sign_in(attacker, user.email, "guess")[0] == 401
    waits = attacker.post("/sessions", json={"email": user.email, "password": PASSWORD})
    assert (waits.status_code, waits.headers["Retry-After"]) == (429, "900")
    assert _sign_in(owner, user.email, PASSWORD)[0] == 201
    clock.now += rules.WINDOW
    assert _sign_in(attacker, user.email, "guess")[0] == 401


def test_an_attack_from_many_addresses_slows_new_ones_and_never_the_owners(
    market: Marketplace, clock: StagedClock
) -> None:
    user = a_user(market)
    owner = _from(market, "198.51.100.1")
    assert _sign_in(owner, user.email, PASSWORD)[0] == 201
    clock.now += timedelta(days=80)
    for number in range(rules.NEW_CLIENT_FAILURES):
        assert _sign_in(_from(market, f"203.0.113.{number}"), user.email, "guess")[0] == 401
    assert _sign_in(_from(market, "203.0.113.99"), user.email, "guess")[0] == 429
    assert _sign_in(owner, user.email, PASSWORD)[0] == 201
    clock.now += rules.NEW_CLIENT_PAUSE
    assert _sign_in(_from(market, "203.0.113.100"), user.email, PASSWORD)[0] == 201


def test_a_success_forgets_the_failures_before_it(client: TestClient, market: Marketplace) -> None:
    user = a_user(market)
    for _ in range(2):
        for _ in range(rules.CLIENT_FAILURES - 1):
            assert _sign_in(client, user.email, "guess")[0] == 401
        assert _sign_in(client, user.email, PASSWORD)[0] == 201


def test_an_unknown_email_is_locked_out_like_a_known_one(client: TestClient, market: Marketplace) -> None:
    user = a_user(market)
    answers = [
        [_sign_in(client, email, "guess") for _ in range(rules.CLIENT_FAILURES + 1)]
        for email in (user.email, "nobody@example.com")
    ]
    assert answers[0] == answers[1]
    assert answers[0][-1][0] == 429


def test_a_stolen_session_can_not_guess_the_password(client: TestClient, market: Marketplace) -> None:
    user = a_user(market)
    body = {"current_password": "guess", "new_password": OWN}
    codes = [
        client.post("/me/password", headers=user.headers, json=body).status_code
        for _ in range(rules.CLIENT_FAILURES + 1)
    ]
    assert codes == [422] * rules.CLIENT_FAILURES + [429]


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer x", "Basic YTpi", "Bearer tlk_made_up", "bearer \xe9", "x" * 5000]
)
def test_credentials_that_are_not_valid_are_refused_everywhere_and_none_are_nobody(
    client: TestClient, header: str
) -> None:
    answer = client.get("/me", headers={"Authorization": header.encode("latin-1")})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert client.get("/me").json()["type"] == "/problems/unauthenticated"


@pytest.mark.parametrize(
    "body",
    [
        {"email": "a\0@example.com", "password": "x"},
        {"email": "a@example.com", "password": "x" * 257},
        {"email": "a@example.com", "password": "x", "admin": True},
        {"email": ["a@example.com"], "password": "x"},
        {},
    ],
    ids=str,
)
def test_a_malformed_sign_in_is_refused_without_repeating_the_password(
    client: TestClient, body: dict[str, object]
) -> None:
    answer = client.post("/sessions", json=body)
    assert answer.status_code == 422
    assert "xxx" not in answer.text


def test_attempts_and_tokens_are_forgotten_when_no_rule_looks_at_them(
    client: TestClient, market: Marketplace, clock: StagedClock
) -> None:
    user = a_user(market)
    _sign_in(client, "nobody@example.com", "guess")
    _sign_in(client, user.email, PASSWORD)
    with market.workshop.work() as work:
        assert service.forget_expired(work) == 0
    clock.now += timedelta(days=200)
    with market.workshop.work() as work:
        service.forget_expired(work)
        for table in ("sign_in_attempts", "refresh_tokens"):
            left = work.session.connection().execute(text(f"SELECT count(*) FROM identity.{table}")).scalar_one()  # noqa: S608 - a constant
            assert left == 0


def test_the_role_that_serves_carriers_can_not_look_into_accounts(market: Marketplace) -> None:
    carrier = a_user(market, Kind.PROVIDER, UserRole.DESK)
    with market.workshop.reading(carrier.principal) as reading, pytest.raises(Exception, match="permission denied"):
        reading.session.connection().execute(text("SELECT email FROM identity.users"))


def test_parallel_guesses_can_not_pass_the_limit(client: TestClient, market: Marketplace) -> None:
    user = a_user(market)
    with ThreadPoolExecutor(8) as threads:
        codes = list(threads.map(lambda _: _sign_in(client, user.email, "guess")[0], range(20)))
    assert codes.count(401) == rules.CLIENT_FAILURES
    assert codes.count(429) == 20 - rules.CLIENT_FAILURES


def test_of_parallel_uses_of_a_refresh_token_one_counts(client: TestClient, market: Marketplace) -> None:
    user = a_user(market)
    tokens = client.post("/sessions", json={"email": user.email, "password": PASSWORD}).json()
    body = {"refresh_token": tokens["refresh_token"]}
    with ThreadPoolExecutor(8) as threads:
        codes = list(threads.map(lambda _: client.post("/sessions/refresh", json=body).status_code, range(8)))
    assert sorted(codes) == [200] + [401] * 7
