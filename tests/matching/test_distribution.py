"""Who receives a published request: by filters, within the buyer's provider list, once, and late comers too."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from buyers.requests import service as requests
from buyers.requests.model import Bands, Content, ListMode, ProviderList
from marketplace.kernel import journal
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.ids import RequestId
from marketplace.wiring import Marketplace
from matching import service
from sellers import service as sellers
from sellers.model import Criteria, InvitationReason, ProviderStatus
from tests.conftest import NOON
from tests.factories import SignedIn
from tests.matching.made import (
    CALIFORNIA,
    INTERNET,
    NEVADA,
    RENO,
    SAN_FRANCISCO,
    a_provider,
    content,
    decide,
    invited,
    publish,
    save_filter,
)

Worker = Callable[[], None]


def listed(mode: ListMode, *users: SignedIn, distribute: bool = True, grant: bool = True) -> Content:
    """Return a request in California with this provider list."""
    ids = tuple(user.principal.organization_id for user in users)
    return content(provider_list=ProviderList(mode, ids, grant=grant, distribute=distribute))


def names(*pairs: tuple[SignedIn, str]) -> dict[str, str]:
    return {str(user.principal.organization_id): name for user, name in pairs}


def events(market: Marketplace, request_id: RequestId) -> list[str]:
    with market.workshop.reading() as reading:
        return [event.name for event in journal.of_stream(reading.session, f"request:{request_id}")]


def test_a_request_reaches_those_whose_filters_accept_it_in_the_transaction_of_its_publication(
    market: Marketplace,
) -> None:
    west, _other = a_provider(market, CALIFORNIA), a_provider(market, NEVADA)
    request_id = publish(market, content())
    assert invited(market, request_id) == names((west, "filter 1"))
    assert events(market, request_id)[-3:] == ["request.published", "provider.invited", "request.distributed"]


def test_a_provider_without_filters_receives_nothing_by_itself(market: Marketplace) -> None:
    a_provider(market)
    assert invited(market, publish(market, content())) == {}


def test_several_accepting_filters_make_one_invitation_by_the_first_in_saved_order(market: Marketplace) -> None:
    user = a_provider(market, NEVADA, CALIFORNIA, Criteria())
    assert invited(market, publish(market, content())) == names((user, "filter 2"))


def test_an_inactive_filter_accepts_nothing(market: Marketplace) -> None:
    user = a_provider(market)
    with market.workshop.work(user.principal) as work:
        sellers.save_filter(work, sellers.FilterDraft("asleep", Criteria(), active=False))
    assert invited(market, publish(market, content())) == {}


@pytest.mark.parametrize("status", [ProviderStatus.PENDING, ProviderStatus.SUSPENDED, ProviderStatus.CLOSED])
def test_who_is_not_approved_receives_nothing_even_when_the_buyer_chose_it(
    market: Marketplace, run_worker: Worker, status: ProviderStatus
) -> None:
    user = a_provider(market, Criteria(), status=status)
    opened, chosen = publish(market, content()), publish(market, listed(ListMode.ONLY, user))
    run_worker()
    assert invited(market, opened) == invited(market, chosen) == {}


def test_an_only_list_pushes_to_the_listed_whatever_their_filters_say_and_to_nobody_else(market: Marketplace) -> None:
    listed_one, listed_two = a_provider(market, NEVADA), a_provider(market, CALIFORNIA)
    a_provider(market, Criteria())
    request_id = publish(market, listed(ListMode.ONLY, listed_one, listed_two))
    expected = names((listed_one, InvitationReason.CHOSEN), (listed_two, "filter 1"))
    assert invited(market, request_id) == expected


def test_an_only_list_that_just_grants_lets_the_listed_open_it_and_pushes_it_by_their_filters_alone(
    market: Marketplace,
) -> None:
    uninterested, interested = a_provider(market, NEVADA), a_provider(market, CALIFORNIA)
    a_provider(market, Criteria())
    request_id = publish(market, listed(ListMode.ONLY, uninterested, interested, distribute=False))
    assert invited(market, request_id) == names((interested, "filter 1"), (uninterested, InvitationReason.GRANTED))
    told = events(market, request_id)
    assert (told.count("provider.invited"), told.count("provider.granted")) == (1, 1)


def test_an_except_list_keeps_the_listed_out_also_later(market: Marketplace, run_worker: Worker) -> None:
    unwanted, wanted = a_provider(market, Criteria()), a_provider(market, Criteria())
    request_id = publish(market, listed(ListMode.EXCEPT, unwanted))
    save_filter(market, unwanted, CALIFORNIA)
    run_worker()
    assert invited(market, request_id) == names((wanted, "filter 1"))


def test_a_filter_saved_later_brings_the_open_requests_that_it_accepts(market: Marketplace, run_worker: Worker) -> None:
    user = a_provider(market)
    here, there = publish(market, content()), publish(market, content(RENO))
    run_worker()
    assert invited(market, here) == {}
    save_filter(market, user, CALIFORNIA, "late")
    run_worker()
    assert invited(market, here) == names((user, "late"))
    assert invited(market, there) == {}


def test_filters_replaced_in_bulk_bring_open_requests_too(market: Marketplace, run_worker: Worker) -> None:
    user = a_provider(market, NEVADA)
    request_id = publish(market, content())
    with market.workshop.work(user.principal) as work:
        sellers.replace_filters(work, [sellers.FilterDraft("bulk", CALIFORNIA)])
    run_worker()
    assert invited(market, request_id) == names((user, "bulk"))


def test_a_provider_approved_later_receives_the_open_requests(market: Marketplace, run_worker: Worker) -> None:
    user = a_provider(market, CALIFORNIA, status=ProviderStatus.PENDING)
    request_id = publish(market, content())
    run_worker()
    assert invited(market, request_id) == {}
    decide(market, user.principal.organization_id, ProviderStatus.APPROVED)
    run_worker()
    assert invited(market, request_id) == names((user, "filter 1"))


def test_a_filter_saved_while_a_request_is_being_published_does_not_miss_it(
    market: Marketplace, run_worker: Worker
) -> None:
    user = a_provider(market)
    with market.workshop.work() as work:
        request = requests.draft(work, content())
        requests.submit(work, request.id, acknowledged=0)
        requests.publish(work, request.id, Bands())
        work.settle()  # distributed, not committed yet
        save_filter(market, user, CALIFORNIA)
        run_worker()
    assert invited(market, request.id) == {}
    run_worker()
    assert invited(market, request.id) == names((user, "all"))


@pytest.mark.parametrize(("left", "reached"), [(timedelta(0), False), (timedelta(seconds=1), True)])
def test_late_comers_are_invited_up_to_a_quarter_of_an_hour_before_the_close(
    market: Marketplace, clock: StagedClock, run_worker: Worker, left: timedelta, *, reached: bool
) -> None:
    user = a_provider(market)
    request_id = publish(market, content())
    clock.now = NOON + timedelta(days=7) - service.LATE_INVITATION_LIMIT - left
    save_filter(market, user, CALIFORNIA)
    run_worker()
    assert bool(invited(market, request_id)) is reached


def test_a_suspended_request_reaches_nobody_until_it_goes_on(market: Marketplace, run_worker: Worker) -> None:
    user = a_provider(market)
    request_id = publish(market, content())
    with market.workshop.work() as work:
        requests.suspend(work, request_id)
    save_filter(market, user, CALIFORNIA)
    run_worker()
    assert invited(market, request_id) == {}
    with market.workshop.work() as work:
        requests.resume(work, request_id)
    run_worker()
    assert invited(market, request_id) == names((user, "all"))


def test_a_withdrawn_request_reaches_nobody(market: Marketplace, run_worker: Worker) -> None:
    user = a_provider(market)
    request_id = publish(market, content())
    with market.workshop.work() as work:
        requests.withdraw(work, request_id, "budget cut")
    save_filter(market, user, CALIFORNIA)
    run_worker()
    assert invited(market, request_id) == {}


def test_an_amendment_reaches_those_who_match_now_and_existing_invitations_stay(market: Marketplace) -> None:
    first = a_provider(market, CALIFORNIA)
    second = a_provider(market, Criteria(service_types=("voice",)))
    request_id = publish(market, content())
    assert invited(market, request_id) == names((first, "filter 1"))
    with market.workshop.work() as work:
        current = requests.get(work, request_id).content
        added = replace(current.lines[0], ref="L2", service_type="voice.local", features=())
        requests.amend(work, request_id, replace(current, lines=(*current.lines, added)))
    assert invited(market, request_id) == names((first, "filter 1"), (second, "filter 1"))
    assert events(market, request_id).count("provider.invited") == 2


def test_distributing_again_invites_nobody_twice(market: Marketplace, run_worker: Worker) -> None:
    a_provider(market, CALIFORNIA)
    request_id = publish(market, content())
    with market.workshop.work() as work:
        assert service.distribute(work, request_id) == 0
    run_worker()
    assert events(market, request_id).count("provider.invited") == 1


def test_the_invitation_keeps_why_by_criterion_as_it_was(market: Marketplace) -> None:
    user = a_provider(market, replace(CALIFORNIA, service_types=(INTERNET,)))
    request_id = publish(market, content(SAN_FRANCISCO, RENO))
    with market.workshop.work(user.principal) as work:
        sellers.replace_filters(work, [])
    with market.workshop.reading() as reading:
        (invitation,) = sellers.invitations_of_request(reading, request_id)
    assert [result.criterion for result in invitation.explanation] == ["territory", "service_types", "coverage"]
    assert all(result.passed for result in invitation.explanation)
    assert invitation.explanation[0].reason == "1 of 2 sites is in US-CA; at least 1 needed"


def test_the_platform_sees_why_a_provider_did_not_receive_a_request(market: Marketplace) -> None:
    user = a_provider(market, replace(NEVADA, currencies=("EUR",)), NEVADA)
    request_id = publish(market, content())
    with market.workshop.reading() as reading:
        found = service.explain(reading, user.principal.organization_id, request_id)
    assert found.filter is not None
    assert (found.filter.name, found.accepted, found.invited, found.admitted) == ("filter 2", False, False, True)
    assert {result.criterion for result in found.criteria if not result.passed} == {"territory", "coverage"}
