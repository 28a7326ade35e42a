"""What a buyer types into an award is kept as it is meant: no empty reasons, no unseen signs, money in cents."""

import csv
import io

import pytest

from marketplace.kernel import sheets
from marketplace.kernel.sheets import Sheet
from tests.awards.made import Round


def test_a_reason_of_spaces_is_none(closed_round: Round) -> None:
    body = {
        "awarded": closed_round.chosen(T1="blue", T2="red"),
        "not_awarded": [{"lot": "T3", "reason": "      "}],
    }
    refused = closed_round.asked("POST", "/award", body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/not_awarded/0/reason")
    assert closed_round.buyer("GET", "/awards") == []


@pytest.mark.parametrize("name", ["   ", "\u202eevil", "a\u200bb", "a\x00b", "x" * 81])
def test_a_scenario_has_a_name_that_can_be_read(open_round: Round, name: str) -> None:
    assert open_round.asked("POST", "/own-scenarios", {"name": name, "rules": []}).status_code == 422


def test_money_comes_back_in_cents_however_it_was_written(open_round: Round) -> None:
    stated = open_round.buyer("PUT", "/switching-costs", {"costs": [{"lot": "T1", "amount": "1e11"}]})
    assert stated["costs"][0]["amount"] == "100000000000.00"
    stage = open_round.stage
    assert stage.ok(stage.buyer, "PUT", "/buyer/approval-limit", {"amount": "5"})["amount"] == "5.00"


def test_a_formula_behind_a_semicolon_is_text_where_semicolons_separate() -> None:
    text = "L1: fine;=HYPERLINK(1)"
    content = sheets.as_csv(Sheet("Bids", ("a",), ((text,),))).decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(content), delimiter=";") for cell in row]
    assert not [cell for cell in cells if cell.startswith("=")]
