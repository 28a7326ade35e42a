"""A command that is sent again: done once, answered the same, and its answer kept so that nobody else can read it."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Response, UploadFile
from fastapi.testclient import TestClient
from sqlalchemy import text

from marketplace.kernel import http, idempotency
from marketplace.kernel.access import NOBODY, PUBLIC, Kind, Principal
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.errors import ConflictError
from marketplace.kernel.http import Working
from marketplace.kernel.ids import OrganizationId, UserId
from marketplace.wiring import Marketplace
from tests.factories import ThingMoved, as_owner

Public = Annotated[Principal, Depends(PUBLIC)]
KEY = {"Idempotency-Key": "order-4711"}
PASSWORD = "amber-kettle-orchard-77"


@dataclass(slots=True)
class Shop:
    """The application under test and what a test can hold up in it."""

    client: TestClient
    entered: threading.Event = field(default_factory=threading.Event)
    may_go_on: threading.Event = field(default_factory=threading.Event)
    failing: bool = False
    done: int = 0


def _routes(shop: Callable[[], Shop]) -> FastAPI:
    router = http.router("/orders", tags=["orders"])

    @router.post("", status_code=201)
    def order(body: dict[str, int], work: Working, response: Response, _: Public, colour: str = "") -> dict[str, str]:
        shop().done += 1
        work.append(ThingMoved("a", body["pieces"]))
        if shop().failing:
            raise ConflictError("not now")
        response.headers["Location"] = f"/orders/{shop().done}"
        response.headers["ETag"] = http.etag(shop().done)
        return {"password": PASSWORD, "colour": colour, "number": str(shop().done)}

    @router.post("/slow", status_code=201)
    def slow(work: Working, _: Public) -> None:
        work.append(ThingMoved("a", 1))
        shop().entered.set()
        assert shop().may_go_on.wait(100)

    @router.post("/file", status_code=201)
    def file(file: UploadFile, work: Working, _: Public) -> dict[str, int]:
        work.append(ThingMoved("a", 1))
        return {"size": len(file.file.read())}

    app = FastAPI()
    http.install(app)
    app.include_router(router)
    return app


@pytest.fixture
def shop(market: Marketplace) -> Iterator[Shop]:
    kept: list[Shop] = []
    app = _routes(lambda: kept[0])
    app.state.workshop = market.workshop
    app.state.answer_sealer = market.vault.sealer("answers")
    app.state.authenticate = lambda request: caller(request.headers.get("authorization", ""))
    with TestClient(app, raise_server_exceptions=False, headers={"Authorization": "robin"}) as client:
        kept.append(Shop(client))
        yield kept[0]
        kept[0].may_go_on.set()


def caller(name: str) -> Principal:
    kind = Kind.PROVIDER if name == "carrier" else Kind.BUYER
    return Principal(kind, UserId(name), OrganizationId("org_a")) if name else NOBODY


def events(market: Marketplace) -> int:
    with as_owner(market) as connection:
        found: int = connection.execute(text("SELECT count(*) FROM kernel.journal")).scalar_one()
    return found


@pytest.mark.parametrize("name", ["robin", "carrier"])
def test_the_same_command_again_is_done_once_and_answered_alike(shop: Shop, market: Marketplace, name: str) -> None:
    headers = KEY | {"Authorization": name}
    first, second = (shop.client.post("/orders", json={"pieces": 2}, headers=headers) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    for header in ("etag", "location", "content-type"):
        assert first.headers[header] == second.headers[header]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["x-content-type-options"] == "nosniff"
    assert (shop.done, events(market)) == (1, 1)


@pytest.mark.parametrize(
    ("path", "pieces"), [("/orders", 3), ("/orders?colour=red", 2), ("/orders/slow", 2)], ids=["body", "query", "path"]
)
def test_another_command_under_the_same_key_is_refused(shop: Shop, market: Marketplace, path: str, pieces: int) -> None:
    assert shop.client.post("/orders", json={"pieces": 2}, headers=KEY).status_code == 201
    answer = shop.client.post(path, json={"pieces": pieces}, headers=KEY)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/idempotency-key-reused"
    assert events(market) == 1


def test_a_form_is_the_same_when_its_parts_are(shop: Shop, market: Marketplace) -> None:
    def upload(content: bytes, boundary: str) -> Any:
        return shop.client.post(
            "/orders/file",
            files={"file": ("register.pdf", content)},
            headers=KEY | {"Content-Type": f"multipart/form-data; boundary={boundary}"},
        )

    assert upload(b"twelve bytes", "first").status_code == 201
    again = upload(b"twelve bytes", "second")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert upload(b"other bytes!", "first").status_code == 422
    assert events(market) == 1
    fresh = {"Idempotency-Key": "another"}
    answer = shop.client.post("/orders/file", files={"file": ("register.pdf", b"twelve bytes")}, headers=fresh)
    assert answer.json() == {"size": 12}


@pytest.mark.parametrize("key", [{}, KEY], ids=["plain", "with a key"])
def test_a_form_of_the_wrong_kind_is_a_malformed_command(shop: Shop, key: dict[str, str]) -> None:
    assert shop.client.post("/orders/file", data={"file": "text"}, headers=key).status_code == 422


def test_while_a_command_runs_its_twin_is_told_to_wait(shop: Shop, market: Marketplace) -> None:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(shop.client.post, "/orders/slow", headers=KEY)
        assert shop.entered.wait(100)
        twin = shop.client.post("/orders/slow", headers=KEY)
        shop.may_go_on.set()
        assert running.result().status_code == 201
    assert twin.status_code == 409
    assert twin.json()["type"] == "/problems/command-running"
    assert twin.headers["retry-after"] == "1"
    assert shop.client.post("/orders/slow", headers=KEY).headers["idempotency-replayed"] == "true"
    assert events(market) == 1


def test_a_command_that_failed_leaves_no_answer_and_is_done_by_the_next_try(shop: Shop, market: Marketplace) -> None:
    shop.failing = True
    assert shop.client.post("/orders", json={"pieces": 2}, headers=KEY).status_code == 409
    shop.failing = False
    answer = shop.client.post("/orders", json={"pieces": 2}, headers=KEY)
    assert answer.status_code == 201
    assert "idempotency-replayed" not in answer.headers
    assert events(market) == 1


def test_keys_belong_to_their_caller(shop: Shop, market: Marketplace) -> None:
    for name in ("robin", "kim"):
        answer = shop.client.post("/orders", json={"pieces": 2}, headers=KEY | {"Authorization": name})
        assert "idempotency-replayed" not in answer.headers
    assert events(market) == 2


@pytest.mark.parametrize(
    ("name", "key", "status"),
    [
        ("", "short", 422),
        ("", "x" * 15, 422),
        ("", "x" * 16, 201),
        ("robin", " ", 422),
        ("robin", "x" * 200, 201),
        ("robin", "x" * 201, 422),
    ],
)
def test_a_key_that_others_could_guess_or_that_is_endless_is_refused(
    shop: Shop, market: Marketplace, name: str, key: str, status: int
) -> None:
    answer = shop.client.post("/orders", json={"pieces": 2}, headers={"Idempotency-Key": key, "Authorization": name})
    assert answer.status_code == status
    if status == 422:
        assert [error["pointer"] for error in answer.json()["errors"]] == ["header/Idempotency-Key"]
    assert events(market) == (status == 201)


def test_the_kept_answer_can_be_read_with_the_secret_alone(shop: Shop, market: Marketplace) -> None:
    assert PASSWORD in shop.client.post("/orders", json={"pieces": 2}, headers=KEY).text
    with as_owner(market) as connection:
        (row,) = connection.execute(text("SELECT fingerprint, answer FROM kernel.idempotency"))
    assert PASSWORD.encode() not in bytes(row.answer)
    assert b"password" not in bytes(row.answer)
    assert PASSWORD.encode() in market.vault.sealer("answers").open(row.answer)


def test_two_secrets_give_two_fingerprints(market: Marketplace) -> None:
    """Else the body of a command, such as a sealed bid, could be found by trying."""
    other = replace(market.vault, settings=market.settings.model_copy(update={"secret": market.settings.secret}))
    changed = replace(other, settings=market.settings.model_copy(update={"secret": _reversed(market)}))
    marks = [
        idempotency.key_of("robin", "key", ("POST", "/bids", b"400.00"), vault.sealer("answers")).fingerprint
        for vault in (market.vault, other, changed)
    ]
    assert marks[0] == marks[1] != marks[2]


def _reversed(market: Marketplace) -> object:
    secret = market.settings.secret
    return type(secret)(secret.get_secret_value()[::-1])


def test_answers_are_forgotten_after_two_days(shop: Shop, market: Marketplace, clock: StagedClock) -> None:
    shop.client.post("/orders", json={"pieces": 2}, headers=KEY)
    clock.now += idempotency.KEPT
    with market.workshop.work() as work:
        assert idempotency.forget_old(work) == 0
    clock.now += timedelta(seconds=1)
    with market.workshop.work() as work:
        assert idempotency.forget_old(work) == 1
    assert shop.client.post("/orders", json={"pieces": 3}, headers=KEY).status_code == 201
    assert events(market) == 2
