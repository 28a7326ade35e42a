import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.testing import CliRunner

from marketplace.bidding import commands
from marketplace.bidding import rules as announced
from marketplace.bidding.formats.table import FORMATS
from marketplace.bidding.scenarios import play as scenario_play
from marketplace.bidding.scenarios import report as scenario_report
from marketplace.bidding.scenarios import scenario
from marketplace.bidding.scenarios.commands import _MAKERS
from marketplace.bidding.scenarios.rules import RulesInput
from marketplace.bidding.visibility import VISIBILITIES
from marketplace.cli.main import app
from marketplace.kernel.errors import MalformedError

DOCS = Path(__file__).parents[2] / "docs"
FILES = sorted((DOCS / "scenarios").glob("*.json"))
GOOD: dict[str, Any] = {
    "title": "two bids",
    "rules": {"format": "english", "visibility": "open", "closes_at": "+10m", "decrement": "10.2"},
    "participants": ["Ann", "Bea"],
    "steps": [
        {"at": "+1m", "do": "bid", "by": "Ann", "price": "100.10"},
        {"at": 120, "do": "bid", "by": "Ann", "price": "89.90"},
    ],
    "expect": {"winner": "Ann", "payment": "89.90"},
}


def _with(**changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(GOOD | changes))
    return document


def _wrong(document: Any) -> dict[str, str]:
    with pytest.raises(MalformedError) as raised:
        scenario_play.play(scenario.parse(document if isinstance(document, str) else json.dumps(document)))
    return {error.pointer: error.message for error in raised.value.errors}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_worked_example_comes_out_as_it_says(file: Path) -> None:
    given = scenario.parse(file.read_text(encoding="utf-8"))
    result = scenario_play.play(given)
    assert result.mismatches == ()
    assert given.title
    assert given.source
    assert given.note
    assert given.expect is not None or any(lot.expect for lot in given.lots)


def test_every_format_and_every_visibility_has_three_worked_examples() -> None:
    played = [json.loads(file.read_text(encoding="utf-8"))["rules"] for file in FILES]
    formats, visibilities = Counter(one["format"] for one in played), Counter(one["visibility"] for one in played)
    assert {code for code in FORMATS if formats[code] < 3} <= {"best_and_final"}
    assert {code for code in VISIBILITIES if visibilities[code] < 3} == set()
    if "best_and_final" in FORMATS:
        assert sum("final_offers" in one for one in played) >= 3


def test_a_scenario_can_say_all_that_rules_and_commands_can() -> None:
    assert set(RulesInput.model_fields) == {field.name for field in dataclasses.fields(announced.Rules)}
    parts = {
        name: RulesInput.model_fields[name].annotation
        for name in ("soft_close", "dutch", "japanese", "turns", "scoring", "final_offers")
    }
    engines = [announced.SoftClose, announced.DutchClock, announced.JapaneseClock, announced.Turns]
    engines += [announced.Scoring, announced.FinalOffers]
    for kind, engine in zip(parts.values(), engines, strict=True):
        model = next(part for part in get_args(kind) if part is not type(None))
        assert set(model.model_fields) == {field.name for field in dataclasses.fields(engine)}
    made = Path(scenario_play.__file__).with_name("commands.py").read_text(encoding="utf-8")
    for command in get_args(commands.Command):
        assert f"commands.{command.__name__}(" in made
    assert set(_MAKERS) == set(get_args(scenario.Step))


def test_every_field_of_the_schema_is_explained_and_in_the_documentation() -> None:
    schema = scenario.Scenario.model_json_schema()
    text = (DOCS / "scenarios.md").read_text(encoding="utf-8")
    for model in (schema, *schema["$defs"].values()):
        for name, field in model.get("properties", {}).items():
            assert f"`{name}`" in text, f"{model['title']}.{name} is not in docs/scenarios.md"
            assert name == "do" or field.get("description"), f"{model['title']}.{name} has no description"


def test_a_float_is_refused_with_the_string_to_write_instead() -> None:
    steps = [{"at": "+1m", "do": "bid", "by": "Ann", "price": 100.1}]
    rules = GOOD["rules"] | {"decrement": 0.1, "ceiling": 10.0}
    wrong = _wrong(_with(steps=steps, rules=rules))
    assert set(wrong) == {"/steps/0/price", "/rules/decrement/value", "/rules/ceiling"}
    assert '"100.1"' in wrong["/steps/0/price"]


def test_integers_strings_and_times_mean_what_they_say() -> None:
    rules = GOOD["rules"] | {"decrement": "1%", "closes_at": "2026-03-02T10:00:00+01:00", "opens_at": 0}
    start = "2026-03-02T08:00:00Z"
    steps = [
        {"at": "+1h30s", "do": "bid", "by": "Ann", "price": 200, "expect": "late"},
        {"do": "bid", "by": "Bea", "price": 3, "expect": "refused"},
    ]
    result = scenario_play.play(scenario.read(_with(rules=rules, steps=steps, start=start, expect={"winner": None})))
    assert result.mismatches == ()
    assert result.lots[0].closes_at.isoformat() == "2026-03-02T09:00:00+00:00"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"participants": ["Ann"], "steps": [{"do": "bid", "by": "Bea", "price": 1}]}, "/steps/0/by"),
        ({"participants": ["Ann", "Ann"]}, "/participants/1/name"),
        ({"steps": [{"do": "wait", "at": 5}, {"do": "wait", "at": 4}]}, "/steps/1/at"),
        ({"steps": [{"do": "wait", "at": -1}]}, "/steps/0/at"),
        ({"steps": [{"do": "wait", "at": "tomorrow"}]}, "/steps/0/at"),
        ({"steps": [{"do": "fly"}]}, "/steps/0"),
        ({"steps": [{"do": "bid", "by": "Ann", "prize": 1}]}, "/steps/0/prize"),
        ({"steps": [{"do": "bid", "by": "Ann", "expect": "perhaps"}]}, "/steps/0/expect/answer"),
        ({"steps": [{"do": "wait", "expect": {"sees": {"Zoe": {}}}}]}, "/steps/0/expect/sees/Zoe"),
        ({"steps": [{"do": "wait", "lot": "A"}]}, "/steps/0/lot"),
        ({"rules": GOOD["rules"] | {"visibility": "rank_only", "base": "lead"}}, "/rules/base"),
        ({"rules": GOOD["rules"] | {"format": "candle"}}, "/rules/format"),
        ({"rules": None}, "/rules"),
        ({"lots": [{"name": "A"}, {"name": "B"}]}, "/expect"),
    ],
)
def test_each_wrong_field_is_pointed_at(changes: dict[str, Any], pointer: str) -> None:
    assert pointer in _wrong(_with(**changes))


def test_a_name_that_stands_twice_in_one_object_is_refused() -> None:
    assert "twice" in _wrong('{"title": "a", "title": "b"}')[""]


@pytest.mark.parametrize(
    ("expect", "pointer"),
    [
        ({"winner": "Bea"}, "/expect/winner"),
        ({"payment": "89.91"}, "/expect/payment"),
        ({"closes_at": "+11m"}, "/expect/closes_at"),
        ({"standing": ["Bea"]}, "/expect/standing/0"),
        ({"standing": [{"bidder": "Ann", "cost": 1}]}, "/expect/standing/0/cost"),
        ({"candidates": {}}, "/expect/candidates"),
    ],
)
def test_an_end_that_is_not_as_expected_is_told(expect: dict[str, Any], pointer: str) -> None:
    result = scenario_play.play(scenario.read(_with(expect=expect)))
    assert [one.pointer.removesuffix("/bidder") for one in result.mismatches] == [pointer]


@pytest.mark.parametrize(
    "expect",
    [
        "late",
        {"rank": 2},
        {"price": "1"},
        {"answer": "refused"},
        {"sees": {"Bea": {"lead_price": "1"}}},
        {"events": []},
    ],
)
def test_a_step_that_is_not_as_expected_is_told(expect: Any) -> None:
    steps = [{**GOOD["steps"][0], "expect": expect}]
    result = scenario_play.play(scenario.read(_with(steps=steps, expect={})))
    (found,) = result.mismatches
    assert found.pointer.startswith("/steps/0/expect/")


def test_sealed_bids_opened_by_hand_must_be_what_was_bid() -> None:
    steps = [
        {"at": 1, "do": "bid", "by": "Ann", "price": 100, "id": "first"},
        {"at": "+1h", "do": "open_bids", "prices": [], "expect": "opening_mismatch"},
        {"do": "award", "bid": "first", "expect": "still_sealed"},
        {"do": "open_bids", "expect": {"answer": "accepted", "opened": True}},
    ]
    rules = {"format": "sealed_first_price", "visibility": "sealed", "closes_at": "+10m"}
    given = _with(rules=rules, steps=steps, opening="by_hand", expect={"winner": "Ann", "payment": 100})
    assert scenario_play.play(scenario.read(given)).mismatches == ()


def test_the_result_for_machines_is_plain_json_and_names_everything() -> None:
    result = scenario_play.play(scenario.read(GOOD))
    said = json.loads(json.dumps(scenario_report.document(result)))
    assert said["as_expected"] is True
    first = said["steps"][0]
    assert (first["answer"], first["events"][-1]["amount"]) == ("accepted", "100.10")
    assert first["views"]["Ann"]["next_admissible_price"] == "89.90"
    assert first["views"]["Bea"]["lead_price"] == "100.10"
    (lot,) = said["lots"]
    assert (lot["winner"], lot["payment"], lot["standing"][0]["cost"]) == ("Ann", "89.90", "89.90")
    assert len(lot["rules_hash"]) == 64


def test_the_command_ends_as_a_test_would(tmp_path: Path) -> None:
    def run(document: Any, *options: str) -> tuple[int, str, str]:
        file = tmp_path / "scenario.json"
        file.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        ended = CliRunner().invoke(app, ["auction", "play", str(file), *options])
        return ended.exit_code, ended.stdout, ended.stderr

    code, out, _ = run(GOOD)
    assert (code, "as expected" in out) == (0, True)
    code, out, _ = run(_with(expect={"winner": "Bea"}))
    assert (code, "NOT AS EXPECTED /expect/winner: expected Bea, got Ann" in out) == (1, True)
    code, out, _ = run(GOOD, "--json")
    assert (code, json.loads(out)["title"]) == (0, "two bids")
    code, _, err = run(_with(participants=["Ann", "Ann"]))
    assert (code, "/participants/1/name" in err) == (2, True)
    assert run("{")[0] == 2


def test_the_schema_is_printed() -> None:
    ended = CliRunner().invoke(app, ["auction", "schema"])
    assert ended.exit_code == 0
    assert set(json.loads(ended.stdout)["properties"]) == set(scenario.Scenario.model_fields)
