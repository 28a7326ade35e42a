"""The platform looks after its own work at the command line."""

from datetime import timedelta

from marketplace.catalogue.seed import load_seed
from marketplace.kernel import codec
from sellers.model import ProviderStatus
from tests.cli.conftest import Shell, sit_down
from tests.security.made import Stage


def test_what_waits_is_listed_taken_and_given_back(shell: Shell, stage: Stage) -> None:
    sit_down(shell, "admin", stage.admin)
    assert "Nothing waits." in shell.good("platform jobs --as admin").out
    provider = stage.a_carrier(status=ProviderStatus.PENDING).principal.organization_id
    assert provider in shell.good("platform jobs --kind provider --as admin").out
    assert shell.json("platform jobs --kind pause --as admin") == []
    taken = shell.json(f"platform take provider {provider} --as admin")
    assert taken["taken_by"] == stage.admin.principal.user_id
    assert "free for a colleague" in shell.good(f"platform release provider {provider} --as admin").out
    assert shell(f"platform release provider {provider} --as admin").code == 1


def test_accounts_are_suspended_and_reinstated(shell: Shell, stage: Stage) -> None:
    sit_down(shell, "admin", stage.admin)
    carrier = stage.a_carrier()
    organization_id = carrier.principal.organization_id
    assert organization_id in shell.good("platform organizations list --kind provider --as admin").out
    assert carrier.email in shell.good(f"platform organizations open {organization_id} --as admin").out
    assert shell(f"platform organizations suspend {organization_id} --reason x --as admin", "no\n").code == 1
    suspend = f"platform organizations suspend {organization_id} --reason 'a stolen laptop' --yes --as admin"
    assert shell.json(suspend) == {"user_ids": [carrier.principal.user_id]}
    reinstate = f"platform organizations reinstate {organization_id} --reason found --user {carrier.principal.user_id}"
    assert "It met 1 users" in shell.good(f"{reinstate} --as admin").out
    assert shell.json(f"platform organizations end-sessions {organization_id} --reason x --as admin") == {"sessions": 0}


def test_running_lots_reveals_words_and_health_are_shown(shell: Shell, stage: Stage) -> None:
    sit_down(shell, "admin", stage.admin)
    carrier = stage.a_carrier()
    stage.clock.now += timedelta(minutes=1)
    body = stage.parts(title="Internet for Riverbend Public Library")
    request_id = stage.ok(stage.buyer, "POST", "/requests", body)["id"]
    words = [found["text"] for found in stage.ok(stage.buyer, "GET", f"/requests/{request_id}/findings")]
    stage.ok(stage.buyer, "POST", f"/requests/{request_id}/submit", {"accept_findings": words})
    stage.settle()
    stage.bid(carrier)
    assert request_id in shell.good("platform auctions --as admin").out
    assert shell.json("platform auctions --status closed --as admin") == []
    assert "platform reading" in shell.good("platform reveals --as admin").out
    file = shell.folder / "reveals.csv"
    shell.good(f"platform reveals --buyer {stage.buyer.principal.organization_id} --out {file} --as admin")
    assert len(file.read_text(encoding="utf-8").splitlines()) == 2
    assert shell.json("platform reveals --until 2020-01-01T00:00:00Z --as admin") == []
    (finding, *_) = shell.json("platform review list --as admin")
    assert "It means it." in shell.good(f"platform review seen {finding['id']} --note 'It means it.' --as admin").out
    assert [one["id"] for one in shell.json("platform review list --seen --as admin")] == [finding["id"]]
    assert "oversight.reveals" in shell.good("platform health --as admin").out
    catalogue = shell.file("catalogue.json", codec.dump(load_seed()))
    assert "No active filter" in shell.good(f"platform catalogue-impact {catalogue} --as admin").out
