"""Deadlines: rung once however many heartbeats there are, tried again when they fail, and none in another's way."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from marketplace.kernel import alarms
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.work import Work
from marketplace.wiring import Marketplace
from tests.factories import ThingMoved, as_owner

SECOND = timedelta(seconds=1)


def set_alarms(market: Marketplace, *keys: str, kind: str = "bell", later: timedelta = timedelta()) -> None:
    with market.workshop.work() as work:
        for key in keys:
            alarms.set_alarm(work, kind, key, work.now + later)


def standing(market: Marketplace) -> list[str]:
    with as_owner(market) as connection:
        return list(connection.execute(text("SELECT key FROM kernel.alarms ORDER BY due_at, key")).scalars())


def test_an_alarm_rings_when_it_is_due_and_not_before(market: Marketplace, clock: StagedClock) -> None:
    rung: list[str] = []
    set_alarms(market, "a", later=SECOND)
    clock.now += SECOND - timedelta(microseconds=1)
    assert alarms.ring_due(market.workshop, {"bell": lambda _, key: rung.append(key)}) == 0
    clock.now += timedelta(microseconds=1)
    assert alarms.ring_due(market.workshop, {"bell": lambda _, key: rung.append(key)}) == 1
    assert alarms.ring_due(market.workshop, {"bell": lambda _, key: rung.append(key)}) == 0
    assert rung == ["a"]
    assert standing(market) == []


def test_an_alarm_that_is_set_again_moves(market: Marketplace, clock: StagedClock) -> None:
    rung: list[str] = []
    set_alarms(market, "a", later=SECOND)
    set_alarms(market, "a", later=3 * SECOND)
    clock.now += 2 * SECOND
    assert alarms.ring_due(market.workshop, {"bell": lambda _, key: rung.append(key)}) == 0
    clock.now += SECOND
    assert alarms.ring_due(market.workshop, {"bell": lambda _, key: rung.append(key)}) == 1
    assert rung == ["a"]


def test_a_ring_may_set_its_own_alarm_again(market: Marketplace, clock: StagedClock) -> None:
    def every_second(work: Work, key: str) -> None:
        alarms.set_alarm(work, "bell", key, work.now + SECOND)

    set_alarms(market, "a")
    for _ in range(3):
        assert alarms.ring_due(market.workshop, {"bell": every_second}) == 1
        clock.now += SECOND
    assert standing(market) == ["a"]


def test_the_longest_due_rings_first_and_a_heartbeat_has_an_end(market: Marketplace, clock: StagedClock) -> None:
    rung: list[str] = []
    for n, key in enumerate("cab"):
        set_alarms(market, key, later=n * SECOND)
    clock.now += 10 * SECOND
    assert alarms.ring_due(market.workshop, {"bell": lambda _, key: rung.append(key)}, limit=2) == 2
    assert rung == ["c", "a"]


def test_two_heartbeats_at_once_ring_each_alarm_once(market: Marketplace) -> None:
    keys = [f"{n:02}" for n in range(40)]
    set_alarms(market, *keys)
    together = threading.Barrier(2, timeout=100)
    first = threading.local()

    def ring(work: Work, key: str) -> None:
        if not hasattr(first, "met"):
            first.met = True
            together.wait()  # both hold an alarm at this moment
        work.append(ThingMoved(key, 1))

    with ThreadPoolExecutor(2) as pool:
        beats = [pool.submit(alarms.ring_due, market.workshop, {"bell": ring}) for _ in range(2)]
        counts = [beat.result(100) for beat in beats]
    assert sum(counts) == 40
    assert min(counts) >= 1
    with market.workshop.reading() as reading:
        rows = reading.session.connection().execute(text("SELECT stream FROM kernel.journal ORDER BY stream"))
        assert [row.stream for row in rows] == [f"lot:{key}" for key in keys]


def test_a_ring_that_fails_is_undone_and_tried_again_after_a_pause(
    market: Marketplace, clock: StagedClock, caplog: pytest.LogCaptureFixture
) -> None:
    broken = True

    def ring(work: Work, _: str) -> None:
        work.append(ThingMoved("a", 1))
        if broken:
            raise LookupError("out of order")

    set_alarms(market, "a")
    with pytest.raises(LookupError, match="out of order"):
        alarms.ring_due(market.workshop, {"bell": ring})
    assert "the alarm bell a failed" in caplog.text
    assert standing(market) == ["a"]
    assert alarms.ring_due(market.workshop, {"bell": ring}) == 0
    broken = False
    clock.now += alarms.PAUSE
    assert alarms.ring_due(market.workshop, {"bell": ring}) == 1
    with market.workshop.reading() as reading:
        assert reading.session.connection().execute(text("SELECT count(*) FROM kernel.journal")).scalar_one() == 1


def test_alarms_that_always_fail_hold_up_no_others(market: Marketplace, clock: StagedClock) -> None:
    rung: list[str] = []

    def fail(_: Work, __: str) -> None:
        raise LookupError

    set_alarms(market, "1", "2", "3", kind="broken")
    set_alarms(market, "x", kind="unheard of")
    clock.now += SECOND
    set_alarms(market, "a", "b")
    rings = {"bell": lambda _, key: rung.append(key), "broken": fail}
    with pytest.raises((LookupError, KeyError)):
        alarms.ring_due(market.workshop, rings, limit=4)  # no more than the failing ones
    assert rung == []
    assert alarms.ring_due(market.workshop, rings, limit=4) == 2
    assert rung == ["a", "b"]
    assert sorted(standing(market)) == ["1", "2", "3", "x"]


def test_a_ring_whose_commit_fails_waits_too(market: Marketplace) -> None:
    """The connection is gone when it is to be committed: the ring itself has returned."""

    def cut_off(work: Work, _: str) -> None:
        pid = work.session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one()
        with market.database.app.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    rung: list[str] = []
    set_alarms(market, "a", kind="cut-off")
    set_alarms(market, "b")
    with pytest.raises(Exception, match=r"terminating connection|closed the connection"):
        alarms.ring_due(market.workshop, {"cut-off": cut_off, "bell": lambda _, key: rung.append(key)})
    assert rung == ["b"]
    assert standing(market) == ["a"]


def test_an_alarm_set_anew_while_it_failed_keeps_its_new_time(market: Marketplace, clock: StagedClock) -> None:
    def fail(_: Work, __: str) -> None:
        raise LookupError

    set_alarms(market, "a")
    with pytest.raises(LookupError):
        alarms.ring_due(market.workshop, {"bell": fail})
    set_alarms(market, "a", later=SECOND)
    clock.now += SECOND
    rung: list[str] = []
    assert alarms.ring_due(market.workshop, {"bell": lambda _, key: rung.append(key)}) == 1
