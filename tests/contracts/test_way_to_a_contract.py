"""From the award to the contract: the winner's word, changes to the terms, the paper, the dates, and who sees what."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typst
from fastapi.testclient import TestClient
from icalendar import Calendar
from typer.testing import CliRunner

from marketplace.cli.main import app
from marketplace.contracts import paper, proof
from marketplace.kernel import codec, journal
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.contracts.made import Caller, Deal, award, bid, confirm, contract_of, publish
from tests.factories import a_user
from tests.sellers.key_terms_made import some_key_terms

CHANGE = {"reference": "passage", "clause": "The fee for ending early is 10 %.", "wording": "There is no such fee."}


def invitation_of(desk: Caller) -> str:
    return str(desk("GET", "/invitations")["items"][0]["id"])


def accept(deal: Deal, contract: dict[str, Any], status: int = 200, changes: int | None = None) -> Any:
    body = {"sha256": contract["presentation"]["terms"]["sha256"], "accepted_terms": True, "changes_version": changes}
    return deal.buyer("POST", f"/contracts/{contract['id']}/acceptance", status, json=body)


def test_the_contract_needs_the_winner_s_word_first(awarded: Deal) -> None:
    blue = contract_of(awarded, "Blue")
    assert blue["award_confirmed"] == "awaited"
    assert accept(awarded, blue, 409)["type"] == "/problems/award-not-confirmed"
    path = f"/invitations/{invitation_of(awarded.blue)}/award/confirmation"
    (asked,) = awarded.blue("GET", path)
    assert (asked["status"], asked["lots"]) == ("awaited", ["T1"])
    awarded.red(
        "POST", f"/invitations/{invitation_of(awarded.red)}/award/confirmation", 404, json={"award_id": "awd_x"}
    )
    awarded.buyer("POST", path, 403, json={"award_id": asked["award_id"]})
    assert awarded.blue("POST", path, json={"award_id": asked["award_id"]})["status"] == "confirmed"
    assert awarded.blue("POST", path, 409, json={"award_id": asked["award_id"]})["type"] == "/problems/award-answered"
    assert accept(awarded, blue)["status"] == "accepted"


def test_a_declined_award_returns_its_lots_and_marks_the_carrier_for_the_buyer_alone(
    awarded: Deal, market: Marketplace, client: TestClient, run_worker: Callable[[], None]
) -> None:
    blue = contract_of(awarded, "Blue")
    invitation = invitation_of(awarded.blue)
    (asked,) = awarded.blue("GET", f"/invitations/{invitation}/award/confirmation")
    reason = "The building owner refuses us."
    body = {"award_id": asked["award_id"], "reason": reason}
    awarded.blue("POST", f"/invitations/{invitation}/award/declination", json=body)
    assert accept(awarded, blue, 409)["type"] == "/problems/award-not-confirmed"
    run_worker()
    rows = {row["provider_name"]: row for row in awarded.buyer("GET", f"/requests/{awarded.request_id}/confirmations")}
    assert (rows["Blue"]["status"], rows["Blue"]["defaulted"], rows["Blue"]["reason"]) == ("declined", True, reason)
    assert (rows["Red"]["status"], rows["Red"]["defaulted"]) == ("awaited", False)
    assert awarded.buyer("GET", f"/contracts/{blue['id']}")["status"] == "withdrawn"
    lots = {lot["lot"]: lot for lot in awarded.buyer("GET", f"/requests/{awarded.request_id}/comparison")["lots"]}
    assert [offer["provider_name"] for offer in lots["T1"]["offers"]] == ["Red"]
    offers = [offer for lot in lots.values() for offer in lot["offers"]]
    assert {offer["provider_name"] for offer in offers if offer["defaulted"]} == {"Blue"}
    assert reason not in json.dumps([awarded.red("GET", path) for path in ("/invitations", "/contracts", "/notices")])
    stranger = Caller(client, a_user(market))
    stranger("GET", f"/requests/{awarded.request_id}/confirmations", 404)
    platform = Caller(client, a_user(market, Kind.PLATFORM))
    (known,) = platform("GET", f"/providers/{awarded.blue.who.principal.organization_id}/defaults")
    assert known["defaulted"]
    award(awarded.buyer, awarded.request_id)
    confirm(awarded.red)
    red = [row for row in awarded.buyer("GET", f"/requests/{awarded.request_id}/contracts") if row["lots"] == ["T1"]]
    assert {row["status"] for row in red} == {"presented", "withdrawn"}
    with market.workshop.reading() as reading:
        told = list(journal.of_stream(reading.session, f"request:{awarded.request_id}"))
    assert {"award.declined", "award.confirmed", "lots.returned"} <= {event.name for event in told}
    assert reason not in json.dumps([event.data for event in told])


def test_a_silent_winner_loses_its_lots_when_the_buyer_takes_them_back(
    awarded: Deal, clock: StagedClock, run_worker: Callable[[], None]
) -> None:
    (asked,) = awarded.blue("GET", f"/invitations/{invitation_of(awarded.blue)}/award/confirmation")
    path = f"/requests/{awarded.request_id}/awards/{asked['award_id']}/return"
    body = {"provider_id": awarded.blue.who.principal.organization_id, "reason": "No word from them."}
    assert awarded.buyer("POST", path, 409, json=body)["type"] == "/problems/confirmation-not-overdue"
    clock.now += timedelta(days=5)
    run_worker()
    assert "take the lots back" in accept(awarded, contract_of(awarded, "Blue"), 409)["detail"]
    assert "award.confirmation_missed" in {notice["event"] for notice in awarded.buyer("GET", "/notices")["items"]}
    awarded.blue("POST", path, 403, json=body)
    taken = awarded.buyer("POST", path, json=body)
    assert (taken["status"], taken["defaulted"]) == ("returned", True)
    assert awarded.buyer("POST", path, 409, json=body)["type"] == "/problems/award-answered"
    (own,) = awarded.blue("GET", f"/invitations/{invitation_of(awarded.blue)}/award/confirmation")
    assert (own["status"], own["reason"]) == ("returned", "")
    run_worker()
    (ended,) = [one for one in awarded.blue("GET", "/notices")["items"] if one["event"] == "terms.withdrawn"]
    assert ended["text"].endswith("Back with the buyer: T1.")


def test_refused_terms_leave_nothing_to_confirm(awarded: Deal) -> None:
    blue = contract_of(awarded, "Blue")
    awarded.buyer("POST", f"/contracts/{blue['id']}/refusal", json={"reason": "too dear"})
    (asked,) = awarded.blue("GET", f"/invitations/{invitation_of(awarded.blue)}/award/confirmation")
    assert asked["status"] == "returned"


def test_changes_that_both_accept_are_in_the_contract_and_stale_ones_are_refused(
    deal: Deal, market: Marketplace, client: TestClient
) -> None:
    blue = contract_of(deal, "Blue")
    room = f"/contracts/{blue['id']}/negotiation"
    for other in (deal.red, Caller(client, a_user(market))):
        other("GET", room, 404)
        other("POST", f"{room}/proposals", 404, json={"changes": [CHANGE]}, headers={"If-Match": '"0"'})
    requester = a_user(market, role=UserRole.REQUESTER, organization_id=deal.buyer.who.principal.organization_id)
    Caller(client, requester)("POST", f"{room}/proposals", 403, json={"changes": [CHANGE]})
    deal.buyer("POST", f"{room}/proposals", 428, json={"changes": [CHANGE]})
    first = deal.buyer("POST", f"{room}/proposals", 201, json={"changes": [CHANGE]}, headers={"If-Match": '"0"'})
    assert (first["revision"], first["open_version"], first["agreed_version"]) == (1, 1, None)
    counter = CHANGE | {"wording": "The fee is 5 %."}
    deal.blue("POST", f"{room}/proposals/1/acceptance", 412, headers={"If-Match": '"0"'})
    deal.blue("POST", f"{room}/proposals", 201, json={"changes": [counter]}, headers={"If-Match": '"1"'})
    problem = deal.blue("POST", f"{room}/proposals/2/acceptance", 409, headers={"If-Match": '"2"'})
    assert problem["type"] == "/problems/not-your-turn"
    stale = deal.buyer("POST", f"{room}/proposals/1/acceptance", 409, headers={"If-Match": '"2"'})
    assert stale["type"] == "/problems/proposal-not-open"
    agreed = deal.buyer("POST", f"{room}/proposals/2/acceptance", headers={"If-Match": '"2"'})
    assert agreed["agreed_version"] == 2
    unseen = deal.blue("POST", f"{room}/proposals", 201, json={"changes": [CHANGE]}, headers={"If-Match": '"3"'})
    assert (unseen["open_version"], unseen["agreed_version"]) == (3, 2)

    seen = deal.buyer("GET", f"/contracts/{blue['id']}")
    assert seen["changes"]["version"] == 2
    assert accept(deal, blue, 409)["type"] == "/problems/other-changes"
    made = accept(deal, blue, changes=2)
    shown = {name: seen[name] for name in ("presentation", "terms_text", "changes")}
    assert made["acceptance"]["shown_sha256"] == codec.digest(shown)
    contract = deal.blue("GET", f"/contracts/{blue['id']}/document")
    assert [change["wording"] for change in contract["changes"]["changes"]] == ["The fee is 5 %."]
    assert contract["confirmation"]["full_name"] == "Robin Vale"
    ended = deal.blue("GET", room)
    assert (ended["closed"], ended["open_version"], ended["proposals"][2]["status"]) == (True, None, "lapsed")
    late = deal.buyer("POST", f"{room}/proposals", 409, json={"changes": []}, headers={"If-Match": '"5"'})
    assert late["type"] == "/problems/negotiation-closed"
    with market.workshop.reading() as reading:
        told = [event.data for event in journal.of_stream(reading.session, f"request:{deal.request_id}")]
    assert "fee" not in json.dumps(told)


def test_the_next_time_terms_are_compared_with_those_accepted_before(
    deal: Deal, clock: StagedClock, run_worker: Callable[[], None]
) -> None:
    first = contract_of(deal, "Blue")
    assert first["since"].startswith("First time")
    assert {row["now"] for row in first["key_terms"]} == {"Not stated."}
    assert deal.buyer("GET", f"/contracts/{first['id']}/differences")["text"] == []
    accept(deal, first)
    stated = codec.dump(some_key_terms(notice_days=90))
    text = "# Terms of Blue\n\nThe fee for ending early is 50 %."
    terms = deal.blue("POST", "/terms", 201, json={"title": "Master agreement", "text": text, "key_terms": stated})
    again = publish(deal.buyer, clock)
    run_worker()
    bid(deal.blue, terms["id"], {"T1": ("L1", "390.00"), "T2": ("L2", "290.00")})
    clock.now += timedelta(days=3)
    run_worker()
    award(deal.buyer, again)
    (row,) = deal.buyer("GET", f"/requests/{again}/contracts")
    second = deal.buyer("GET", f"/contracts/{row['id']}")
    assert second["since"].startswith("You accepted version 1 of “Master agreement” on")
    notice = next(item for item in second["key_terms"] if item["key"] == "notice_days")
    assert ("90 days" in notice["now"], notice["before"], notice["changed"]) == (True, "Not stated.", True)
    found = deal.buyer("GET", f"/contracts/{row['id']}/differences")
    changed = [piece for line in found["text"] for piece in line["pieces"] if piece["change"] != "same"]
    assert [(piece["change"], piece["text"]) for piece in changed] == [("removed", "10"), ("added", "50")]
    assert found["accepted_before"]["contract_id"] == first["id"]
    assert deal.blue("GET", f"/contracts/{row['id']}")["since"].startswith("The buyer accepted")


@pytest.fixture
def made(deal: Deal, client: TestClient) -> tuple[Deal, dict[str, Any], bytes]:
    blue = contract_of(deal, "Blue")
    contract = accept(deal, blue)
    path = f"/contracts/{blue['id']}/document.pdf"
    copies = [client.get(path, headers=side.who.headers) for side in (deal.buyer, deal.blue)]
    assert copies[0].content == copies[1].content
    assert copies[0].headers["content-type"] == "application/pdf"
    assert contract["sha256"][:12] in copies[0].headers["content-disposition"]
    deal.red("GET", path, 404)
    return deal, contract, copies[0].content


Made = tuple[Deal, dict[str, Any], bytes]


def test_the_paper_is_proved_offline_by_the_command(made: Made, client: TestClient, tmp_path: Path) -> None:
    deal, contract, content = made
    (tmp_path / "contract.pdf").write_bytes(content)
    (tmp_path / "keys.json").write_bytes(client.get("/keys").content)
    document = client.get(f"/contracts/{contract['id']}/document", headers=deal.buyer.who.headers).content
    (tmp_path / "contract.json").write_bytes(document)
    keys = ["--key", str(tmp_path / "keys.json")]
    run = CliRunner()
    good = run.invoke(app, ["verify", str(tmp_path / "contract.pdf"), *keys])
    assert good.exit_code == 0, good.output
    assert contract["sha256"] in good.output
    assert "byte for byte" in good.output
    signed = run.invoke(app, ["verify", str(tmp_path / "contract.json"), *keys, "--signature", contract["signature"]])
    assert signed.exit_code == 0, signed.output
    assert "Signed with the key" in signed.output
    (tmp_path / "other.pdf").write_bytes(content + b"\n")
    other = run.invoke(app, ["verify", str(tmp_path / "other.pdf"), *keys])
    assert (other.exit_code, "WRONG: the pages are not those" in other.output) == (1, True)
    assert contract["sha256"] in other.output, "what the signed document says is printed all the same"
    (tmp_path / "dearer.json").write_bytes(document.replace(b'"400.00"', b'"300.00"'))
    mind = run.invoke(app, ["verify", str(tmp_path / "dearer.json"), *keys, "--signature", contract["signature"]])
    assert (mind.exit_code, "WRONG" in mind.output) == (1, True)
    none = run.invoke(app, ["verify", str(tmp_path / "contract.pdf")])
    assert (none.exit_code, "came with the file" in none.output) == (0, True)


def test_a_paper_with_other_pages_is_told_from_the_contract_s_own(made: Made, market: Marketplace) -> None:
    _, contract, content = made
    keys = market.vault.keyring.public_keys
    assert proof.check_paper(content, keys).same_pages
    assert proof.check_paper(content + b"\n", keys).same_pages is False
    plain: bytes = typst.compile(b"= A contract", format="pdf", ignore_system_fonts=True)
    with pytest.raises(proof.WrongContractError, match="no contract is inside"):
        proof.check_paper(plain, keys)
    with pytest.raises(proof.WrongContractError, match="none of these keys"):
        proof.check_paper(content, {})
    assert contract["sha256"] == proof.check_paper(content, keys).sha256


def test_terms_as_pdf_are_pages_of_the_contract_and_a_file_inside(
    deal: Deal, client: TestClient, market: Marketplace, clock: StagedClock, run_worker: Callable[[], None]
) -> None:
    file: bytes = typst.compile(
        b"= Blue's terms\nBe kind.\n#pagebreak()\nAlways.", format="pdf", ignore_system_fonts=True
    )
    answer = client.post(
        "/terms/files", data={"title": "PDF"}, files={"file": ("t.pdf", file)}, headers=deal.blue.who.headers
    )
    request_id = publish(deal.buyer, clock)
    run_worker()
    bid(deal.blue, answer.json()["id"], {"T1": ("L1", "390.00"), "T2": ("L2", "290.00")})
    clock.now += timedelta(days=3)
    run_worker()
    award(deal.buyer, request_id)
    confirm(deal.blue)
    (row,) = deal.buyer("GET", f"/requests/{request_id}/contracts")
    contract = deal.buyer("GET", f"/contracts/{row['id']}")
    assert "Be kind." in contract["terms_text"]
    accept(deal, contract)
    assert client.get(f"/contracts/{row['id']}/terms", headers=deal.buyer.who.headers).content == file
    paths = [f"/contracts/{row['id']}/document.pdf"] * 2
    first, second = [client.get(path, headers=deal.buyer.who.headers).content for path in paths]
    assert first == second
    checked = proof.check_paper(first, market.vault.keyring.public_keys)
    assert checked.same_pages
    assert checked.document["terms"]["sha256"] == hashlib.sha256(file).hexdigest()
    assert proof._files(first)[paper.TERMS["application/pdf"]] == file


def test_the_dates_of_a_contract_come_as_a_calendar(made: Made, client: TestClient) -> None:
    deal, contract, _ = made
    path = f"/contracts/{contract['id']}/calendar.ics"
    answer = client.get(path, headers=deal.blue.who.headers)
    assert answer.headers["content-type"].startswith("text/calendar")
    summaries = [str(event["SUMMARY"]) for event in Calendar.from_ical(answer.content).walk("VEVENT")]
    assert len(summaries) == 2  # without key terms: start and end
    assert b"Northwind" not in answer.content
    deal.red("GET", path, 404)
    deal.buyer("GET", f"/contracts/{contract_of(deal, 'Red')['id']}/calendar.ics", 404)
