"""A provider uploads its footprint on the command line, and a buyer looks up what can be had where."""

import pytest

from marketplace.kernel.access import Kind
from marketplace.wiring import Marketplace
from tests.cli.conftest import Shell
from tests.factories import PASSWORD, a_user
from tests.matching.made import a_provider

TWO = (
    "kind,service_types,down_mbps,street,postal_code,country\n"
    "on-net,data,1000,1 Market Street,94105,US\n"
    "near-net,data.broadband,100,,94110,US\n"
)


@pytest.fixture(autouse=True)
def _signed_in(market: Marketplace, shell: Shell) -> None:
    for name, user in (("carrier", a_provider(market)), ("buyer", a_user(market, Kind.BUYER))):
        shell.good(f"login {user.email} --as {name}", f"{PASSWORD}\n")


def test_a_footprint_is_checked_uploaded_shown_and_put_in_force_again(shell: Shell) -> None:
    desk = "--as carrier"
    file = shell.file("lit.csv", TWO)
    assert "Nothing was stored" in shell.good(f"desk footprint upload {file} --check {desk}").out
    wrong = shell(f"desk footprint upload {shell.file('bad.csv', TWO.replace('1000', 'fast'))} --check {desk}")
    assert (wrong.code, "down_mbps" in wrong.out, "Mbps" in wrong.out) == (1, True, True)
    refused = shell(f"desk footprint upload {shell.file('bad.csv', TWO.replace('1000', 'fast'))} {desk}")
    assert (refused.code, "/2/down_mbps" in refused.err) == (1, True)
    for _ in range(2):
        shell.good(f"desk footprint upload {file} {desk}")
    assert [item["number"] for item in shell.json(f"desk footprint list {desk}")] == [2, 1]
    saved = shell.folder / "places.csv"
    assert shell.json(f"desk footprint show 1 --file {saved} {desk}")["version"]["rows"] == 2
    assert "1 Market Street" in saved.read_text(encoding="utf-8")
    assert "version 1" in shell.good(f"desk footprint restore 1 {desk}").out
    assert "published" in shell.good(f"desk footprint visibility published {desk}").out
    assert "none" in shell.good(f"desk footprint withdraw {desk}").out


def test_a_buyer_looks_up_an_address_a_point_and_a_list(shell: Shell) -> None:
    shell.good(f"desk footprint upload {shell.file('lit.csv', TWO)} --as carrier")
    shell.good("desk footprint visibility published --as carrier")
    buyer = "buyer availability --as buyer"
    (place,) = shell.json(
        f"{buyer} --street '1 Market St' --zip 94105 --country US --service data.broadband --mbps 500"
    )
    assert (place["compared_as"], place["on_net"]) == ("building", 1)
    said = shell.good(f"{buyer} --at 37.7936,-122.3958")
    assert ("nothing" in said.out, "found better" in said.err) == (True, False)
    places = shell.file("places.csv", "ref,street,postal_code,country\nHQ,1 Market Street,94105,US\n,,94110,US\n")
    found = shell.json(f"{buyer} {places}")
    assert [(item["ref"], item["on_net"], item["near_net"]) for item in found] == [("HQ", 1, 0), ("row 3", 0, 1)]
    for wrong in ("", "--at 37.7936", f"{places} --zip 94105", str(shell.file("odd.csv", "colour\nred\n"))):
        assert shell(f"{buyer} {wrong}").code == 1
