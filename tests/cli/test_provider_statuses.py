"""The platform closes providers that a published list says are closed; a closed one receives nothing any more."""

from pathlib import Path

import pytest

from marketplace.cli.choices import MistakeError
from marketplace.cli.provider_statuses import closed_there, read_list
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from sellers import service as sellers
from tests.cli import test_whole_way as way
from tests.cli.conftest import Shell
from tests.matching.made import content, invited, publish

PUBLISHED = Path(__file__).parents[2].parent / "shared/data/providers/usac_spin.csv"
LIST = (
    "spin,company_name,status,physical_city,physical_state,physical_zip\n"
    '143000003,"Global Crossing Local Services, Inc.",Closed,Rochester,NY,14646\n'
    "143000011,Time Warner Telecom Inc.,Active,Littleton,CO,80124\n"
)


def registered(shell: Shell, number: int, spin: str) -> str:
    email = f"desk{number}@carrier{number}.example.com"
    body = {"name": f"Carrier {number}", "contact_name": "Ada Moreno", "contact_email": email, "reference": spin}
    made = shell.json(f"desk register {shell.file(f'provider{number}.json', body)}")
    shell.good(f"login {email} --as desk{number}", f"{made['initial_password']}\n{way.OWN}\n{way.OWN}\n")
    wanted = [{"name": "all", "criteria": {}}]
    shell.good(f"desk filters set {shell.file(f'filters{number}.json', wanted)} --as desk{number}")
    provider_id = str(made["provider"]["id"])
    shell.good(f"platform approve {provider_id} --reason 'license checked' --as admin")
    return provider_id


def close_what_the_list_closes(shell: Shell, market: Marketplace, file: Path, closed: str, active: str) -> None:
    gone, stays = registered(shell, 1, closed), registered(shell, 2, active)
    registered_without = registered(shell, 3, "")
    (shown,) = shell.json(f"platform provider-statuses {file} --as admin")
    assert (shown["id"], shown["status"], shown["listed_status"]) == (gone, "approved", "Closed")
    assert set(invited(market, publish(market, content()))) == {gone, stays, registered_without}
    assert shell(f"platform provider-statuses {file} --apply --as admin", "no\n").code == 1
    (done,) = shell.json(f"platform provider-statuses {file} --apply --yes --as admin")
    assert done["status"] == "closed"
    with market.workshop.reading() as reading:
        assert sellers.get(reading, gone).reason == f"closed in the list {file.name} (reference {closed})"
    assert set(invited(market, publish(market, content()))) == {stays, registered_without}
    assert shell.json(f"platform provider-statuses {file} --as admin") == []


def test_a_provider_that_a_list_says_is_closed_is_closed_here_and_receives_nothing(
    shell: Shell, market: Marketplace, clock: StagedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    way._an_admin(shell, market, clock, monkeypatch)
    close_what_the_list_closes(shell, market, shell.file("spins.csv", LIST), "143000003", "143000011")


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published list is not beside the project")
def test_the_published_list_can_be_used_as_it_is(
    shell: Shell, market: Marketplace, clock: StagedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(read_list(PUBLISHED)) > 25_000
    way._an_admin(shell, market, clock, monkeypatch)
    close_what_the_list_closes(shell, market, PUBLISHED, "143000003", "143000011")


def test_what_is_no_such_list_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("name,state\nNorthwind,NY\n", encoding="utf-8")
    with pytest.raises(MistakeError, match="no columns 'spin' and 'status'"):
        read_list(file)


def test_who_is_closed_here_already_or_has_no_reference_is_left_alone() -> None:
    listed = {"1": {"status": "Closed"}, "": {"status": "Closed"}}
    ours = [{"reference": "1", "status": "closed"}, {"reference": "2", "status": "approved"}]
    assert closed_there(ours, listed) == []
