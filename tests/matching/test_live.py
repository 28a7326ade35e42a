"""The process's index stays true: other processes, undone transactions, old snapshots, a journal not its own."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy import text

from buyers.requests.model import ProviderList
from marketplace import wiring
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.reactions import stamp_all
from marketplace.kernel.work import Work
from marketplace.wiring import Marketplace
from matching import live, store
from matching.live import LiveIndex
from sellers import service as sellers
from sellers.model import Criteria, ProviderStatus, Territory
from sellers.service import FilterDraft
from tests.factories import SignedIn, as_owner
from tests.matching.made import CALIFORNIA, NEVADA, a_provider, content, decide, invited, publish, save_filter
from tests.matching.plain import PlainIndex

Worker = Callable[[], None]
ANYBODY = ProviderList()


@pytest.fixture
def plain() -> LiveIndex:
    return LiveIndex(PlainIndex)


def found(market: Marketplace, index: LiveIndex) -> set[str]:
    """Return the filters that the index says accept the one published request of the test."""
    with market.workshop.work() as work:
        return _search(work, index)


def _search(work: Work, index: LiveIndex) -> set[str]:
    (request_id,) = work.session.execute(text("SELECT request_id FROM market.request_facts")).scalars()
    facts = store.of(work, (request_id,))[request_id].facts
    return {hit.filter_id for hit in index.search(work, facts, ANYBODY)}


def _suspend_in_vain(market: Marketplace, index: LiveIndex, user: SignedIn) -> None:
    """Suspend a provider and use the index in a transaction that is undone."""
    with suppress(RuntimeError), market.workshop.work() as work:
        sellers.suspend(work, user.principal.organization_id, "a slip")
        _search(work, index)
        raise RuntimeError("undone")


def test_it_follows_filters_that_are_saved_changed_replaced_and_removed(market: Marketplace, plain: LiveIndex) -> None:
    user = a_provider(market, NEVADA)
    publish(market, content())
    assert found(market, plain) == set()
    saved = save_filter(market, user, CALIFORNIA)
    assert found(market, plain) == {saved.id}, "committed, not stamped yet"
    stamp_all(market.workshop)
    assert found(market, plain) == {saved.id}
    with market.workshop.work(user.principal) as work:
        sellers.change_filter(work, saved.id, FilterDraft("narrow", NEVADA), "*")
    assert found(market, plain) == set()
    with market.workshop.work(user.principal) as work:
        sellers.change_filter(work, saved.id, FilterDraft("wide", Criteria()), "*")
    assert found(market, plain) == {saved.id}
    with market.workshop.work(user.principal) as work:
        sellers.remove_filter(work, saved.id, "*")
    assert found(market, plain) == set()
    with market.workshop.work(user.principal) as work:
        sellers.replace_filters(work, [FilterDraft("one", Criteria()), FilterDraft("asleep", Criteria(), active=False)])
    assert len(found(market, plain)) == 1


def test_it_follows_approvals(market: Marketplace, plain: LiveIndex) -> None:
    user = a_provider(market, CALIFORNIA, status=ProviderStatus.PENDING)
    provider_id = user.principal.organization_id
    publish(market, content())
    assert not found(market, plain)
    decide(market, provider_id, ProviderStatus.APPROVED)
    assert found(market, plain)
    with market.workshop.work() as work:
        sellers.suspend(work, provider_id, "license under review")
    assert not found(market, plain)
    assert len(plain) == 0


def test_what_a_transaction_changes_itself_counts_for_it_and_leaves_nothing_when_undone(
    market: Marketplace, plain: LiveIndex
) -> None:
    user = a_provider(market, CALIFORNIA)
    publish(market, content())
    before = found(market, plain)
    assert len(before) == 1
    _suspend_in_vain(market, plain, user)
    assert found(market, plain) == before
    with market.workshop.work() as work:
        sellers.suspend(work, user.principal.organization_id, "meant")
        sellers.approve(work, user.principal.organization_id, "meant, too")
        assert _search(work, plain) == before


def test_an_index_that_is_first_used_inside_an_undone_change_is_right_afterwards(
    market: Marketplace, plain: LiveIndex
) -> None:
    user = a_provider(market, CALIFORNIA)
    publish(market, content())
    _suspend_in_vain(market, plain, user)
    assert len(found(market, plain)) == 1


def test_a_reader_of_an_older_moment_takes_nothing_back(market: Marketplace, plain: LiveIndex) -> None:
    user = a_provider(market, NEVADA)
    publish(market, content())
    with market.workshop.reading() as reading:
        reading.session.execute(text("SELECT 1 FROM market.filters"))  # its snapshot is of now
        saved = save_filter(market, user, CALIFORNIA)
        stamp_all(market.workshop)
        assert found(market, plain) == {saved.id}
        plain.caught_up(reading)
    assert found(market, plain) == {saved.id}


def test_another_journal_is_noticed_and_everything_loaded_anew(market: Marketplace, plain: LiveIndex) -> None:
    user = a_provider(market, CALIFORNIA)
    publish(market, content())
    stamp_all(market.workshop)
    assert len(found(market, plain)) == 1
    with as_owner(market) as connection:  # as when a backup is put back: rows and events are others
        connection.execute(text("UPDATE market.filters SET active = false"))
        connection.execute(text("UPDATE kernel.journal SET hash = 'of another history' WHERE position IS NOT NULL"))
    assert found(market, plain) == set()
    with as_owner(market) as connection:
        connection.execute(text("UPDATE market.filters SET active = true"))
        connection.execute(text("UPDATE kernel.journal SET position = NULL"))
    assert len(found(market, plain)) == 1
    assert user.principal.organization_id in plain._filters


def test_an_event_that_can_not_be_applied_makes_it_load_anew(market: Marketplace) -> None:
    class Brittle(PlainIndex):
        broken = False

        def remove(self, filter_id: str) -> bool:
            if Brittle.broken:
                Brittle.broken = False
                raise KeyError(filter_id)
            return super().remove(filter_id)

    index = LiveIndex(Brittle)
    user = a_provider(market, CALIFORNIA, CALIFORNIA)
    publish(market, content())
    assert len(found(market, index)) == 2
    with market.workshop.work(user.principal) as work:
        sellers.replace_filters(work, [FilterDraft("one", CALIFORNIA)])
    Brittle.broken = True
    assert len(found(market, index)) == 1


def test_a_distribution_goes_by_the_rows_when_the_index_is_wrong(market: Marketplace) -> None:
    """The worst index: it has everything that ever was, and nothing is taken out."""
    removed, suspended, narrowed = (a_provider(market, CALIFORNIA) for _ in range(3))
    kept = a_provider(market, NEVADA, CALIFORNIA)
    publish(market, content())  # loads the index
    index = market.workshop.memory.of(LiveIndex)
    narrow = (
        "UPDATE market.filters SET criteria = jsonb_set(criteria, '{currencies}', '[\"EUR\"]') WHERE provider_id = :id"
    )
    with as_owner(market) as connection:  # behind everybody's back: no event tells the index
        for statement, user in (
            ("DELETE FROM market.filters WHERE provider_id = :id", removed),
            ("UPDATE market.providers SET status = 'suspended' WHERE id = :id", suspended),
            (narrow, narrowed),
        ):
            connection.execute(text(statement), {"id": user.principal.organization_id})
    assert len(index) == 5
    assert invited(market, publish(market, content())) == {str(kept.principal.organization_id): "filter 2"}


def test_processes_that_save_and_publish_beside_each_other_miss_nobody(
    market: Marketplace, clock: StagedClock, run_worker: Worker
) -> None:
    others = [wiring.assemble(market.settings, clock, market.database) for _ in range(2)]
    users: list[SignedIn] = []
    requests = []
    for number in range(6):
        here, there = others[number % 2], others[(number + 1) % 2]
        users.append(a_provider(here, replace(CALIFORNIA, currencies=("USD",))))
        requests.append(publish(there, content()))
        assert len(invited(market, requests[-1])) == number + 1, "seen without waiting for the worker"
    with others[0].workshop.work(users[0].principal) as work:
        sellers.replace_filters(work, [])
    last = publish(others[1], content())
    run_worker()
    everybody = {str(user.principal.organization_id) for user in users}
    assert all(set(invited(market, request_id)) == everybody for request_id in requests)
    assert set(invited(market, last)) == everybody - {str(users[0].principal.organization_id)}


def test_a_filter_of_a_territory_without_sites_finds_nothing(market: Marketplace, plain: LiveIndex) -> None:
    a_provider(market, Criteria(territory=Territory(countries=("DE",))))
    publish(market, content())
    assert found(market, plain) == set()


def test_there_is_one_index_for_a_marketplace_of_a_process(market: Marketplace) -> None:
    with market.workshop.reading() as one, market.workshop.reading() as other:
        assert live.of(one) is live.of(other)
