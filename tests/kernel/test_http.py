"""Requests as transactions: what is stored when the answer leaves, and what callers are told when something fails."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, Any

import anyio
import anyio.lowlevel
import pytest
from fastapi import Depends, FastAPI, Response
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import create_engine, text
from starlette.types import Message, Receive, Scope, Send

from marketplace.kernel import http
from marketplace.kernel.access import NOBODY, PUBLIC, Principal
from marketplace.kernel.errors import ConflictError
from marketplace.kernel.http import DeskReading, DeskWork, IfMatch, ReadingOnly, Working
from marketplace.kernel.work import Work
from marketplace.wiring import Marketplace
from tests.factories import ThingMoved, as_owner

Public = Annotated[Principal, Depends(PUBLIC)]
PROBLEM = "application/problem+json"


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=20)
    price: Decimal = Field(gt=0)


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    parts: list[Part] = Field(max_length=3)


class BrokenThingError(ConflictError):
    kind = "broken-thing"
    title = "The thing is broken"


router = http.router("/things", tags=["things"])
KEPT: list[Work] = []
BEGUN: list[anyio.Event] = []


@router.post("", status_code=201)
def make(body: Thing, work: Working, response: Response, _: Public) -> dict[str, int]:
    work.append(ThingMoved("a", len(body.parts)))
    response.headers["Location"] = "/things/a"
    return {"parts": len(body.parts)}


@router.post("/slow")
async def slow(work: Working, _: Public) -> None:
    """Take so long that the caller hangs up."""
    KEPT.append(work)  # so that the collector doesn't end what we should
    work.append(ThingMoved("a", 1))
    BEGUN[0].set()
    await anyio.sleep_forever()


@router.post("/conflict")
def conflict(work: Working, _: Public) -> None:
    work.append(ThingMoved("a", 1))
    raise BrokenThingError("Part 3 is missing.", part=3)


@router.post("/orphan")
def orphan(work: Working, _: Public) -> None:
    """Store what the database refuses when it commits, not before."""
    work.append(ThingMoved("a", 1))
    work.session.connection().execute(text("INSERT INTO probe.parts (id, whole) VALUES ('p', 'no such whole')"))


@router.post("/cut-off")
def cut_off(work: Working, _: Public) -> None:
    """Do everything, and lose the database just before the commit."""
    work.append(ThingMoved("a", 1))
    pid = work.session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one()
    _terminate(work, pid)


@router.post("/bug")
def bug(work: Working, _: Public) -> None:
    work.append(ThingMoved("a", 1))
    raise RuntimeError("secret internals")


@router.post("/unadaptable")
def unadaptable(work: Working, _: Public) -> None:
    work.session.connection().execute(text("SELECT :what"), {"what": object()})


@router.post("/text")
def store_text(body: dict[str, str], work: Working, _: Public) -> None:
    work.append(ThingMoved(body["name"], 1))
    work.session.connection().execute(
        text("INSERT INTO probe.documents (data) VALUES (CAST(:data AS jsonb))"), {"data": _json(body)}
    )


@router.get("/sneaky")
def sneaky(reading: ReadingOnly, _: Public) -> None:
    """Write in a route that may only read."""
    reading.session.connection().execute(text("INSERT INTO probe.wholes (id) VALUES ('w')"))


@router.patch("/a")
def edit(work: Working, response: Response, _: Public, if_match: IfMatch = None) -> None:
    http.check_if_match(if_match, 3)
    work.append(ThingMoved("a", 4))
    response.headers["ETag"] = http.etag(4)


@router.post("/desk")
def at_the_desk(work: DeskWork, _: Public) -> dict[str, str]:
    work.append(ThingMoved("a", 1))
    return {"role": work.session.connection().execute(text("SELECT current_user")).scalar_one()}


@router.get("/desk")
def look_at_the_desk(reading: DeskReading, _: Public) -> dict[str, str]:
    return {"role": reading.session.connection().execute(text("SELECT current_user")).scalar_one()}


@router.get("/page")
def page(reading: ReadingOnly, _: Public, limit: int) -> dict[str, int]:
    assert reading.now
    return {"limit": limit}


def _json(body: dict[str, str]) -> str:
    return '{"name": "a\\u0000b"}' if body["name"] == "escaped" else f'{{"name": "{body["name"]}"}}'


def _terminate(work: Work, pid: int) -> None:
    engine = create_engine(work.session.get_bind().engine.url)
    with engine.connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    engine.dispose()


@pytest.fixture
def probe(market: Marketplace) -> Iterator[None]:
    """Tables with a constraint that is checked at commit."""
    with as_owner(market) as connection:
        connection.execute(text("CREATE SCHEMA probe"))
        connection.execute(text("CREATE TABLE probe.wholes (id text PRIMARY KEY)"))
        connection.execute(text("CREATE TABLE probe.documents (data jsonb)"))
        connection.execute(
            text(
                "CREATE TABLE probe.parts (id text PRIMARY KEY,"
                " whole text REFERENCES probe.wholes (id) DEFERRABLE INITIALLY DEFERRED)"
            )
        )
        connection.execute(text("GRANT USAGE ON SCHEMA probe TO marketplace_app"))
        connection.execute(text("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA probe TO marketplace_app"))
    yield
    with as_owner(market) as connection:
        connection.execute(text("DROP SCHEMA probe CASCADE"))


@pytest.fixture
def app(market: Marketplace) -> FastAPI:
    app = FastAPI()
    app.state.workshop = market.workshop
    app.state.authenticate = lambda _: NOBODY
    app.state.answer_sealer = market.vault.sealer("answers")
    http.install(app)
    app.include_router(router)
    return app


@pytest.fixture
def things(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def events(market: Marketplace) -> Callable[[], int]:
    def count() -> int:
        with market.workshop.reading() as reading:
            found: int = reading.session.connection().execute(text("SELECT count(*) FROM kernel.journal")).scalar_one()
        return found

    return count


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert document["title"]
    return document


def test_the_commit_comes_before_the_first_byte_of_the_answer(app: FastAPI, events: Callable[[], int]) -> None:
    stored_when_answered = []

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def watching(message: Message) -> None:
            if message["type"] == "http.response.start":
                stored_when_answered.append(events())
            await send(message)

        await app(scope, receive, watching)

    answer = TestClient(watched).post("/things", json={"parts": []})
    assert answer.status_code == 201
    assert answer.headers["location"] == "/things/a"
    assert stored_when_answered == [1]


@pytest.mark.usefixtures("probe")
@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "a-key-nobody-guesses"}], ids=["plain", "with a key"])
@pytest.mark.parametrize(("path", "status"), [("/things/orphan", 500), ("/things/cut-off", 503)])
def test_a_commit_that_fails_is_never_answered_as_done(
    things: TestClient, events: Callable[[], int], path: str, status: int, key: dict[str, str]
) -> None:
    answer = things.post(path, headers=key)
    problem(answer, status)
    if status == 503:
        assert answer.headers["retry-after"] == "1"
    assert events() == 0
    assert things.post(
        "/things", json={"parts": []}, headers=key | {"Idempotency-Key": "another-key-of-mine"}
    ).is_success


def test_a_named_conflict_is_told_as_it_is_and_undoes_everything(things: TestClient, events: Callable[[], int]) -> None:
    assert problem(things.post("/things/conflict"), 409) == {
        "type": "/problems/broken-thing",
        "title": "The thing is broken",
        "status": 409,
        "detail": "Part 3 is missing.",
        "part": 3,
    }
    assert events() == 0


def test_an_unhandled_error_tells_nothing_of_the_inside(things: TestClient, events: Callable[[], int]) -> None:
    answer = things.post("/things/bug")
    assert problem(answer, 500)["type"] == "/problems/internal"
    assert "secret" not in answer.text
    assert "RuntimeError" not in answer.text
    assert events() == 0


def test_what_the_driver_cannot_send_is_our_fault_and_not_worth_trying_again(things: TestClient) -> None:
    answer = things.post("/things/unadaptable")
    problem(answer, 500)
    assert "retry-after" not in answer.headers


def test_wrong_fields_are_pointed_at(things: TestClient) -> None:
    body = {"parts": [{"name": "bolt", "price": "1"}, {"name": "x" * 21, "price": 0, "colour/~": "red"}]}
    document = problem(things.post("/things", json=body), 422)
    assert document["type"] == "/problems/malformed"
    assert {error["pointer"] for error in document["errors"]} == {
        "/parts/1/name",
        "/parts/1/price",
        "/parts/1/colour~1~0",
    }
    assert all(error["message"] for error in document["errors"])
    (unknown,) = (error for error in document["errors"] if error["pointer"] == "/parts/1/colour~1~0")
    assert "leave it out" in unknown["message"]
    (absent,) = problem(things.post("/things", json={"parts": [{"price": "1"}]}), 422)["errors"]
    assert absent == {"pointer": "/parts/0/name", "message": "This field is required: give it a value"}


def test_a_wrong_parameter_and_a_wrong_body_as_a_whole_are_pointed_at(things: TestClient) -> None:
    (error,) = problem(things.get("/things/page", params={"limit": "many"}), 422)["errors"]
    assert error["pointer"] == "query/limit"
    for body in (b"", b"{", b"[1, 2"):
        (error,) = problem(things.post("/things", content=body, headers={"content-type": "application/json"}), 422)[
            "errors"
        ]
        assert error["pointer"] == ""


def test_unreadable_json_is_a_problem_too(things: TestClient) -> None:
    for body in (b"\xff\xfe", b"[" * 500_000):
        answer = things.post("/things", content=body, headers={"content-type": "application/json"})
        assert problem(answer, 422)["type"] == "/problems/malformed"


@pytest.mark.usefixtures("probe")
@pytest.mark.parametrize("name", ["a\0b", "escaped"])
def test_a_nul_in_a_text_is_the_callers_mistake_in_a_column_and_inside_of_json(
    things: TestClient, events: Callable[[], int], name: str
) -> None:
    assert "U+0000" in problem(things.post("/things/text", json={"name": name}), 422)["detail"]
    assert events() == 0


def test_an_unknown_path_and_a_wrong_method_are_problems(things: TestClient) -> None:
    assert problem(things.get("/no/such/thing"), 404)["type"] == "/problems/not-found"
    answer = things.delete("/things")
    problem(answer, 405)
    assert answer.headers["allow"] == "POST"


def test_a_body_over_the_limit_is_refused_before_it_is_read(things: TestClient, events: Callable[[], int]) -> None:
    json = {"content-type": "application/json"}
    assert things.post("/things", content=b'{"parts": []}'.ljust(http.LARGEST_BODY), headers=json).status_code == 201
    problem(things.post("/things", content=b'{"parts": []}'.ljust(http.LARGEST_BODY + 1), headers=json), 413)
    problem(things.post("/things", content=b"", headers={"content-length": "-1"}), 413)
    problem(things.post("/things", content=iter([b'{"parts": []}']), headers=json), 413)
    large = b"x" * (http.LARGEST_BODY + 1)
    for content_type in ("text/csv", "Multipart/Form-Data; boundary=x"):
        assert things.post("/things", content=large, headers={"content-type": content_type}).status_code == 422
    assert events() == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/things/page?limit=1", 200),
        ("GET", "/things/page", 422),
        ("GET", "/nothing", 404),
        ("POST", "/things/conflict", 409),
        ("POST", "/things/bug", 500),
    ],
)
def test_every_answer_carries_the_headers_of_a_careful_server(
    things: TestClient, method: str, path: str, status: int
) -> None:
    answer = things.request(method, path)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    ("if_match", "status"), [(None, 428), ('"2"', 412), ("3", 412), ('W/"3"', 412), ('"3"', 200), ("*", 200)]
)
def test_a_change_must_name_the_version_that_it_changes(
    things: TestClient, events: Callable[[], int], if_match: str | None, status: int
) -> None:
    answer = things.patch("/things/a", headers={} if if_match is None else {"If-Match": if_match})
    assert answer.status_code == status
    assert events() == (status == 200)
    if status == 200:
        assert answer.headers["etag"] == '"4"'
    else:
        assert '"3"' in problem(answer, status)["detail"]


@pytest.mark.usefixtures("probe")
def test_a_reading_route_cannot_write(things: TestClient, market: Marketplace) -> None:
    problem(things.get("/things/sneaky"), 500)
    with as_owner(market) as connection:
        assert connection.execute(text("SELECT count(*) FROM probe.wholes")).scalar_one() == 0


def test_routes_of_the_desk_run_on_its_role_and_do_a_repeated_command_once(
    things: TestClient, events: Callable[[], int]
) -> None:
    headers = {"Idempotency-Key": "a key that nobody guesses"}
    first, again = (things.post("/things/desk", headers=headers) for _ in range(2))
    assert first.json() == again.json() == things.get("/things/desk").json() == {"role": "marketplace_desk"}
    assert again.headers["Idempotency-Replayed"] == "true"
    assert events() == 1


def test_no_request_keeps_its_connection(things: TestClient, market: Marketplace) -> None:
    for path in ("/things/conflict", "/things/bug", "/things/unadaptable", "/nothing"):
        things.post(path)
    things.post("/things", json={"parts": "wrong"})
    things.get("/things/page", params={"limit": 1})
    assert market.database.app.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_a_caller_who_hangs_up_leaves_no_transaction_behind(
    app: FastAPI, market: Marketplace, events: Callable[[], int]
) -> None:
    async def hang_up() -> None:
        scope = {"type": "http", "method": "POST", "path": "/things/slow", "headers": [], "query_string": b""}
        BEGUN[:] = [anyio.Event()]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(app, scope, _nothing_more, _swallow)
            await BEGUN[0].wait()
            tasks.cancel_scope.cancel()  # as the server does with the task of a caller who is gone

    anyio.run(hang_up)
    assert market.database.app.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert events() == 0
    assert KEPT
    KEPT.clear()


async def _nothing_more() -> Message:
    await anyio.sleep_forever()
    return {"type": "http.disconnect"}


async def _swallow(_message: Message) -> None:
    await anyio.lowlevel.checkpoint()
