"""The market of the matching benchmark is the same from the same seed, and all that are compared answer the same."""

import pytest

from benchmarks.filter_market import market
from benchmarks.filter_peers import DuckDb, NumpyScan, PlainPredicate, Table
from benchmarks.matching import Indexed


def test_a_seed_makes_the_same_market_every_time() -> None:
    one, other, another = market(200, 5), market(200, 5), market(200, 5, seed=2)
    assert one.filters == other.filters
    assert one.requests == other.requests
    assert one.filters != another.filters


def test_the_index_answers_as_the_predicate_does_with_ten_thousand_filters() -> None:
    made = market(10_000, 8)
    own, scan, plain = Indexed(made, made.filters), NumpyScan(Table.of(made)), PlainPredicate(made)
    for facts in made.requests:
        expected, _ = plain.search(facts)
        assert own.search(facts)[0] == expected
        assert scan.search(facts)[0] == expected
    assert expected


def test_with_territories_of_their_own_the_answers_are_the_same() -> None:
    made = market(1_000, 20, adversarial=True)
    own, plain = Indexed(made, made.filters), PlainPredicate(made)
    assert [own.search(facts)[0] for facts in made.requests] == [plain.search(facts)[0] for facts in made.requests]


def test_duckdb_as_a_peer_answers_the_same() -> None:
    pytest.importorskip("duckdb", reason="duckdb, a peer of the benchmark, is not installed")
    made = market(1_000, 10)
    duck, plain = DuckDb(Table.of(made)), PlainPredicate(made)
    assert [duck.search(facts)[0] for facts in made.requests] == [plain.search(facts)[0] for facts in made.requests]
