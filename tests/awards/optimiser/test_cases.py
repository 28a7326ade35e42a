import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from marketplace.awards.optimiser import comparison, reading
from marketplace.awards.optimiser.report import report
from marketplace.cli.main import app
from tests.awards.optimiser.made import ENGINE, OPTIONS

HERE = Path(__file__).parents[1] / "cases"
BESIDE = Path(__file__).parents[3].parent / "shared/data/award-cases"
CASES = sorted(HERE.glob("*.json"))
PARTS = frozenset(
    {
        "status",
        "total_cost",
        "optimal_awards",
        "rejected_offers",
        "price_of_rules",
        "cost_increase_if_offer_forced",
        "vcg",
        "greedy_cheapest_per_lot",
        "enumerated",
        "feasible",
    }
)


def test_there_are_cases() -> None:
    assert len(CASES) >= 8


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_expected_part_is_found(case: Path) -> None:
    document = reading.decode(case.read_bytes())
    problem = reading.read(document)
    found = comparison.document(report(problem, OPTIONS, ENGINE))
    parts = comparison.compared(found, document["expected"], frozenset(rule.id for rule in problem.rules))
    assert {part.name for part in parts} == set(document["expected"]) <= PARTS
    assert [part for part in parts if not part.agrees] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_case_is_the_one_beside_the_project(case: Path) -> None:
    if not (BESIDE / case.name).exists():
        pytest.skip("the cases beside the project are not there")
    assert case.read_bytes() == (BESIDE / case.name).read_bytes()


def test_the_command_solves_a_case_and_writes_its_results(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    case = HERE / "08-max-carriers.json"
    result = CliRunner().invoke(app, ["award", "solve", str(case), "--json", str(out)])
    assert result.exit_code == 0, result.output
    assert "optimal, proven cheapest" in result.output
    assert "rule max2: 252.00 USD (without: 13,356.00)" in result.output
    assert "A:l3: +144.00 USD if it must win" in result.output
    assert "breaks max2" in result.output
    written = json.loads(out.read_text(encoding="utf-8"))
    assert written["total_cost"] == written["bound"] == 1_360_800
    assert written["optimal_awards"] == [["B:l1", "B:l2", "C:l3", "C:l4"]]


def test_the_command_says_what_differs(tmp_path: Path) -> None:
    document = json.loads((HERE / "01-switching-cost-flips-winner.json").read_text(encoding="utf-8"))
    document["expected"]["total_cost"] += 1
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(document), encoding="utf-8")
    result = CliRunner().invoke(app, ["award", "solve", str(wrong)])
    assert result.exit_code == 1
    assert "DIFFERS total_cost: expected 689001, found 689000" in result.output
    del document["expected"]["total_cost"]
    document["expected"]["enumerated"] = 5
    wrong.write_text(json.dumps(document), encoding="utf-8")
    result = CliRunner().invoke(app, ["award", "solve", str(wrong)])
    assert result.exit_code == 0
    assert "DIFFERS enumerated" in result.output


def test_the_command_takes_a_bare_problem_and_explains_a_conflict(tmp_path: Path) -> None:
    document = json.loads((HERE / "16-infeasible-conflict.json").read_text(encoding="utf-8"))
    bare = tmp_path / "bare.json"
    bare.write_text(json.dumps(document["problem"]), encoding="utf-8")
    result = CliRunner().invoke(app, ["award", "solve", str(bare)])
    assert result.exit_code == 0, result.output
    assert "No award obeys dual and one together; the cheapest way out is to drop one." in result.output
    assert "without one: 9,792.00 USD (max_carriers 2 instead of 1 is possible)" in result.output


@pytest.mark.parametrize("text", ["", "[]", "{", '{"problem": 3}', '{"horizon_months": NaN}', "\xff"])
def test_the_command_refuses_what_is_no_problem(tmp_path: Path, text: str) -> None:
    bad = tmp_path / "bad.json"
    bad.write_bytes(text.encode("latin-1"))
    result = CliRunner().invoke(app, ["award", "solve", str(bad)])
    assert result.exit_code == 2
    assert result.output
    assert CliRunner().invoke(app, ["award", "solve", str(tmp_path / "none.json")]).exit_code == 2
