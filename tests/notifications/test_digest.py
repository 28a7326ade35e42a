"""Digests: a filter's invitations told once a day, but those that can't wait."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from buyers.requests import service as requests
from buyers.requests.model import Schedule
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from matching import rules
from notifications import service
from sellers import service as sellers
from sellers.service import FilterDraft
from tests.conftest import NOON
from tests.factories import SignedIn
from tests.matching.made import CALIFORNIA, a_provider, content, invited, publish

Worker = Callable[[], None]
DIGEST = datetime(2026, 11, 3, 6, 0, tzinfo=UTC)
"""The first one after the tests' noon."""


@pytest.fixture
def patient(market: Marketplace) -> SignedIn:
    """A provider whose one filter wants a digest."""
    user = a_provider(market)
    with market.workshop.work(user.principal) as work:
        sellers.save_filter(work, FilterDraft("daily", CALIFORNIA, delivery="digest"))
    return user


def told(market: Marketplace, user: SignedIn) -> list[tuple[str, str]]:
    with market.workshop.reading(user.principal) as reading:
        found = service.inbox(reading, None, 100, unread=False)
    return [(notice.title, notice.text) for notice in found if notice.title != "You are approved"]


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 11, 2, 5, 59, tzinfo=UTC), datetime(2026, 11, 2, 6, tzinfo=UTC)),
        (datetime(2026, 11, 2, 6, 0, tzinfo=UTC), datetime(2026, 11, 3, 6, tzinfo=UTC)),
        (NOON, DIGEST),
    ],
)
def test_digests_are_due_at_six(now: datetime, due: datetime) -> None:
    assert rules.next_digest(now) == due


@pytest.mark.parametrize(
    ("delivery", "closes_at", "waits"),
    [
        ("at once", DIGEST + timedelta(days=9), False),
        ("digest", DIGEST + timedelta(days=9), True),
        ("digest", DIGEST + timedelta(hours=24), False),
        ("digest", DIGEST + timedelta(hours=24, seconds=1), True),
    ],
)
def test_what_closes_within_a_day_of_the_digest_does_not_wait(
    delivery: str, closes_at: datetime, *, waits: bool
) -> None:
    assert rules.waits_for_digest(delivery, NOON, closes_at) is waits


def test_invitations_of_a_patient_filter_are_told_together_in_the_morning(
    market: Marketplace, clock: StagedClock, run_worker: Worker, patient: SignedIn
) -> None:
    prompt = a_provider(market, CALIFORNIA)
    published = [publish(market, content()) for _ in range(3)]
    run_worker()
    assert str(patient.principal.organization_id) in invited(market, published[0]), "it can open it at once"
    titles = {user.email: [title for title, _ in told(market, user)] for user in (patient, prompt)}
    assert "Your digest" not in titles[patient.email]
    assert (titles[patient.email].count("A new request"), titles[prompt.email].count("A new request")) == (0, 3)
    clock.now = DIGEST
    run_worker()
    assert ("Your digest", "New requests since the last one that you have not opened: 3.") in told(market, patient)
    clock.now = DIGEST + timedelta(days=1)
    run_worker()
    assert [title for title, _ in told(market, patient)].count("Your digest") == 1


def test_a_request_that_closes_soon_is_told_at_once(market: Marketplace, run_worker: Worker, patient: SignedIn) -> None:
    publish(market, replace(content(), schedule=Schedule(closes_at=DIGEST + timedelta(hours=20))))
    run_worker()
    assert "A new request" in [title for title, _ in told(market, patient)]


def test_what_was_opened_or_withdrawn_meanwhile_is_in_no_digest(
    market: Marketplace, clock: StagedClock, run_worker: Worker, patient: SignedIn
) -> None:
    opened, withdrawn = publish(market, content()), publish(market, content())
    run_worker()
    with market.workshop.work() as work:
        requests.withdraw(work, withdrawn, "budget cut")
        (invitation,) = sellers.invitations_of_request(work, opened)
    with market.workshop.work(patient.principal) as work:
        sellers.mark_seen(work, invitation.id)
    clock.now = DIGEST
    run_worker()
    assert "Your digest" not in [title for title, _ in told(market, patient)]


def test_who_lost_its_approval_gets_no_digest(
    market: Marketplace, clock: StagedClock, run_worker: Worker, patient: SignedIn
) -> None:
    publish(market, content())
    run_worker()
    with market.workshop.work() as work:
        sellers.close(work, patient.principal.organization_id, "left")
    clock.now = DIGEST
    run_worker()
    assert "Your digest" not in [title for title, _ in told(market, patient)]
