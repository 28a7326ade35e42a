"""The benchmark's figures mean what they say: percentiles, goals, the JSON's shape, the bytes of a bid. Not speed."""

import json
import random
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from benchmarks import load, scratch
from benchmarks.engine import BIDDERS, bids, opened, take
from benchmarks.figures import percentile, relative
from benchmarks.load import Caller, Outcome
from benchmarks.replay import write
from benchmarks.report import Figure, Report, at_least, at_most, below
from marketplace.bidding.schemas import BidInput

VALUES = st.lists(st.floats(0, 1e6), min_size=1, max_size=300).map(sorted)
CALLERS = (Caller("token-1", "trm_1", "inv_1"), Caller("token-2", "trm_2", "inv_2"))


@given(VALUES, st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_so_many_percent_do_not_exceed(
    values: list[float], percent: int
) -> None:
    found = percentile(values, percent)
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)


def test_the_99th_of_a_hundred_values_is_the_99th() -> None:
    assert percentile([float(number) for number in range(1, 101)], 99) == 99


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 99)


def test_what_was_not_measured_is_no_ratio() -> None:
    assert relative(3, 0) == 0
    assert relative(3, 2) == 1.5


def test_a_goal_is_met_at_its_limit_and_an_invalid_figure_never_meets_one() -> None:
    assert at_least("a", 4.0, "times", 4.0).met
    assert not at_least("a", 3.99, "times", 4.0).met
    assert at_most("a", 1.2, "times", 1.2).met
    assert not below("a", 5.0, "times", 5.0).met
    assert not at_least("a", 9.0, "times", 4.0, valid=False).met


def test_the_json_holds_each_figure_with_its_goal_and_the_table_shows_what_was_missed(tmp_path: Path) -> None:
    report = Report("Measured", [at_least("fast", 3.0, "times", 4.0), Figure("CPU", 812.5, "µs")], ["a remark"])
    file = tmp_path / "figures.json"
    report.write(file)
    assert json.loads(file.read_text()) == {
        "figures": [
            {"name": "fast", "value": 3.0, "unit": "times", "goal": "at least 4", "met": False},
            {"name": "CPU", "value": 812.5, "unit": "µs", "goal": "", "met": None},
        ],
        "remarks": ["a remark"],
    }
    console = Console(record=True, width=120, file=(tmp_path / "table").open("w"))
    report.show(console)
    console.file.close()
    assert [figure.name for figure in report.missed] == ["fast"]
    assert "missed" in console.export_text()


def test_a_connections_bids_are_whole_requests_with_own_keys_and_falling_prices() -> None:
    chance = random.Random(1)  # noqa: S311 - reproducible on purpose
    made = list(islice(load.requests("127.0.0.1", CALLERS, scratch.LOTS, 900_000, chance), 6))
    prices, keys = [], set()
    for number, request in enumerate(made):
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        caller = CALLERS[number % 2]
        assert first == f"POST /invitations/{caller.invitation_id}/bids HTTP/1.1"
        assert headers["authorization"] == f"bearer {caller.token}"
        assert int(headers["content-length"]) == len(body)
        keys.add(headers["idempotency-key"])
        bid = BidInput.model_validate_json(body)
        assert bid.terms_id == caller.terms_id
        assert bid.lots[0].lines[0].line[1:] == bid.lots[0].lot[1:]
        prices.append(bid.lots[0].lines[0].mrc)
    assert len(keys) == len(made)
    assert prices == sorted(set(prices), reverse=True)


def test_a_round_in_which_more_than_one_in_twenty_bids_is_not_accepted_is_no_measurement() -> None:
    assert Outcome(seconds=2, accepted=95, refused=5).valid
    assert not Outcome(seconds=2, accepted=94, refused=5, unanswered=1).valid
    assert not Outcome(seconds=2).valid
    assert Outcome(seconds=2, accepted=95).throughput == 47.5


def test_the_engine_accepts_every_bid_that_it_is_measured_with() -> None:
    _, state = opened(BIDDERS)
    for command, at in islice(bids(BIDDERS), 3 * BIDDERS):
        events, state = take(state, command, at)
        assert len(events) == 1


def test_the_replayed_file_has_as_many_events_as_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "events.jsonl", 120)
    types = [json.loads(line)["type"] for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert len(types) == 120
    assert types[0] == "auction.scheduled"
    assert types[-1] == "bid.placed"
