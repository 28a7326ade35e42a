import json
from pathlib import Path

import pytest

from marketplace.cli import views
from tests.cli.conftest import Shell, sit_down
from tests.security.made import Stage


@pytest.fixture
def invited(stage: Stage, shell: Shell) -> str:
    """An invitation of the desk that the command line is signed in as."""
    carrier = stage.a_carrier()
    stage.terms(carrier)
    stage.publish(auction={"preset": "open_price_race", "ceiling": "20000"})
    sit_down(shell, "desk", carrier)
    return stage.invitation(carrier)


def _priced(shell: Shell, invitation_id: str, mrc: str) -> Path:
    file = shell.folder / "sheet.csv"
    shell.good(f"desk sheet get {invitation_id} --out {file}")
    rows = file.read_text(encoding="utf-8-sig").splitlines()
    names = rows[0].split(",")
    cells = dict.fromkeys(names, "") | {"lot": "T1", "line": "L1", "quantity": "1", "mrc": mrc, "nrc": "100.00"}
    return shell.file("priced.csv", f"{rows[0]}\n{','.join(cells[name] for name in names)}\n")


def test_a_sheet_goes_out_comes_back_and_is_sent(shell: Shell, invited: str) -> None:
    said = shell.good(f"desk sheet put {invited} {_priced(shell, invited, '410.00')}")
    assert "Rows: 1 taken, 0 as they were, 0 left out." in said.out
    assert "14,860.00" in said.out
    assert "410.00" in shell.good(f"desk draft show {invited}").out
    receipts = shell.folder / "receipts.json"
    looked = shell.good(f"desk draft send {invited} --dry-run")
    assert "Nothing was changed." in looked.out
    assert shell.json(f"desk bids {invited}") == []
    shell.good(f"desk draft send {invited} --valid-until 2027-06-30 --receipts {receipts}")
    (kept,) = json.loads(receipts.read_text(encoding="utf-8"))["receipts"]
    (bid,) = shell.json(f"desk bids {invited}")
    assert (kept["bid_id"], kept["amount"], bid["valid_until"]) == (bid["bid_id"], "14860.00", "2027-06-30")
    unchanged = shell.good(f"desk sheet put {invited} {shell.folder / 'priced.csv'}")
    assert "Rows: 0 taken, 1 as they were, 0 left out." in unchanged.out


def test_good_rows_are_kept_and_bad_ones_explained(shell: Shell, invited: str) -> None:
    wrong = _priced(shell, invited, "4lo")
    wrong.write_text(wrong.read_text(encoding="utf-8") + "T9,L7,,,,,,4\n", encoding="utf-8")
    said = shell(f"desk sheet put {invited} {wrong}")
    assert said.code == 1
    assert "write a number such as 1234.50" in said.out
    assert "the request has no such line" in said.out
    assert "2 left out" in said.out
    sent = shell(f"desk draft send {invited}")
    assert (sent.code, sent.out) == (1, "")
    assert "Your draft is empty" in sent.err


def test_a_dry_run_of_a_sheet_changes_nothing(shell: Shell, invited: str) -> None:
    said = shell.good(f"desk sheet put {invited} {_priced(shell, invited, '410.00')} --dry-run")
    assert "Rows: 1 would be taken" in said.out
    assert shell.json(f"desk draft show {invited}")["revision"] == 0


def test_a_file_that_is_there_is_never_overwritten(shell: Shell, invited: str) -> None:
    filled = _priced(shell, invited, "410.00")
    before = filled.read_bytes()
    said = shell(f"desk sheet get {invited} --out {filled}")
    assert said.code == 1
    assert "is there already" in said.err
    assert filled.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "row 1 is empty"), ("a,b\n1,2\n", "the column lot is missing"), ("lot,line\nT1,L1\n", "no column of prices")],
)
def test_a_file_of_another_kind_is_refused_in_one_short_sentence(
    shell: Shell, invited: str, content: str, message: str
) -> None:
    said = shell(f"desk sheet put {invited} {shell.file('other.csv', content)}")
    assert said.code == 1
    assert message in said.err
    assert "request body" not in said.err
    assert max(len(line) for line in said.err.splitlines()) < 120


def test_a_sheet_is_csv_or_xlsx(shell: Shell, invited: str) -> None:
    assert "ends in .csv or .xlsx" in shell(f"desk sheet get {invited} --out sheet.pdf").err
    book = shell.folder / "sheet.xlsx"
    shell.good(f"desk sheet get {invited} --out {book}")
    assert "0 left out" in shell.good(f"desk sheet put {invited} {book}").out


def test_a_draft_is_set_and_cleared(shell: Shell, invited: str) -> None:
    assert "Nothing is written yet" in shell.good(f"desk draft show {invited}").out
    draft = {"lots": [{"lot": "T1", "lines": [{"line": "L1", "nrc": "5.00"}]}]}
    assert "L1" in shell.good(f"desk draft set {invited} {shell.file('draft.json', draft)}").out
    lacking = shell(f"desk draft send {invited}")
    assert "Lot T1 can't be bid yet: no price for L1. Nothing was sent." in lacking.err
    assert "prices no lot T4" in shell(f"desk draft send {invited} --lot t4").err
    shell.good(f"desk draft clear {invited}")
    assert "Nothing is written yet" in shell.good(f"desk draft show {invited}").out


def test_an_empty_file_to_import_is_told_as_empty(shell: Shell, stage: Stage) -> None:
    sit_down(shell, "buyer", stage.buyer)
    request_id = shell.json(f"buyer new {shell.file('request.json', {'title': 'First'})}")["id"]
    said = shell(f"buyer import {request_id} lines {shell.file('lines.csv', '')}")
    assert said.code == 1
    assert "is empty: its first row names the columns" in said.err


def test_taxes_and_rates_are_told_as_a_sheet_writes_them() -> None:
    given = [
        {"name": "USF", "figure": "12.5", "basis": "percent"},
        {"name": "E911", "figure": "0.75", "basis": "monthly"},
    ]
    assert views.taxes(given) == "USF 12.5%, E911 0.75 a month"
    assert views.usage_rates([{"service_type": "voice", "unit": "minutes", "rate": "0.01"}]) == "0.01 per minutes"
    assert views.taxes([]) == "-"
