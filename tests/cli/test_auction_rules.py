"""A buyer finds its auction on the command line: presets, the linter, a rehearsal."""

from datetime import timedelta

from tests.cli.conftest import Shell
from tests.conftest import NOON
from tests.factories import REGISTRATION

OWN = "violet-harbour-granite-49"
BUYER = REGISTRATION["contact"]["email"]


def test_a_buyer_reads_presets_checks_and_rehearses(shell: Shell) -> None:
    done = shell.json(f"buyer register {shell.file('buyer.json', REGISTRATION)}")
    shell.good(f"login {BUYER}", f"{done['initial_password']}\n{OWN}\n{OWN}\n")
    assert "open_price_race" in [preset["code"] for preset in shell.json("auction presets")]
    line = {"ref": "L1", "service_type": "data.dedicated-internet-access"}
    body = {
        "title": "Internet access",
        "lines": [line],
        "schedule": {"closes_at": (NOON + timedelta(hours=3)).isoformat()},
        "auction": {"preset": "rank_only", "base": "lead"},
    }
    request_id = shell.json(f"buyer new {shell.file('request.json', body)}")["id"]
    refused = shell(f"auction lint {request_id}")
    assert refused.code == 1
    assert "/auction/base" in refused.out
    played = shell.good(f"auction rehearse {request_id} --preset open_price_race --bidders 3")
    assert "The lot closes." in played.out
    mended = shell.file("auction.json", {"preset": "rank_only"})
    assert shell.json(f"auction lint {request_id} --auction {mended}") == []
