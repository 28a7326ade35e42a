"""Following the journal: every event once, in order, whatever fails, dies or runs twice."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text

from marketplace.kernel import journal, reactions
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.journal import Recorded
from marketplace.kernel.reactions import Follower, catch_up, follow, stamp_all
from marketplace.kernel.work import Reaction, Reactions, Work, Workshop
from marketplace.wiring import Marketplace
from tests.factories import ThingMoved, as_owner

THINGS = frozenset({ThingMoved.name})
Handle = Callable[[Work, Recorded], None]
PATIENCE = 100
"""Seconds after which what does not come is taken for a hang: below the limit of a test."""


def remember(work: Work, event: Recorded) -> None:
    """Store the effect of one event, twice if it is handled twice."""
    work.session.connection().execute(
        text("INSERT INTO probe.effects (thing, figure, position) VALUES (:thing, :figure, :position)"),
        {**event.data, "position": event.position},
    )


def following(market: Marketplace, **handles: Handle) -> Workshop:
    found = tuple(Reaction(name, THINGS, handle) for name, handle in handles.items())
    return replace(market.workshop, reactions=Reactions(found))


def append(market: Marketplace, *figures: int, thing: str = "a") -> None:
    for figure in figures:
        with market.workshop.work() as work:
            work.append(ThingMoved(thing, figure))


def effects(market: Marketplace) -> list[tuple[str, int, int]]:
    with as_owner(market) as connection:
        rows = connection.execute(text("SELECT thing, figure, position FROM probe.effects ORDER BY id"))
        return [(row.thing, row.figure, row.position) for row in rows]


def cursor(market: Marketplace, name: str) -> tuple[int, int, str]:
    with as_owner(market) as connection:
        row = connection.execute(
            text("SELECT position, failures, last_error FROM kernel.cursors WHERE name = :name"), {"name": name}
        ).one()
    return row.position, row.failures, row.last_error


@pytest.fixture(autouse=True)
def _probe(market: Marketplace) -> Iterator[None]:
    with as_owner(market) as connection:
        connection.execute(text("CREATE SCHEMA probe"))
        connection.execute(
            text(
                "CREATE TABLE probe.effects (id bigint GENERATED ALWAYS AS IDENTITY, thing text, figure int,"
                " position bigint)"
            )
        )
        connection.execute(text("GRANT USAGE ON SCHEMA probe TO marketplace_app"))
        connection.execute(text("GRANT INSERT ON probe.effects TO marketplace_app"))
    yield
    with as_owner(market) as connection:
        connection.execute(text("DROP SCHEMA probe CASCADE"))


@contextmanager
def working(*threads: threading.Thread | Follower) -> Iterator[None]:
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            if isinstance(thread, Follower):
                thread.end()
            else:
                thread.join(PATIENCE)
            assert not thread.is_alive()


def test_two_workers_beside_many_writers_handle_every_event_once_and_in_order(market: Marketplace) -> None:
    streams, writers, each = 3, 4, 30
    workshop = following(market, probe=remember)
    wake = threading.Event()

    def write(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - the same run each time
        for figure in range(each):
            with market.workshop.work() as work:
                work.append(ThingMoved(str(chance.randrange(streams)), figure))
                if chance.random() < 0.3:
                    time.sleep(0.002)  # so that later writers commit before earlier ones
            if chance.random() < 0.1:
                with pytest.raises(RuntimeError, match="undone"):
                    write_and_fail()

    def write_and_fail() -> None:
        with market.workshop.work() as work:
            work.append(ThingMoved("0", -1))
            raise RuntimeError("undone")

    with working(*(Follower(workshop, wake, 0.005) for _ in range(2))), ThreadPoolExecutor(writers) as pool:
        for done in [pool.submit(write, seed) for seed in range(writers)]:
            done.result(timeout=PATIENCE)
    catch_up(workshop)

    total = writers * each
    found = effects(market)
    assert [position for _, _, position in found] == list(range(1, total + 1))
    with market.workshop.reading() as reading:
        assert journal.verify(reading.session) == journal.ChainReport(streams, total)
        for stream in range(streams):
            events = list(journal.of_stream(reading.session, f"lot:{stream}"))
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
            positions = [event.position or 0 for event in events]
            assert positions == sorted(positions)
    assert cursor(market, "probe")[1:] == (0, "")


def test_a_subscriber_starts_at_the_beginning_and_is_told_its_own_events_only(market: Marketplace) -> None:
    append(market, *range(120))
    other = Reaction("other", frozenset({"thing.lost"}), remember)
    mine = Reaction("mine", THINGS, remember)
    workshop = replace(market.workshop, reactions=Reactions((other, mine)))
    assert catch_up(workshop) == 120
    assert [figure for _, figure, _ in effects(market)] == list(range(120))
    assert cursor(market, "other")[0] == cursor(market, "mine")[0] == 120
    assert catch_up(workshop) == 0


def test_what_a_subscriber_appends_is_followed_too(market: Marketplace) -> None:
    def answer(work: Work, event: Recorded) -> None:
        if event.data["figure"] < 3:
            work.append(ThingMoved("a", event.data["figure"] + 1))

    append(market, 0)
    assert catch_up(following(market, answer=answer, probe=remember)) == 8
    assert [figure for _, figure, _ in effects(market)] == [0, 1, 2, 3]


@pytest.mark.parametrize("before", [0, 2], ids=["its very first event", "a later event"])
def test_a_poison_event_pauses_its_own_subscriber_and_no_other(
    market: Marketplace, clock: StagedClock, before: int
) -> None:
    broken = True
    handled: list[int] = []
    tries: list[int] = []

    def choke(_: Work, event: Recorded) -> None:
        if event.data["figure"] == 100:
            tries.append(100)
            if broken:
                raise LookupError("a text that nobody should see")
        handled.append(event.data["figure"])

    append(market, *range(before))
    workshop = following(market, choking=choke, probe=remember)
    if before:
        catch_up(workshop)
    handled.clear()
    append(market, 100, 101)
    catch_up(workshop)
    assert [figure for _, figure, _ in effects(market)] == [*range(before), 100, 101]
    assert cursor(market, "choking") == (before, 1, "LookupError")

    for failures, pause in ((1, 2), (2, 4), (3, 8)):
        assert cursor(market, "choking") == (before, failures, "LookupError")
        tries.clear()
        clock.now += timedelta(seconds=pause, milliseconds=-1)
        catch_up(workshop)
        assert tries == []
        clock.now += timedelta(milliseconds=1)
        catch_up(workshop)
        assert tries

    assert 101 not in handled
    broken = False
    handled.clear()
    clock.now += timedelta(minutes=5)
    catch_up(workshop)
    assert handled == [100, 101]
    assert cursor(market, "choking") == (before + 2, 0, "")
    assert [figure for _, figure, _ in effects(market)] == [*range(before), 100, 101]


def test_events_before_a_poison_one_are_handled_once_although_they_shared_its_batch(market: Marketplace) -> None:
    def choke(work: Work, event: Recorded) -> None:
        remember(work, event)
        if event.data["figure"] == 3:
            raise LookupError

    append(market, *range(6))
    workshop = following(market, choking=choke)
    catch_up(workshop)
    catch_up(workshop)
    assert [figure for _, figure, _ in effects(market)] == [0, 1, 2]
    assert cursor(market, "choking")[0] == 3


def test_a_worker_that_dies_between_handling_and_commit_leaves_it_to_the_next(
    market: Marketplace, clock: StagedClock
) -> None:
    deaths = iter([True, True])
    handled: list[int] = []

    def die_after(work: Work, event: Recorded) -> None:
        remember(work, event)
        handled.append(event.data["figure"])
        if next(deaths, False):
            pid = work.session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one()
            engine = create_engine(market.database.app.url)
            with engine.connect() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
            engine.dispose()

    append(market, 1)
    workshop = following(market, dying=die_after)
    catch_up(workshop)
    assert effects(market) == []
    clock.now += timedelta(seconds=2)
    catch_up(workshop)
    assert handled == [1, 1, 1]
    assert effects(market) == [("a", 1, 1)]
    assert cursor(market, "dying") == (1, 0, "")


def test_a_second_worker_passes_by_a_cursor_that_is_held(market: Marketplace) -> None:
    entered, may_go_on = threading.Event(), threading.Event()

    def slow(work: Work, event: Recorded) -> None:
        remember(work, event)
        entered.set()
        assert may_go_on.wait(PATIENCE)

    workshop = following(market, slow=slow)
    (reaction,) = workshop.reactions.followers()
    catch_up(workshop)
    append(market, 1)
    stamp_all(workshop)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(follow, workshop, reaction)
        assert entered.wait(PATIENCE)
        assert follow(workshop, reaction) == 0
        may_go_on.set()
        assert first.result(PATIENCE) == 1
    assert [figure for _, figure, _ in effects(market)] == [1]


def test_one_sequencer_at_a_time_stamps(market: Marketplace) -> None:
    append(market, 1)
    with market.workshop.work() as first:
        assert journal.stamp(first.session) == 1
        append(market, 2)
        with market.workshop.work() as second:
            assert journal.stamp(second.session) == 0
    assert stamp_all(market.workshop) == 1
    with market.workshop.reading() as reading:
        assert journal.last_position(reading.session) == 2


def test_a_follower_goes_on_when_the_database_comes_back(market: Marketplace) -> None:
    """Its connections are cut off while it works; the pool's next ones are good again."""
    wake = threading.Event()
    with working(Follower(following(market, probe=remember), wake, 0.01)):
        append(market, 1)
        _wait_for(lambda: len(effects(market)) == 1)
        with as_owner(market) as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = 'marketplace_app' AND datname = current_database()"
                )
            )
        _append_when_possible(market, 2)
        wake.set()
        _wait_for(lambda: len(effects(market)) == 2)
    assert [figure for _, figure, _ in effects(market)] == [1, 2]


def _append_when_possible(market: Marketplace, figure: int) -> None:
    market.database.app.dispose()
    append(market, figure)


def _wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.02)


def test_what_is_committed_while_a_follower_rests_gets_its_place_before_the_rest_is_over(market: Marketplace) -> None:
    """Live pages wait for an event's place in the journal, and must not wait for those who react to other events."""
    wake = threading.Event()

    def stamped() -> int:
        with market.workshop.reading() as reading:
            return journal.last_position(reading.session)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reactions, "_REST", 1e9)
        patch.setattr(reactions, "_LONGEST_REST_SECONDS", 3600.0)
        with working(Follower(following(market, probe=remember), wake, 0.01)):
            append(market, 1)
            _wait_for(lambda: len(effects(market)) == 1)
            append(market, 2)
            wake.set()
            _wait_for(lambda: stamped() == 2)
    assert [figure for _, figure, _ in effects(market)] == [1]
