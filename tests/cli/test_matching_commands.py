"""A carrier keeps territories and filters as files, a buyer sees whom its request is for: all by commands."""

import json

import pytest
from fastapi.testclient import TestClient

from marketplace.kernel.access import Kind
from marketplace.wiring import Marketplace
from tests.cli.conftest import Shell, sit_down
from tests.factories import PASSWORD, SignedIn, a_registered_buyer, a_user
from tests.matching.made import CALIFORNIA, NEVADA, SAN_FRANCISCO, a_provider, content, publish

SQUARE = {"type": "Polygon", "coordinates": [[[-123, 37], [-122, 37], [-122, 38], [-123, 38], [-123, 37]]]}
DESK = "--as carrier"


@pytest.fixture(autouse=True)
def _signed_in(market: Marketplace, client: TestClient, shell: Shell) -> None:
    for name, user in (("carrier", a_provider(market, CALIFORNIA)), ("buyer", a_registered_buyer(client, market))):
        shell.good(f"login {user.email} --as {name}", f"{PASSWORD}\n")


def test_a_territory_is_saved_from_an_outline_a_list_or_places_then_replaced_and_removed(shell: Shell) -> None:
    outline = shell.json(f"desk territories save {shell.file('bay.geojson', SQUARE)} {DESK}")
    assert (outline["name"], outline["figures"]["resolution"]) == ("bay", 9)
    rows = "Street,postal code,country\n1 Market Street,94105,US\n\n2 Main Street,94105,US\n"
    lit = shell.json(f"desk territories save {shell.file('lit.csv', rows)} --name 'Lit buildings' {DESK}")
    assert (lit["name"], lit["figures"]["named"]) == ("Lit buildings", 2)
    named = shell.file("west.json", {"states": ["US-CA", "US-NV"], "excluded": {"postal_prefixes": ["US-902"]}})
    west = shell.json(f"desk territories save {named} {DESK}")
    said = shell.good(f"desk territories show {west['id']} {DESK}").out
    assert ("states: US-CA, US-NV" in said, "without postal prefixes: US-902" in said) == (True, True)
    assert {one["name"] for one in shell.json(f"desk territories list {DESK}")} == {"bay", "Lit buildings", "west"}
    changed = shell.json(f"desk territories replace {west['id']} {shell.folder / 'lit.csv'} {DESK}")
    assert (changed["name"], changed["revision"], changed["figures"]["named"]) == ("west", 2, 2)
    stale = shell(f"desk territories replace {west['id']} {named} --revision 1 {DESK}")
    assert (stale.code, "read it again" in stale.err) == (1, True)
    more = shell.file("more.csv", "Address,ZIP,Country\n3 Main Street,94105,US\n")
    assert shell.json(f"desk territories buildings {outline['id']} {more} {DESK}")["figures"]["named"] == 1
    shell.good(f"desk territories remove {west['id']} {DESK}")
    assert {one["name"] for one in shell.json(f"desk territories list {DESK}")} == {"bay", "Lit buildings"}


def test_what_is_wrong_with_a_list_of_buildings_is_told_by_the_files_rows(shell: Shell) -> None:
    rows = "street,postal_code,country\n1 Market Street,94105,US\n\n2 Main Street,941,US\n"
    said = shell(f"desk territories save {shell.file('lit.csv', rows)} {DESK}")
    assert (said.code, "row 4, postal_code" in said.err) == (1, True)
    assert shell(f"desk territories save {shell.file('odd.csv', 'colour')} {DESK}").code == 1
    assert "no number" in shell(f"desk territories save {shell.file('nan.geojson', '[NaN]')} {DESK}").err
    deep = shell.file("deep.geojson", "[" * 100_000 + "]" * 100_000)
    assert "nested too deeply" in shell(f"desk territories save {deep} {DESK}").err
    assert shell.json(f"desk territories list {DESK}") == []


def test_filters_are_exported_as_a_file_that_sets_them_again(shell: Shell) -> None:
    place = shell.json(f"desk territories save {shell.file('bay.geojson', SQUARE)} {DESK}")["id"]
    wanted = [
        {
            "name": f"filter {number}",
            "criteria": {
                "territory": {"saved": [place]},
                "bandwidth_mbps": {"low": "100"},
                "consolidated_invoice": False,
            },
            "delivery": "digest",
        }
        for number in range(300)
    ]
    shell.good(f"desk filters set {shell.file('wanted.json', wanted)} {DESK}")
    before = shell.json(f"desk filters list --limit 1000 {DESK}")
    file = shell.folder / "exported.json"
    assert "300 filters" in shell.good(f"desk filters export {file} {DESK}").out
    assert json.loads(file.read_text(encoding="utf-8")) == [item | {"active": True} for item in wanted]
    shell.good(f"desk filters set {file} {DESK}")
    after = shell.json(f"desk filters list --limit 1000 {DESK}")
    assert [item | {"id": ""} for item in after] == [item | {"id": ""} for item in before]
    assert shell(f"desk filters export {file} {DESK}").code == 1


def test_a_refused_list_of_filters_is_told_filter_by_filter_and_changes_nothing(shell: Shell) -> None:
    wrong = [
        {"name": "fine", "criteria": {}},
        {"name": "West", "criteria": {"service_types": ["data.sdwan"], "bandwidth_mbps": {"low": "9", "high": "1"}}},
    ]
    said = shell(f"desk filters set {shell.file('wrong.json', wrong)} {DESK}")
    assert said.code == 1
    assert "filter 1 'West', criteria/service_types/0" in said.err
    assert "filter 1 'West', criteria/bandwidth_mbps" in said.err
    assert [one["name"] for one in shell.json(f"desk filters list {DESK}")] == ["filter 1"]


def test_a_filter_is_tried_on_the_past_without_being_saved(shell: Shell) -> None:
    draft = shell.file("draft.json", {"name": "West", "criteria": {"territory": {"states": ["US-CA"]}}})
    (found,) = shell.json(f"desk filters preview {draft} {DESK}")
    assert (found["name"], found["matched"]) == ("West", None)
    assert "fewer than 5" in shell.good(f"desk filters preview {draft} {DESK}").out
    assert len(shell.json(f"desk filters list {DESK}")) == 1


def test_a_buyer_sees_how_many_carriers_a_draft_is_for_and_where_its_sites_are_taken_to_be(
    shell: Shell, market: Marketplace
) -> None:
    for _ in range(3):
        a_provider(market, CALIFORNIA)
    request = shell.json(f"buyer new {shell.file('r.json', {'title': 'Internet', 'disclosure': 'exact'})} --as buyer")
    assert "no sites" in shell.good(f"buyer placing {request['id']} --as buyer").out
    rows = "label,country,state,postal_code,street\nHQ,US,CA,94103,1 Market Street\nShop,US,NV,94103,\n"
    shell.good(f"buyer import {request['id']} sites {shell.file('sites.csv', rows)} --as buyer")
    lines = "site,service_type,bandwidth_mbps\nHQ,data.dedicated-internet-access,500\n"
    shell.good(f"buyer import {request['id']} lines {shell.file('lines.csv', lines)} --as buyer")
    assert shell.good(f"buyer reach {request['id']} --as buyer").out == "About 4 providers.\n"
    said = shell.good(f"buyer placing {request['id']} --as buyer").out
    assert ("Sites to look at: 2 of 2" in said, "the state given is NV" in said) == (True, True)
    assert shell(f"buyer reach {request['id']} --as carrier").code == 1


def test_the_platform_is_told_why_a_carrier_got_a_request_or_did_not(shell: Shell, market: Marketplace) -> None:
    near, far, idle = a_provider(market, CALIFORNIA), a_provider(market, NEVADA), a_provider(market)
    request_id = publish(market, content(SAN_FRANCISCO))
    sit_down(shell, "platform", a_user(market, Kind.PLATFORM))

    def why(user: SignedIn) -> str:
        return shell.good(f"platform why {request_id} {user.principal.organization_id} --as platform").out

    assert "1 of 1 site is in US-CA" in why(near)
    assert "0 of 1 sites" not in why(near)
    assert "0 of 1 site are in US-NV" in why(far)
    assert "no active filter" in why(idle)
    assert shell(f"platform why {request_id} org_nobody --as platform").code == 1
