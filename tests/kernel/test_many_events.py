"""Events that are appended together, and reactions that handle them together, do what one by one would do."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import pytest

from marketplace.kernel import journal, reactions
from marketplace.kernel.access import SYSTEM
from marketplace.kernel.journal import Recorded
from marketplace.kernel.memory import Memory
from marketplace.kernel.reactions import catch_up
from marketplace.kernel.work import Reaction, Reactions, Work, Workshop
from marketplace.wiring import Marketplace
from tests.factories import ThingMoved


def moved(*figures: int, thing: str = "a") -> list[ThingMoved]:
    return [ThingMoved(thing, figure) for figure in figures]


def test_many_events_continue_their_streams_chains_in_the_given_order(market: Marketplace) -> None:
    with market.workshop.work() as work:
        work.append(ThingMoved("a", 1))
        recorded = work.append_all([*moved(2, 3), *moved(4, thing="b"), *moved(5)])
        last = work.append(ThingMoved("a", 6))
    assert [one.seq for one in recorded] == [2, 3, 1, 4]
    assert (last.seq, last.previous) == (5, recorded[-1].hash)
    catch_up(market.workshop)
    with market.workshop.reading() as reading:
        assert journal.verify(reading.session).broken == ""
        told = journal.page(reading.session, "", 0, 100)
    assert [one.data["figure"] for one in told] == [1, 2, 3, 4, 5, 6]
    assert told[1:5] == [one for one in told if one.hash in {each.hash for each in recorded}]


def test_appending_no_events_does_nothing(market: Marketplace) -> None:
    with market.workshop.work() as work:
        assert work.append_all([]) == []
        assert not work.appended


def test_events_of_one_name_are_handled_together_now_and_later(market: Marketplace) -> None:
    runs: dict[str, list[list[int]]] = {"now": [], "later": []}

    def reaction(name: str, *, immediate: bool) -> Reaction:
        def note(_work: Work, recorded: Recorded) -> None:
            runs[name].append([recorded.data["figure"]])

        def note_all(_work: Work, recorded: Sequence[Recorded]) -> None:
            runs[name].append([one.data["figure"] for one in recorded])

        return Reaction(name, frozenset({"thing.moved"}), note, immediate=immediate, together=note_all)

    reactions = Reactions((reaction("now", immediate=True), reaction("later", immediate=False)))
    workshop = Workshop(market.database, market.vault, reactions, market.workshop.clock)
    with workshop.work(SYSTEM) as work:
        work.append_all(moved(1, 2, 3))
    with workshop.work(SYSTEM) as work:
        work.append(ThingMoved("a", 4))
    catch_up(workshop)
    assert runs == {"now": [[1, 2, 3], [4]], "later": [[1, 2, 3, 4]]}


def test_memory_makes_each_thing_once() -> None:
    memory = Memory()
    assert memory.of(list) is memory.of(list)
    assert Memory().of(list) is not memory.of(list)


class Slow:
    """A stopwatch that goes on by a given time with each reading."""

    def __init__(self) -> None:
        self.now, self.step = 0.0, 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def test_a_follower_takes_more_events_at_a_time_while_that_is_quick_and_fewer_when_it_is_slow(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, sizes = Slow(), list[int]()
    monkeypatch.setattr(reactions, "stopwatch", watch)

    def note_all(_work: Work, recorded: Sequence[Recorded]) -> None:
        sizes.append(len(recorded))
        if len(sizes) == 4:
            watch.step = 3.0

    follower = Reaction(
        "counts", frozenset({"thing.moved"}), lambda work, one: note_all(work, [one]), together=note_all
    )
    workshop = replace(market.workshop, reactions=Reactions((follower,)))
    with workshop.work(SYSTEM) as work:
        work.append_all(moved(*range(1000)))
    catch_up(workshop)
    assert sizes == [50, 100, 200, 400, 200, 50]
    assert sum(sizes) == 1000


def test_a_worker_that_dies_in_every_long_transaction_gets_on_all_the_same(market: Marketplace) -> None:
    """Its next life begins with few events, so that what it has done in it stays done."""
    handled: list[int] = []

    class KilledError(BaseException):
        pass

    def note_all(_work: Work, recorded: Sequence[Recorded]) -> None:
        if len(recorded) > 50:
            raise KilledError
        handled.extend(one.data["figure"] for one in recorded)

    follower = Reaction("dies", frozenset({"thing.moved"}), lambda work, one: note_all(work, [one]), together=note_all)
    workshop = replace(market.workshop, reactions=Reactions((follower,)))
    with workshop.work(SYSTEM) as work:
        work.append_all(moved(*range(200)))
    lives = 0
    while len(handled) < 200 and lives < 10:
        lives += 1
        with suppress(KilledError):
            catch_up(workshop)
    assert handled == list(range(200))
    assert lives == 3


def test_what_is_left_to_do_once_is_done_once_a_transaction_behind_its_last_event(market: Marketplace) -> None:
    done: list[str] = []
    follower = Reaction(
        "finishes",
        frozenset({"thing.moved"}),
        lambda _work, one: done.append(str(one.data["figure"])),
        finish=lambda _work, events: done.append(f"{len(events)} events"),
    )
    workshop = replace(market.workshop, reactions=Reactions((follower,)))
    with workshop.work(SYSTEM) as work:
        work.append_all(moved(1, 2))
    catch_up(workshop)
    catch_up(workshop)
    assert done == ["1", "2", "2 events"]
