"""Complete among complete, switching costs, totals, and the files that leave the house."""

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from buyers.requests.model import Content
from marketplace.awards import matrix, rules
from marketplace.awards.model import ComparedLot, LotRefusal, LotSelection, Selection
from marketplace.kernel import sheets
from marketplace.kernel.ids import BidId
from marketplace.kernel.sheets import Sheet
from tests.awards.made import Round
from tests.awards.offers import an_offer, compared
from tests.security.made import Stage


def test_an_incomplete_bid_is_never_ranked_among_complete_ones() -> None:
    lacking = an_offer("A", "T1", "1.00", incomplete=("L2 is not priced",))
    ordered = rules.in_order((lacking, an_offer("B", "T1", "100.00"), an_offer("C", "T1", "120.00")))
    assert [(offer.provider_id, offer.rank) for offer in ordered] == [("B", 1), ("C", 2), ("A", None)]
    lot = rules.with_distances(ComparedLot("T1", "closed", ordered))
    assert [offer.above_best for offer in lot.offers] == [Decimal(0), Decimal(20), None]
    comparison = compared([("T1", offer) for offer in lot.offers])
    refusals = tuple(LotRefusal(ref, "none") for ref in ("T2", "T3"))
    (error,) = rules.selection_errors(comparison, Selection((LotSelection("T1", BidId("A:T1")),), refusals))
    assert (error.pointer, "L2 is not priced" in error.message) == ("/awarded/0/reason", True)


def test_where_none_is_complete_incomplete_bids_are_ranked_among_themselves() -> None:
    found = [an_offer(name, "T1", total, incomplete=("x",)) for name, total in (("A", "1.00"), ("B", "2.00"))]
    assert [offer.rank for offer in rules.in_order(found)] == [1, 2]


def test_switching_costs_decide_between_bids_and_the_formula_says_so() -> None:
    kept = an_offer("A", "T1", "110.00", joint=True)
    other = an_offer("B", "T1", "100.00", switching=Decimal(10), joint=True)
    third = an_offer("C", "T1", "90.00", switching=Decimal(10))
    ordered = rules.in_order((third, other, kept))
    assert [(offer.provider_id, offer.rank, offer.evaluated) for offer in ordered] == [
        ("C", 1, Decimal(100)),
        ("B", 2, Decimal(110)),
        ("A", 3, Decimal(110)),
    ]
    assert rules.lot_formula(third) == "10 switching cost = 100.00"


def test_a_provider_s_grand_total_counts_what_is_complete_and_names_what_is_missing() -> None:
    comparison = compared(
        [
            ("T1", an_offer("A", "T1", "100.00", switching=Decimal(5))),
            ("T2", an_offer("A", "T2", "50.00", incomplete=("x",))),
            ("T2", an_offer("B", "T2", "60.00")),
            ("T1", an_offer("B", "T1", "1.00")),
        ]
    )
    first, second = rules.grand_totals(comparison.lots)
    assert (first.provider_id, first.total, first.missing) == ("B", Decimal(61), ("T3",))
    assert (second.total, second.missing, second.formula) == (Decimal(105), ("T2", "T3"), "105.00 (T1) = 105.00")


EVIL = '=HYPERLINK("http://x","y")'


@pytest.mark.parametrize("text", [EVIL, "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_cell_that_a_bidder_wrote_is_a_formula(text: str) -> None:
    sheet = Sheet("Bids", ("a", "b"), ((text, Decimal("-3.50")),))
    book = openpyxl.load_workbook(io.BytesIO(sheets.as_xlsx([sheet])))
    cell = book["Bids"]["A2"]
    assert (cell.data_type, cell.value) == ("s", text)
    assert (book["Bids"]["B2"].data_type, book["Bids"]["B2"].value) == ("n", -3.5)
    assert book["Bids"].freeze_panes == "C2"
    rows = list(csv.reader(io.StringIO(sheets.as_csv(sheet).decode("utf-8-sig"))))
    # a program that separates by tabs would begin a cell behind each
    assert rows[1] == [{"\t=1": "'\t'=1"}.get(text, f"'{text}"), "-3.50"]


def test_the_matrix_says_in_words_what_is_no_price() -> None:
    comparison = compared(
        [
            ("T1", an_offer("A", "T1", "100.00")),
            ("T1", an_offer("B", "T1", "90.00", incomplete=("L1 does not meet ipv6: soon",))),
            ("T1", an_offer("C", "T1", "80.00", open_ended=True, open_because=("L1 is budgetary",))),
            ("T2", an_offer("B", "T2", "70.00", slowest_install_days=10)),
        ]
    )
    bids, by_site, _ = matrix.sheets(comparison, Content(), date(2026, 11, 21))
    assert by_site.header == ("Lot", "Site", "A", "B", "C")
    assert by_site.rows[0][2:] == (Decimal("100.00"), "incomplete: 90.00", "open: 80.00")
    assert bids.rows[-1][13] == date(2026, 12, 1)


def export(played: Round, kind: str) -> Any:
    answer = played.asked("GET", f"/comparison.{kind}")
    assert answer.status_code == 200, answer.text
    assert f'filename="comparison.{kind}"' in answer.headers["content-disposition"]
    return answer.content


def test_the_comparison_leaves_as_csv_and_as_a_workbook(open_round: Round, stage: Stage) -> None:
    deviates = [{"code": "bandwidth_mbps", "fit": "deviates", "text": EVIL}]
    open_round.send("blue", [{"lot": "T1", "lines": [{"line": "L1", "mrc": "10.00", "answers": deviates}]}])
    open_round.bid("red")
    assert open_round.asked("GET", "/comparison.csv").status_code == 409
    stage.close()
    rows = list(csv.DictReader(io.StringIO(export(open_round, "csv").decode("utf-8-sig"))))
    assert [row["Rank"] for row in rows if row["Lot"] == "T1"] == ["1", ""]
    blue = next(row for row in rows if row["Total cost"] == "360.00")
    assert blue["Incomplete"] == f"L1 does not meet bandwidth_mbps: {EVIL}"
    book = openpyxl.load_workbook(io.BytesIO(export(open_round, "xlsx")))
    assert book.sheetnames == ["Bids", "Matrix", "Totals"]
    assert all(cell.data_type != "f" for page in book for row in page.iter_rows() for cell in row)
    stranger = stage.a_buyer("else@elsewhere.example.org")
    assert stage.call(stranger, "GET", open_round.path("/comparison.xlsx")).status_code == 404


def test_switching_costs_stated_before_bids_can_be_seen_count_without_a_reason(open_round: Round, stage: Stage) -> None:
    open_round.bid_all()
    costs = {"costs": [{"site": "S1", "incumbent": open_round.id_of("red"), "amount": "500.00", "note": "router"}]}
    stated = open_round.buyer("PUT", "/switching-costs", costs)
    assert (stated["costs"][0]["lot"], stated["late"]) == ("T1", False)
    assert open_round.asked("PUT", "/switching-costs", costs).status_code == 428
    stage.close()
    found = open_round.buyer("GET", "/comparison")
    first = found["lots"][0]["offers"][0]
    assert (first["provider_id"], first["switching"]) == (open_round.id_of("red"), "0.00")
    second = found["lots"][0]["offers"][1]
    assert (second["total"], second["evaluated"], second["above_best"]) == ("3650.00", "4150.00", "320.00")
    assert second["formula"] == "3650.00 (L1) + 500.00 switching cost = 4150.00"
    assert "before any bid could be seen" in found["switching_note"]
    late = open_round.asked("PUT", "/switching-costs", costs, headers={"If-Match": '"1"'})
    assert late.json()["errors"][0]["pointer"] == "/reason"
    open_round.buyer("PUT", "/switching-costs", costs | {"reason": "Found the bill."}, headers={"If-Match": '"1"'})
    assert "Found the bill." in open_round.buyer("GET", "/comparison")["switching_note"]


def test_switching_costs_name_lots_once_and_providers_that_exist(open_round: Round) -> None:
    wrong = [
        {"lot": "T9", "amount": "1.00"},
        {"lot": "T1", "amount": "1.00"},
        {"site": "S1", "amount": "1.00"},
        {"lot": "T2", "amount": "1.00", "incumbent": "org_nobody"},
    ]
    answer = open_round.asked("PUT", "/switching-costs", {"costs": wrong})
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "/costs/0/lot",
        "/costs/2/lot",
        "/costs/3/incumbent",
    ]
