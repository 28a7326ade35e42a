from dataclasses import dataclass
from typing import ClassVar

import pytest
from sqlalchemy import create_engine, text

from marketplace.kernel import journal
from marketplace.kernel.journal import Event
from marketplace.kernel.reactions import catch_up
from marketplace.wiring import Marketplace


@dataclass(frozen=True, slots=True)
class SomethingHappened(Event):
    name: ClassVar[str] = "something.happened"
    thing: str
    figure: int

    @property
    def stream(self) -> str:
        return f"thing:{self.thing}"


def _fail_after_appending(market: Marketplace) -> None:
    with market.workshop.work() as work:
        work.append(SomethingHappened("a", 99))
        raise RuntimeError("the command fails after its event")


def test_events_of_a_stream_are_numbered_without_gaps_and_chained(market: Marketplace) -> None:
    with market.workshop.work() as work:
        first = work.append(SomethingHappened("a", 1))
        second = work.append(SomethingHappened("a", 2))
        other = work.append(SomethingHappened("b", 3))
    assert (first.seq, second.seq, other.seq) == (1, 2, 1)
    assert (first.previous, second.previous) == (journal.GENESIS, first.hash)
    with market.workshop.reading() as reading:
        assert journal.verify(reading.session) == journal.ChainReport(streams=2, events=3)


def test_a_changed_event_breaks_the_chain_visibly(market: Marketplace) -> None:
    with market.workshop.work() as work:
        work.append(SomethingHappened("a", 1))
        work.append(SomethingHappened("a", 2))
    owner = create_engine(market.database.owner)
    with owner.begin() as connection:
        connection.execute(text('UPDATE kernel.journal SET data = \'{"thing": "a", "figure": 9}\' WHERE seq = 1'))
    owner.dispose()
    with market.workshop.reading() as reading:
        assert journal.verify(reading.session).broken == "thing:a is broken at its event 1"


def test_every_committed_event_gets_one_position_in_the_order_of_its_stream(market: Marketplace) -> None:
    for figure in range(5):
        with market.workshop.work() as work:
            work.append(SomethingHappened("a", figure))
    with pytest.raises(RuntimeError):
        _fail_after_appending(market)
    catch_up(market.workshop)
    with market.workshop.reading() as reading:
        events = journal.between(reading.session, 0, 100, frozenset({SomethingHappened.name}), 100)
    assert [event.position for event in events] == [1, 2, 3, 4, 5]
    assert [event.data["figure"] for event in events] == [0, 1, 2, 3, 4]
