"""Events that are appended together, and reactions that handle them together, do what one by one would do."""

from collections.abc import Sequence

from marketplace.kernel import journal
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
