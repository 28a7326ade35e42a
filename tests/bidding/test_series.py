"""Lots of a published series make room for each other, and results wait for the last close."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from buyers.requests import service as requests
from buyers.requests.auction import ArrangementChoice, AuctionChoice
from buyers.requests.model import Schedule
from marketplace.bidding import control, service, store
from marketplace.bidding.arrangement import Span
from marketplace.bidding.model import LotState, Status
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.db import DatabaseRole
from marketplace.kernel.ids import RequestId
from marketplace.wiring import Marketplace
from sellers import service as sellers
from sellers.model import Criteria
from tests.conftest import NOON
from tests.factories import SignedIn
from tests.matching.made import RENO, SAN_FRANCISCO, a_provider, content, publish

HOURS = timedelta(hours=1)
ENGLISH = AuctionChoice("english", decrement=Decimal(10))
SERIAL = replace(ENGLISH, arrangement=ArrangementChoice("serial", 30))
SEALED = AuctionChoice(arrangement=ArrangementChoice("staggered", 60))


@pytest.fixture
def carrier(market: Marketplace) -> SignedIn:
    return a_provider(market, Criteria())


def published(market: Marketplace, auction: AuctionChoice) -> RequestId:
    """Three lots, open from noon until five o'clock."""
    places = (SAN_FRANCISCO, RENO, replace(RENO, street="3 Virginia Street"))
    return publish(market, content(*places, auction=auction, schedule=Schedule(NOON + 5 * HOURS)))


def states(market: Marketplace, request_id: RequestId) -> dict[str, LotState]:
    with market.workshop.reading() as reading:
        return {lot.ref: lot.state for lot in store.lots_of(reading, request_id)}


def times(market: Marketplace, request_id: RequestId) -> list[Span]:
    return [Span(state.opens_at, state.closes_at) for state in states(market, request_id).values()]


def seen(market: Marketplace, carrier: SignedIn, request_id: RequestId) -> dict[str, tuple[Status, bool, str | None]]:
    with market.workshop.reading() as reading:
        (invitation,) = sellers.invitations_of_request(reading, request_id)
    with market.workshop.reading(carrier.principal, DatabaseRole.DESK) as reading:
        views = service.bidder_views(reading, invitation.id)
    return {ref: (view.status, view.opened, view.reason) for ref, view in views.items()}


@pytest.mark.usefixtures("carrier")
def test_serial_lots_are_announced_one_after_the_other(market: Marketplace) -> None:
    spans = times(market, published(market, SERIAL))
    assert [span.opens_at for span in spans] == [NOON, NOON + timedelta(hours=1, minutes=50), NOON + 220 * HOURS / 60]
    assert spans[-1].closes_at == NOON + 5 * HOURS


@pytest.mark.usefixtures("carrier")
def test_a_later_close_moves_those_behind_it_and_their_alarms(
    market: Marketplace, clock: StagedClock, run_worker: Callable[[], None]
) -> None:
    request_id = published(market, SERIAL)
    clock.now += timedelta(minutes=5)
    run_worker()
    before = times(market, request_id)
    with market.workshop.work() as work:
        control.extend(work, request_id, ["T1"], before[0].closes_at + HOURS)
    run_worker()
    after = times(market, request_id)
    assert [span.opens_at for span in after[1:]] == [span.opens_at + HOURS for span in before[1:]]
    assert [span.length for span in after[1:]] == [span.length for span in before[1:]]
    assert all(first.closes_at + timedelta(minutes=30) == second.opens_at for first, second in pairwise(after))
    clock.now = after[1].opens_at
    run_worker()
    assert [state.status for state in states(market, request_id).values()] == [
        Status.FAILED,
        Status.OPEN,
        Status.SCHEDULED,
    ]


@pytest.mark.usefixtures("carrier")
def test_behind_a_paused_lot_the_next_waits_until_it_goes_on(
    market: Marketplace, clock: StagedClock, run_worker: Callable[[], None]
) -> None:
    request_id = published(market, SERIAL)
    clock.now += timedelta(minutes=5)
    run_worker()
    before = times(market, request_id)
    with market.workshop.work() as work:
        control.pause(work, request_id, ["T1"], "a line is down")
    run_worker()
    clock.now = before[1].opens_at + HOURS
    run_worker()
    assert states(market, request_id)["T2"].status is Status.SCHEDULED
    with market.workshop.work() as work:
        control.resume(work, request_id, ["T1"])
    run_worker()
    after = times(market, request_id)
    lost = after[0].closes_at - before[0].closes_at
    assert [span.opens_at - lost for span in after[1:]] == [span.opens_at for span in before[1:]]


@pytest.mark.parametrize(("kind", "moved"), [("parallel", 3), ("serial", 1), ("staggered", 3)])
@pytest.mark.usefixtures("carrier")
def test_an_amended_close_gives_the_time_to_those_that_still_run(market: Marketplace, kind: str, moved: int) -> None:
    request_id = published(market, replace(ENGLISH, arrangement=ArrangementChoice(kind, 30)))
    before = times(market, request_id)
    with market.workshop.work() as work:
        now = requests.get(work, request_id).content
        requests.amend(work, request_id, replace(now, schedule=Schedule(NOON + 6 * HOURS)))
    after = times(market, request_id)
    assert after[-1].closes_at == NOON + 6 * HOURS
    later = [end.closes_at - start.closes_at for start, end in zip(before, after, strict=True)]
    assert later[-moved:] == [HOURS] * moved
    assert not any(later[:-moved])


def test_results_wait_for_the_last_close(
    market: Marketplace, carrier: SignedIn, clock: StagedClock, run_worker: Callable[[], None]
) -> None:
    request_id = published(market, SEALED)
    clock.now = NOON + 3 * HOURS + timedelta(minutes=1)
    run_worker()
    assert states(market, request_id)["T1"].status is Status.FAILED
    told = seen(market, carrier, request_id)
    assert (told["T1"], told["T2"][0]) == ((Status.CLOSED, False, None), Status.OPEN)
    clock.now = NOON + 5 * HOURS
    run_worker()
    assert {status for status, _, _ in seen(market, carrier, request_id).values()} == {Status.FAILED}


def test_results_are_told_lot_by_lot_where_that_was_announced(
    market: Marketplace, carrier: SignedIn, clock: StagedClock, run_worker: Callable[[], None]
) -> None:
    request_id = published(market, replace(SEALED, results_together=False))
    clock.now = NOON + 3 * HOURS + timedelta(minutes=1)
    run_worker()
    assert seen(market, carrier, request_id)["T1"][0] is Status.FAILED
