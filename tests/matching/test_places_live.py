"""Saved territories and footprints count in distributions as they stand, and bring open requests when they grow."""

from collections.abc import Callable

from marketplace.wiring import Marketplace
from matching import live
from sellers.footprints import service as footprints
from sellers.footprints.model import Form
from sellers.model import Criteria, Net, Territory
from sellers.territories import service as territories
from sellers.territories.model import Content, Part
from tests.factories import SignedIn
from tests.matching.made import a_provider, content, invited, publish, save_filter

Worker = Callable[[], None]
NEVADA, WEST = Content(Part(states=("US-NV",))), Content(Part(states=("US-CA", "US-NV")))
BUILDINGS = "kind,service_types,down_mbps,street,postal_code,country\n{};data;1000;1 Market Street;94103;US\n"


def own(user: SignedIn) -> str:
    return str(user.principal.organization_id)


def test_a_saved_territory_counts_as_it_stands_and_brings_open_requests_when_it_grows(
    market: Marketplace, run_worker: Worker
) -> None:
    user = a_provider(market)
    with market.workshop.work(user.principal) as work:
        saved = territories.create(work, "our states", NEVADA)
    save_filter(market, user, Criteria(territory=Territory(saved=(saved.id,))))
    before = publish(market, content())
    run_worker()
    assert invited(market, before) == {}
    with market.workshop.work(user.principal) as work:
        territories.change(work, saved.id, "our states", WEST, "*")
    at_once = publish(market, content())
    assert set(invited(market, at_once)) == {own(user)}
    run_worker()
    assert set(invited(market, before)) == {own(user)}
    with market.workshop.work(user.principal) as work:
        territories.change(work, saved.id, "our states", NEVADA, "*")
    assert invited(market, publish(market, content())) == {}


def test_where_a_provider_is_on_net_is_what_its_footprint_says_now(market: Marketplace, run_worker: Worker) -> None:
    user = a_provider(market)
    save_filter(market, user, Criteria(territory=Territory(net=Net.ON)))
    before = publish(market, content())
    run_worker()
    assert invited(market, before) == {}
    with market.workshop.work(user.principal) as work:
        footprints.upload(work, BUILDINGS.format("on-net").replace(";", ",").encode(), Form.CSV)
    assert set(invited(market, publish(market, content()))) == {own(user)}
    run_worker()
    assert set(invited(market, before)) == {own(user)}
    with market.workshop.work(user.principal) as work:
        footprints.withdraw(work)
    assert invited(market, publish(market, content())) == {}
    with market.workshop.reading() as reading:
        assert len(live.of(reading).caught_up(reading)) == 1
