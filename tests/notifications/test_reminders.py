"""Reminders: told once, a while before what matters, not for instants that have moved, and not when it is too late."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from buyers.requests.rules import NOT_KNOWN_YET
from marketplace import worker
from marketplace.bidding.model import LotClock, Status
from marketplace.kernel import journal
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.tables import JournalRow
from marketplace.wiring import Marketplace
from notifications.reminders import rules
from notifications.reminders.model import Moment, Reminder
from tests.factories import SignedIn
from tests.security.made import Stage

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
INSTANTS = st.integers(0, 400).map(lambda hours: NOW + timedelta(hours=hours))
LOTS = st.lists(
    st.builds(
        LotClock,
        ref=st.sampled_from(["T1", "T2", "T3"]),
        status=st.sampled_from(list(Status)),
        opens_at=INSTANTS,
        closes_at=INSTANTS | st.just(NOT_KNOWN_YET),
    ),
    max_size=5,
)


@given(LOTS)
def test_every_reminder_of_a_request_concerns_a_lot_and_no_instant_is_told_twice(lots: list[LotClock]) -> None:
    found = rules.of_lots(lots, known_before=NOT_KNOWN_YET)
    assert len({(one.moment, one.at, one.lead) for one in found}) == len(found)
    assert all(set(rules.concerned(one, lots)) for one in found)
    closing = {lot.closes_at for lot in lots if lot.status in {Status.OPEN, Status.SCHEDULED}} - {NOT_KNOWN_YET}
    assert {one.at for one in found if one.moment is Moment.CLOSING} == closing
    assert len(found) % len(rules.LEADS) == 0


@given(st.text("abc_ ", min_size=1).map(str.strip).filter(bool), st.sampled_from(list(Moment)), INSTANTS)
def test_an_alarm_names_its_reminder(subject: str, moment: Moment, at: datetime) -> None:
    reminder = Reminder(moment, at, timedelta(minutes=15))
    assert rules.of_key(rules.key_of(subject, reminder)) == (subject, reminder)


@given(st.integers(0, 24 * 60))
def test_a_late_reminder_is_told_while_half_of_its_lead_is_left(late: int) -> None:
    reminder = Reminder(Moment.CLOSING, NOW, timedelta(hours=24))
    assert rules.is_useful(reminder, reminder.due_at + timedelta(minutes=late)) == (late < 12 * 60)


@pytest.fixture
def stage(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Stage:
    return Stage(market, client, clock, run_worker)


def told(stage: Stage, user: SignedIn, event: str) -> list[str]:
    stage.settle()
    return [one["text"] for one in stage.ok(user, "GET", "/notices")["items"] if one["event"] == event]


def journaled(stage: Stage, name: str) -> list[journal.Recorded]:
    with stage.market.workshop.reading() as reading:
        last = journal.last_position(reading.session)
        return list(journal.between(reading.session, 0, last, frozenset({name}), 100))


def test_buyer_and_invited_carriers_are_told_a_day_and_minutes_before_the_close(stage: Stage) -> None:
    carrier = stage.a_carrier()
    stage.publish()
    closes_at = stage.clock.now + timedelta(days=2)
    assert told(stage, carrier, "request.last_day_reached") == []
    stage.clock.now = closes_at - timedelta(hours=24)
    (first,) = told(stage, carrier, "request.last_day_reached")
    assert first.startswith("Bidding on the request of Buyer ")
    assert first.endswith("ends within a day: T1.")
    stage.clock.now = closes_at - timedelta(minutes=15)
    assert len(told(stage, carrier, "request.last_minutes_reached")) == 1
    for event, words in (("last_minutes", "in minutes"), ("last_day", "within a day")):
        expected = f"Bidding on “Internet access for one place” ends {words}: T1."
        assert told(stage, stage.buyer, f"request.{event}_reached") == [expected]
    stage.close()
    assert len(told(stage, carrier, "request.last_minutes_reached")) == 1


def test_a_close_that_moved_is_told_at_its_new_time_alone(stage: Stage) -> None:
    carrier = stage.a_carrier()
    request_id = stage.publish()
    closes_at = stage.clock.now + timedelta(days=2)
    stage.amend(request_id, schedule={"closes_at": (closes_at + timedelta(days=3)).isoformat()})
    stage.settle()
    stage.clock.now = closes_at - timedelta(minutes=10)
    assert told(stage, carrier, "request.last_day_reached") == []
    stage.clock.now = closes_at + timedelta(days=2)
    assert len(told(stage, carrier, "request.last_day_reached")) == 1


def test_a_worker_that_was_away_skips_what_is_of_no_use_and_says_so(stage: Stage) -> None:
    carrier = stage.a_carrier()
    stage.publish()
    stage.clock.now += timedelta(days=1, hours=20)  # four hours before the close: the day's reminder is too late
    assert told(stage, carrier, "request.last_day_reached") == []
    (skipped,) = journaled(stage, "reminder.skipped")
    assert (skipped.data["moment"], skipped.data["lead_minutes"]) == ("closing", 24 * 60)
    stage.clock.now += timedelta(hours=3, minutes=50)  # ten minutes before it: late, but of use
    assert len(told(stage, carrier, "request.last_minutes_reached")) == 1


def test_two_heartbeats_at_once_tell_once(stage: Stage) -> None:
    carrier = stage.a_carrier()
    stage.publish()
    stage.clock.now += timedelta(days=1)
    worker.heartbeat(stage.market)
    worker.heartbeat(stage.market)
    assert len(told(stage, carrier, "request.last_day_reached")) == 1


def test_a_verification_that_ends_soon_is_told_twice(stage: Stage) -> None:
    with stage.market.workshop.reading() as reading:
        query = select(JournalRow).where(col(JournalRow.type) == "buyer.verified")
        until = datetime.fromisoformat(reading.session.exec(query).one().data["until"])
    stage.clock.now = until - timedelta(days=30)
    assert len(told(stage, stage.buyer, "buyer.verification_expiry_neared")) == 1
    stage.clock.now = until - timedelta(days=7)
    assert len(told(stage, stage.buyer, "buyer.verification_expiry_neared")) == 2


def test_bids_that_lapse_before_the_decision_are_told_to_the_buyer_alone(stage: Stage) -> None:
    carrier = stage.a_carrier()
    stage.publish()
    valid = (stage.clock.now + timedelta(days=10)).date()
    path = f"/invitations/{stage.invitation(carrier)}/bids"
    body = stage.bid_body(carrier)
    body["lots"][0]["valid_until"] = valid.isoformat()
    stage.ok(carrier, "POST", path, body)
    stage.close()
    assert told(stage, stage.buyer, "request.bid_lapse_neared") == []
    stage.clock.now = datetime.combine(valid, datetime.min.time(), UTC) - timedelta(days=2)
    assert len(told(stage, stage.buyer, "request.bid_lapse_neared")) == 1
    assert told(stage, carrier, "request.bid_lapse_neared") == []
