import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest

from marketplace.identity import service as identity
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.cli.conftest import Shell
from tests.conftest import NOON
from tests.factories import REGISTRATION

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
OWN = "violet-harbour-granite-49"
BUYER = REGISTRATION["contact"]["email"]
SITES = "label,street,city,state,postal_code,country\nMain branch,12 Canal Street,Albany,NY,12207,US\n"
LINES = "site,service_type,quantity,bandwidth_mbps\nMain branch,data.dedicated-internet-access,1,500\n"
REQUEST = {
    "title": "Internet access for a branch",
    "term_months": 36,
    "schedule": {"closes_at": (NOON + timedelta(days=7)).isoformat()},
}
FILTERS = [{"name": "New York", "criteria": {"service_types": ["data"], "territory": {"states": ["US-NY"]}}}]


def _an_admin(shell: Shell, market: Marketplace, clock: StagedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the operator's first admin sign in: initial password, own password, second factor."""
    with market.workshop.work() as work:
        made = identity.ensure_platform_admin(work, "olga@platform.example.com", "Olga Reyes")
    assert made is not None
    monkeypatch.setattr(pyotp, "random_base32", lambda: SECRET)
    code = pyotp.TOTP(SECRET).at(int(clock.now.timestamp()))
    typed = f"{made.initial_password}\n{OWN}\n{OWN}\n000000\n{code}\n"
    said = shell.good("login olga@platform.example.com --as admin", typed)
    assert SECRET in said.err
    assert SECRET not in said.out
    assert "Recovery codes" in said.err


def _a_desk(shell: Shell, number: int) -> str:
    email = f"desk{number}@carrier{number}.example.com"
    body = {"name": f"Carrier {number}", "contact_name": "Ada Moreno", "contact_email": email}
    done = shell.json(f"desk register {shell.file(f'desk{number}.json', body)}")
    shell.good(f"login {email} --as desk{number}", f"{done['initial_password']}\n{OWN}\n{OWN}\n")
    shell.good(f"desk filters set {shell.file('filters.json', FILTERS)} --as desk{number}")
    terms = shell.file("Master service agreement.md", f"# Terms of carrier {number}\nService credits apply.")
    shell.good(f"desk terms publish '{terms}' --as desk{number}")
    return str(done["provider"]["id"])


def _a_bid(shell: Shell, number: int, mrc: str) -> str:
    (received,) = shell.json(f"desk inbox --as desk{number}")
    file = shell.folder / f"bid{number}.json"
    shell.good(f"desk bid {received['id']} {file} --template --as desk{number}")
    body: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    line = body["lots"][0]["lines"][0]
    assert line["mrc"] is None
    line["mrc"] = mrc
    for answer in line["answers"]:
        answer["fit"] = "meets"
    shell.file(f"bid{number}.json", body)
    receipts = shell.json(f"desk bid {received['id']} {file} --as desk{number}")["receipts"]
    assert [receipt["version"] for receipt in receipts] == [1]
    return str(received["id"])


def _a_submitted_request(shell: Shell) -> str:
    registered = shell.json(f"buyer register {shell.file('buyer.json', REGISTRATION)}")
    shell.good(f"login {BUYER} --as dana", f"{registered['initial_password']}\n{OWN}\n{OWN}\n")
    shell.good("buyer evidence --ein 91-1144442")
    shell.good("buyer submit-verification")
    request_id = str(shell.json(f"buyer new {shell.file('request.json', REQUEST)}")["id"])
    assert shell.json(f"buyer import {request_id} sites {shell.file('sites.csv', SITES)}")["sites"] == 1
    assert shell.json(f"buyer import {request_id} lines {shell.file('lines.csv', LINES)}")["lines"] == 1
    assert "Riverbend" not in shell.good(f"buyer preview {request_id}").out
    assert "Nothing gives you away" in shell.good(f"buyer findings {request_id}").out
    assert "waits for your verification" in shell.good(f"buyer submit {request_id}").out
    return request_id


def _verify(shell: Shell) -> None:
    (waiting,) = shell.json("platform queue --as admin")
    assert "Riverbend Public Library" in shell.good(f"platform case {waiting['buyer_id']} --as admin").out
    decided = f"platform verify {waiting['buyer_id']} --reason 'register extract' --as admin"
    assert shell(decided, "no\n").code == 1
    assert "Riverbend" in shell.good(decided, "VERIFY\n").out
    assert shell.json("platform queue --as admin") == []


def _look_at_the_dearer_bid(shell: Shell, request_id: str) -> None:
    (lot,) = shell.json(f"buyer compare {request_id}")["lots"]
    assert "480.00 x 1 x 36 months" in shell.good(f"buyer compare {request_id} --formulas").out
    asked = shell(f"buyer award {request_id}", "2\nbetter network\nno\n")
    assert asked.code == 1
    assert "It is not the lowest total cost" in asked.err
    assert asked.out.count("Carrier 1") == 2, "in the comparison, and as who would learn who the buyer is"
    unreasoned = shell(f"buyer award {request_id} --lot T1={lot['offers'][1]['bid_id']} --yes")
    assert unreasoned.code == 1
    assert "  /awarded/0/reason: this is not the lowest total cost" in unreasoned.err
    mistyped = shell(f"buyer award {request_id} --lot T1")
    assert "'T1' is no choice" in mistyped.err
    assert shell.json(f"buyer awards {request_id}") == []


def _confirm_and_negotiate(shell: Shell, request_id: str, contract_id: str, invitation_id: str) -> None:
    early_yes = shell(f"buyer accept {contract_id} --yes")
    assert (early_yes.code, "has not confirmed the award" in early_yes.err) == (1, True)
    assert shell.json(f"buyer confirmations {request_id}")[0]["status"] == "awaited"
    assert "confirmed" in shell.good(f"desk confirm {invitation_id} --as desk2").out
    assert shell(f"desk decline-award {invitation_id} --reason 'too late now' --as desk2").code == 1
    changes = shell.folder / "changes.json"
    changes.write_text('[{"reference": "key term", "clause": "notice_days", "wording": "30 days."}]', encoding="utf-8")
    assert "Version 1 waits" in shell.good(f"buyer propose {contract_id} {changes}").out
    assert "Agreed: version 1." in shell.good(f"desk agree {contract_id} 1 --as desk2").out
    assert "First time" in shell.good(f"buyer differences {contract_id}").out


def test_the_whole_way_by_commands_alone(
    shell: Shell,
    market: Marketplace,
    clock: StagedClock,
    run_worker: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _an_admin(shell, market, clock, monkeypatch)
    providers = [_a_desk(shell, number) for number in (1, 2)]
    for provider_id in providers:
        shell.good(f"platform approve {provider_id} --reason 'license checked' --as admin")

    request_id = _a_submitted_request(shell)
    _verify(shell)
    run_worker()

    assert "Riverbend" not in shell.good("desk inbox --as desk1").out
    dear, cheap = _a_bid(shell, 1, "480.00"), _a_bid(shell, 2, "420.00")
    for invitation_id, desk in ((dear, "desk1"), (cheap, "desk2")):
        assert "Riverbend" not in shell.good(f"desk open {invitation_id} --as {desk}").out
        assert shell(f"desk buyer {invitation_id} --as {desk}").code == 1
    assert "sealed" in shell.good(f"buyer auction {request_id}").out
    early = shell(f"buyer compare {request_id}")
    assert (early.code, early.out) == (1, "")
    assert "does not allow this now" in early.err

    clock.now += timedelta(days=7, minutes=1)
    run_worker()
    compared = shell.good(f"buyer compare {request_id}").out
    assert compared.index("15,120.00") < compared.index("17,280.00"), "the lowest total cost comes first"
    _look_at_the_dearer_bid(shell, request_id)
    refused = shell(f"buyer award {request_id} --cheapest", "yes\n")
    assert refused.code == 1
    assert "nobody learned anything" in refused.err
    assert shell(f"desk buyer {cheap} --as desk2").code == 1
    awarded = shell.good(f"buyer award {request_id} --cheapest", "AWARD\n").out
    assert "Each winner learns" in awarded
    run_worker()

    assert "15,120.00" in shell.good(f"desk award {cheap} --as desk2").out
    assert "Riverbend Public Library" in shell.good(f"desk buyer {cheap} --as desk2").out
    assert shell(f"desk buyer {dear} --as desk1").code == 1

    (contract,) = shell.json(f"buyer contracts {request_id}")
    assert shell(f"buyer accept {contract['id']}", "no\n").code == 1
    _confirm_and_negotiate(shell, request_id, contract["id"], cheap)
    read = shell.good(f"buyer accept {contract['id']}", "ACCEPT\n").out
    assert "30 days." in read
    assert "Service credits apply." in read
    assert "The contract stands." in read
    saved = shell.folder / "contract.json"
    paper, dates = shell.folder / "contract.pdf", shell.folder / "contract.ics"
    files = f"--document {saved} --pdf {paper} --calendar {dates}"
    made = shell.json(f"desk contract {contract['id']} {files} --as desk2")
    assert paper.read_bytes().startswith(b"%PDF-")
    assert b"BEGIN:VCALENDAR" in dates.read_bytes()
    assert made["status"] == "accepted"
    assert json.loads(saved.read_text(encoding="utf-8"))
    assert shell(f"buyer refuse {contract['id']} --reason 'too late now'").code == 1
    assert shell.json("desk notices --as desk2")
