"""The desk against the real PostgreSQL: many at once, twice the same, connections that die, lots that others hold."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

import asyncpg
import orjson
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text

from marketplace.bidding import service
from marketplace.bidding.desk import batch, line
from marketplace.bidding.desk import desk as desk_module
from marketplace.bidding.desk.desk import Desk
from marketplace.bidding.desk.orders import Answer, BidCommand
from marketplace.bidding.errors import BidRefusedError, NotTakingBidsError
from marketplace.bidding.offer import LinePrice, Offer
from marketplace.bidding.rules import Option, Rules, SoftClose, Ties, rules_hash
from marketplace.kernel import codec, journal
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.errors import UnavailableError
from marketplace.kernel.idempotency import Key, KeyReusedError
from marketplace.wiring import Marketplace
from tests.factories import SignedIn
from tests.security.made import Stage

T = TypeVar("T")
ENGLISH = {"format": "english", "decrement": "1.00"}
WAITING = text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")


@pytest.fixture
def stage(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Stage:
    return Stage(market, client, clock, run_worker)


@dataclass
class Room:
    """A request with its bidders, and the means to send their bids to desks."""

    stage: Stage
    request_id: str
    carriers: list[SignedIn]
    terms: dict[str, str]
    invitations: dict[str, str]

    def command(self, carrier: SignedIn, price: str, *refs: str) -> BidCommand:
        offers = tuple(
            Offer(ref, (LinePrice(f"L{ref[1:]}", Decimal(price)),), 36, None, self.terms[carrier.email], "0" * 64)
            for ref in refs or ("T1",)
        )
        return BidCommand(1, offers)

    async def bid(self, desk: Desk, carrier: SignedIn, price: str, *refs: str, key: str = "") -> Answer:
        named = Key(carrier.principal.user_id, key, f"{price} {refs}") if key else None
        command = self.command(carrier, price, *refs)
        return await desk.bid(carrier.principal, self.invitations[carrier.email], command, named)

    def one(self, statement: str, **values: Any) -> Any:
        with owning(self.stage.market) as connection:
            return connection.execute(text(statement), values).scalar_one()

    def verified(self) -> journal.ChainReport:
        with self.stage.market.workshop.reading() as reading:
            return journal.verify(reading.session)


@contextmanager
def owning(market: Marketplace) -> Iterator[Any]:
    engine = create_engine(market.database.owner)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def a_room(stage: Stage, bidders: int = 2, lots: int = 1, **changed: Any) -> Room:
    carriers = [stage.a_carrier() for _ in range(bidders)]
    parts: dict[str, Any] = {"auction": ENGLISH}
    if lots > 1:
        line = stage.parts()["lines"][0]
        parts["lines"] = [line | {"ref": f"L{number}"} for number in range(1, lots + 1)]
        parts["lots"] = [{"ref": f"T{number}", "lines": [f"L{number}"]} for number in range(1, lots + 1)]
    request_id = stage.publish(**parts | changed)
    return Room(
        stage,
        request_id,
        carriers,
        {carrier.email: stage.terms(carrier) for carrier in carriers},
        {carrier.email: stage.invitation(carrier) for carrier in carriers},
    )


def with_rules(room: Room, **changed: Any) -> None:
    """Change the frozen rules of a lot that nobody has bid on, as no service can."""
    with owning(room.stage.market) as connection:
        stored = connection.execute(text("SELECT rules FROM market.lots")).scalar_one()
        rules = replace(codec.load(Rules, stored), **changed)
        connection.execute(
            text("UPDATE market.lots SET rules = :rules, rules_hash = :hash, revision = revision + 1"),
            {"rules": orjson.dumps(codec.dump(rules)).decode(), "hash": rules_hash(rules)},
        )


def at_desks(room: Room, play: Callable[..., Coroutine[Any, Any, T]], desks: int = 1) -> T:
    """Let ``play`` have that many desks, as so many processes have."""

    async def played() -> T:
        opened = [Desk(room.stage.market.workshop) for _ in range(desks)]
        try:
            return await play(*opened)
        finally:
            for desk in opened:
                await desk.close()

    return asyncio.run(played())


async def outcomes(*bids: Coroutine[Any, Any, Answer]) -> Counter[str]:
    found = await asyncio.gather(*bids, return_exceptions=True)
    return Counter(type(item).__name__ for item in found)


def test_of_two_hundred_equal_bids_one_is_accepted_where_ties_are_banned(stage: Stage) -> None:
    room = a_room(stage, bidders=8)
    with_rules(room, ties=Ties.BANNED, disclosed=(Option.ALL_PRICES,))

    async def play(desk: Desk) -> Counter[str]:
        return await outcomes(*(room.bid(desk, room.carriers[number % 8], "400.00") for number in range(200)))

    assert at_desks(room, play) == {"Answer": 1, "BidRefusedError": 199}
    assert room.one("SELECT count(*) FROM market.bids") == 1


def test_two_processes_number_the_events_of_one_lot_without_gaps(stage: Stage) -> None:
    room = a_room(stage, bidders=4)

    async def play(*desks: Desk) -> Counter[str]:
        bids = [room.bid(desks[number % 2], room.carriers[number % 4], f"{500 - number}.00") for number in range(60)]
        return await outcomes(*bids)

    assert at_desks(room, play, desks=2)["Answer"] > 10
    report = room.verified()
    assert report.broken == ""
    events = room.one("SELECT array_agg(seq ORDER BY seq) FROM kernel.journal WHERE stream LIKE 'lot:%'")
    assert events == list(range(1, len(events) + 1))
    # what the services read from rows is what the events lead to
    with stage.market.workshop.reading() as reading:
        (view,) = service.buyer_views(reading, room.request_id).values()  # type: ignore[arg-type]
    assert view.bids is not None
    assert len(view.bids) == 4


def test_equal_keys_in_one_batch_and_later_get_the_same_receipt_and_one_event(stage: Stage) -> None:
    room = a_room(stage, lots=2)
    carrier = room.carriers[0]

    async def play(desk: Desk, other: Desk) -> None:
        sent = [room.bid(desk, carrier, "400.00", "T1", "T2", key="once") for _ in range(5)]
        answers = await asyncio.gather(*sent)
        answers.append(await room.bid(other, carrier, "400.00", "T1", "T2", key="once"))
        assert len({answer.receipts for answer in answers}) == 1
        assert sum(answer.replayed for answer in answers) == 5
        for refs in (("T1",), ("T1", "T2")):
            with pytest.raises(KeyReusedError):
                await room.bid(desk, carrier, "399.00", *refs, key="once")

    at_desks(room, play, desks=2)
    assert room.one("SELECT count(*) FROM market.bids") == 2
    assert room.one("SELECT count(*) FROM kernel.journal WHERE type = 'bid.placed'") == 2


def test_a_bid_on_several_lots_is_accepted_whole_or_not_at_all(stage: Stage) -> None:
    room = a_room(stage, lots=2)
    first, second = room.carriers

    async def play(desk: Desk) -> None:
        await room.bid(desk, first, "400.00", "T1")
        with pytest.raises(BidRefusedError):
            await room.bid(desk, first, "400.00", "T2", "T1")  # no step on T1
        bids = [room.bid(desk, second, f"{350 - number}.00", *refs) for number in range(6) for refs in (("T2", "T1"),)]
        assert (await outcomes(*bids)) == {"Answer": 6}

    at_desks(room, play)
    assert room.one("SELECT count(*) FROM market.bids") == 13
    assert room.verified().broken == ""


def test_a_killed_connection_is_answered_503_and_a_retry_does_nothing_twice(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = a_room(stage)
    carrier = room.carriers[0]
    written = batch._write

    async def killed(draft: Any, connection: Any) -> None:
        await written(draft, connection)
        with owning(stage.market) as owner:
            owner.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": connection.get_server_pid()})

    async def play(desk: Desk) -> None:
        await room.bid(desk, carrier, "500.00")
        with monkeypatch.context() as patch:
            patch.setattr(batch, "_write", killed)
            with pytest.raises(UnavailableError) as caught:
                await room.bid(desk, carrier, "400.00", key="once")
        assert caught.value.headers["Retry-After"]
        again = [await room.bid(desk, carrier, "400.00", key="once") for _ in range(2)]
        assert again[0].receipts == again[1].receipts
        assert [answer.replayed for answer in again] == [False, True]

    at_desks(room, play)
    assert room.one("SELECT count(*) FROM market.bids") == 2
    assert room.verified().broken == ""


@pytest.mark.parametrize("error", [asyncpg.DiskFullError("no space left"), asyncpg.InternalClientError("wrong state")])
def test_a_full_disk_or_a_driver_in_disorder_is_answered_503_and_a_retry_does_it_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    room = a_room(stage)
    carrier = room.carriers[0]

    async def fails(_draft: Any, _connection: Any) -> None:
        raise error

    async def play(desk: Desk) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(batch, "_write", fails)
            with pytest.raises(UnavailableError):
                await room.bid(desk, carrier, "400.00", key="once")
        again = [await room.bid(desk, carrier, "400.00", key="once") for _ in range(2)]
        assert [answer.replayed for answer in again] == [False, True]

    at_desks(room, play)
    assert room.one("SELECT count(*) FROM market.bids") == 1


def test_a_lot_that_is_forgotten_while_another_is_read_is_still_bid_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = a_room(stage, lots=2)
    first, second = room.carriers
    read = desk_module._snapshot

    async def play(desk: Desk) -> None:
        await room.bid(desk, first, "500.00", "T1")

        async def forgetful(connection: Any, lot_ids: Any) -> Any:
            found = await read(connection, lot_ids)
            desk._office.cache.forget(list(desk._office.cache._lots))  # as after a write that ended in the dark
            return found

        with monkeypatch.context() as patch:
            patch.setattr(desk_module, "_snapshot", forgetful)
            assert len((await room.bid(desk, second, "400.00", "T1", "T2")).receipts) == 2
            found = await desk.dry_run(second.principal, room.invitations[second.email], room.command(second, "300.00"))
            assert [ref for ref, *_ in found] == ["T1"]

    at_desks(room, play)
    assert room.one("SELECT count(*) FROM market.bids") == 3


def test_beyond_its_share_of_the_queue_a_lot_is_answered_503(stage: Stage) -> None:
    room = a_room(stage, bidders=1, lots=2)
    carrier = room.carriers[0]

    async def play(desk: Desk) -> tuple[Counter[str], Answer]:
        desk._most = 40
        await room.bid(desk, carrier, "900.00", "T1")
        await room.bid(desk, carrier, "900.00", "T2")
        hot = asyncio.gather(
            *(room.bid(desk, carrier, f"{800 - n}.00", "T1") for n in range(60)), return_exceptions=True
        )
        calm = await room.bid(desk, carrier, "500.00", "T2")
        return Counter(type(item).__name__ for item in await hot), calm

    hot, calm = at_desks(room, play)
    assert hot == {"Answer": 10, "UnavailableError": 50}
    assert calm.receipts


def test_a_lot_that_somebody_holds_delays_no_other(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were another lot to wait for the held one, the two would wait for each other until the lock's own limit."""
    monkeypatch.setattr(line, "LOCK_TIMEOUT_MS", 60_000)  # a slow machine must not give the held lot up
    room = a_room(stage, bidders=1, lots=12)  # so many that they share lanes
    carrier = room.carriers[0]

    async def play(desk: Desk) -> None:
        refs = [f"T{number}" for number in range(1, 13)]
        await asyncio.gather(*(room.bid(desk, carrier, "900.00", ref) for ref in refs))
        with owning(stage.market) as holder:
            holder.execute(text("SELECT id FROM market.lots WHERE ref = 'T1' FOR UPDATE"))
            held = [asyncio.ensure_future(room.bid(desk, carrier, f"{800 - n}.00", "T1")) for n in range(3)]
            while not holder.execute(WAITING).scalar_one():  # noqa: ASYNC110 - only the database can tell
                await asyncio.sleep(0.01)
            others = await asyncio.gather(*(room.bid(desk, carrier, "700.00", ref) for ref in refs[1:]))
            assert all(answer.receipts for answer in others)
            assert not any(bid.done() for bid in held)
        assert len(await asyncio.gather(*held)) == 3

    at_desks(room, play)


def test_a_bid_on_several_lots_of_which_one_is_held_delays_no_other(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "LOCK_TIMEOUT_MS", 60_000)  # a slow machine must not give the held lot up
    room = a_room(stage, bidders=2, lots=4)
    one, two = room.carriers

    async def play(desk: Desk) -> None:
        with owning(stage.market) as holder:
            holder.execute(text("SELECT id FROM market.lots WHERE ref = 'T1' FOR UPDATE"))
            held = asyncio.ensure_future(room.bid(desk, one, "900.00", "T1", "T2"))
            while not holder.execute(WAITING).scalar_one():  # noqa: ASYNC110 - only the database can tell
                await asyncio.sleep(0.01)
            assert (await room.bid(desk, two, "800.00", "T3", "T4")).receipts
            # a lot that the waiting order needs, too, is free for others while it waits
            assert (await room.bid(desk, two, "790.00", "T2", "T3")).receipts
            assert (await room.bid(desk, one, "700.00", "T4")).receipts
            assert not held.done()
        assert len((await held).receipts) == 2

    at_desks(room, play)


def test_a_bid_that_meets_one_held_lot_after_another_waits_for_all_of_them(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "LOCK_TIMEOUT_MS", 60_000)
    room = a_room(stage, bidders=1, lots=3)
    (carrier,) = room.carriers

    async def play(desk: Desk) -> None:
        with owning(stage.market) as later:
            with owning(stage.market) as first:
                first.execute(text("SELECT id FROM market.lots WHERE ref = 'T3' FOR UPDATE"))
                held = asyncio.ensure_future(room.bid(desk, carrier, "900.00", "T1", "T2", "T3"))
                while not first.execute(WAITING).scalar_one():  # noqa: ASYNC110 - only the database can tell
                    await asyncio.sleep(0.01)
                later.execute(text("SELECT id FROM market.lots WHERE ref = 'T1' FOR UPDATE"))
            while not later.execute(WAITING).scalar_one():  # noqa: ASYNC110 - only the database can tell
                await asyncio.sleep(0.01)
            assert not held.done()
        assert len((await held).receipts) == 3

    at_desks(room, play)


def test_a_late_improvement_moves_the_close_and_its_alarm(stage: Stage) -> None:
    room = a_room(stage)
    with_rules(room, soft_close=SoftClose(window_seconds=300, extension_seconds=600))
    first, second = room.carriers
    closes_at = room.one("SELECT closes_at FROM market.lots")

    async def play(desk: Desk) -> None:
        await room.bid(desk, first, "500.00")
        stage.clock.now = closes_at - timedelta(minutes=1)
        await room.bid(desk, second, "400.00")

    at_desks(room, play)
    assert room.one("SELECT closes_at FROM market.lots") == closes_at + timedelta(minutes=10)
    alarm = "SELECT due_at FROM kernel.alarms WHERE kind = 'lot-clock'"
    assert room.one(alarm) == closes_at + timedelta(minutes=10)


def test_a_suspended_request_takes_no_bids_and_a_late_bid_is_late_by_the_databases_clock(stage: Stage) -> None:
    room = a_room(stage)
    carrier = room.carriers[0]

    async def play(desk: Desk) -> None:
        await room.bid(desk, carrier, "500.00")
        for suspended in (True, False):
            with stage.market.workshop.work() as work:
                service.suspended(work, room.request_id, suspended=suspended)  # type: ignore[arg-type]
            if suspended:
                with pytest.raises(NotTakingBidsError):
                    await room.bid(desk, carrier, "400.00")
                with pytest.raises(NotTakingBidsError):
                    await desk.dry_run(
                        carrier.principal, room.invitations[carrier.email], room.command(carrier, "400.00")
                    )
        await room.bid(desk, carrier, "400.00")
        stage.clock.now = room.one("SELECT closes_at FROM market.lots")
        with pytest.raises(BidRefusedError) as caught:
            await room.bid(desk, carrier, "300.00")
        assert caught.value.extra["refusal"]["code"] == "late"

    at_desks(room, play)


def test_limits_bid_for_their_owners_and_every_price_has_its_offer(stage: Stage) -> None:
    room = a_room(stage)
    with_rules(room, proxy=True, ceiling=Decimal("20000.00"))
    first, second = room.carriers
    for carrier, limit in ((first, "9000.00"), (second, "8000.00")):
        offer = {"lot": "T1", "lines": [{"line": "L1", "mrc": "400.00"}]}
        body = {
            "request_version": 1,
            "terms_id": room.terms[carrier.email],
            "term_months": 36,
            "lots": [{"offer": offer, "limit": limit}],
        }
        path = f"/invitations/{room.invitations[carrier.email]}"
        headers = {"Idempotency-Key": "limit"}
        done = [stage.call(carrier, "PUT", f"{path}/proxies", body, headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in done] == [200, 200], done[0].text
        assert done[0].content == done[1].content
        assert done[1].headers["Idempotency-Replayed"] == "true"
    (seen,) = stage.ok(second, "GET", f"/invitations/{room.invitations[second.email]}/auction")
    assert (seen["own_amount"], seen["own_automatic"], seen["proxy_limit"], seen["rank"]) == (
        "8999.00",
        True,
        "8000.00",
        1,
    )
    totals = room.one("SELECT array_agg(amount ORDER BY sequence) FROM market.bids WHERE automatic")
    assert totals[-2:] == [Decimal("8999.00"), Decimal("9000.00")]
    assert room.verified().broken == ""


def test_a_dry_run_tells_what_a_bid_would_lead_to_and_changes_nothing(stage: Stage) -> None:
    room = a_room(stage)
    first, second = room.carriers
    stage.bid(first, "400.00")
    path = f"/invitations/{room.invitations[second.email]}/bids"
    body = stage.bid_body(second, "399.00")
    own = stage.bid_body(first)
    before = room.one("SELECT count(*) FROM kernel.journal")
    (seen,) = stage.ok(second, "POST", f"{path}/dry-run", body)
    assert (seen["refused"], seen["amount"]) == (None, "14364.00")
    assert (seen["seen"]["own_amount"], seen["seen"]["rank"]) == ("14364.00", None)  # a rank would be a search light
    (again,) = stage.ok(first, "POST", f"/invitations/{room.invitations[first.email]}/bids/dry-run", own)
    assert (again["seen"], again["refused"]["code"]) == (None, "step_too_small")
    assert room.one("SELECT count(*) FROM kernel.journal") == before


def test_a_receipt_is_given_again_byte_for_byte_and_limits_are_told(stage: Stage) -> None:
    room = a_room(stage)
    carrier = room.carriers[0]
    path, body = f"/invitations/{room.invitations[carrier.email]}/bids", stage.bid_body(carrier)
    answers = [stage.call(carrier, "POST", path, body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true"]
    assert answers[0].headers["ratelimit-policy"] == '"bids";q=200;w=2'
    other = stage.call(
        carrier, "POST", path, body | {"term_months": 36, "confirmed": True}, headers={"Idempotency-Key": "k"}
    )
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    statuses = Counter(stage.call(carrier, "POST", path + "/dry-run", body).status_code for _ in range(210))
    assert statuses == {200: 197, 429: 13}
    refused = stage.call(carrier, "POST", path, body)
    assert (refused.headers["retry-after"], refused.headers["ratelimit"]) == ("1", '"bids";r=0;t=2')
