import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.awards.optimiser import reading
from marketplace.awards.optimiser.problem import Diverse, Problem, SameCarrier
from marketplace.kernel import codec
from marketplace.kernel.errors import MalformedError
from tests.awards.optimiser.made import small

CASES = Path(__file__).parents[1] / "cases"


def _document() -> dict[str, Any]:
    return {
        "horizon_months": 12,
        "lots": [{"id": "a", "site": "s"}, {"id": "b", "site": "s", "region": "west"}],
        "carriers": [{"id": "A"}],
        "offers": [{"id": "o", "carrier": "A", "lots": ["a"], "mrc": 100}],
        "discounts": [{"id": "d", "carrier": "A", "metric": "lots", "tiers": [{"min": 1, "mrc_bp": 100}]}],
        "rules": [{"id": "r", "type": "max_carriers", "n": 1}],
    }


def _put(*path: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        for step in path[:-1]:
            document = document[step]
        document[path[-1]] = value

    return change


def test_a_small_document_is_read() -> None:
    problem = reading.read(_document())
    assert [lot.id for lot in problem.lots] == ["a", "b"]
    assert problem.offers[0].term_months == 12
    assert reading.read({"problem": _document()}) == problem


HOSTILE = [
    (_put("horizon_months", value=0), "/horizon_months"),
    (_put("horizon_months", value=True), "/horizon_months"),
    (_put("lots", value=[]), "/lots"),
    (_put("lots", value={"id": "a"}), "/lots"),
    (_put("lots", 0, "id", value=""), "/lots/0/id"),
    (_put("lots", 1, "id", value="a"), "/lots/1/id"),
    (_put("lots", 0, "reserve", value=-1), "/lots/0/reserve"),
    (_put("lots", value=[{"id": str(n)} for n in range(5_001)]), "/lots"),
    (_put("offers", 0, "mrc", value=-5), "/offers/0/mrc"),
    (_put("offers", 0, "mrc", value=1.5), "/offers/0/mrc"),
    (_put("offers", 0, "mrc", value=float("nan")), "/offers/0/mrc"),
    (_put("offers", 0, "mrc", value=10**12), "/offers/0/mrc"),
    (_put("offers", 0, "mrc", value="100"), "/offers/0/mrc"),
    (_put("offers", 0, "lots", value=["x"]), "/offers/0/lots"),
    (_put("offers", 0, "lots", value=["a", "a"]), "/offers/0/lots/1"),
    (_put("offers", 0, "lots", value=[]), "/offers/0/lots"),
    (_put("offers", 0, "carrier", value="Z"), "/offers/0/carrier"),
    (_put("offers", 0, "quality", value=101), "/offers/0/quality"),
    (_put("offers", 0, "price", value=1), "/offers/0/price"),
    (_put("offers", value=[None] * 1_000_000), "/offers"),
    (_put("discounts", 0, "tiers", value=[{"min": 1}] * 6), "/discounts/0/tiers"),
    (_put("discounts", 0, "tiers", 0, "min", value=0), "/discounts/0/tiers/0/min"),
    (_put("discounts", 0, "metric", value="money"), "/discounts/0/metric"),
    (_put("discounts", 0, "scope", value=["x"]), "/discounts/0/scope"),
    (_put("rules", 0, "type", value="cheapest"), "/rules/0/type"),
    (_put("rules", 0, "n", value=None), "/rules/0/n"),
    (_put("rules", value=[{"id": "r", "type": "exclude", "carrier": "Q"}]), "/rules/0"),
    (_put("rules", value=[{"id": "r", "type": "diverse", "pairs": [["a", "a"]]}]), "/rules/0/pairs/0"),
    (_put("rules", value=[{"id": "r", "type": "same_carrier", "region": "east"}]), "/rules/0/region"),
    (_put("surprise", value=1), "/surprise"),
    (_put("money_unit", value="euro"), "/money_unit"),
]


@pytest.mark.parametrize(("change", "pointer"), HOSTILE, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_wrong_is_named_where_it_is(change: Callable[[dict[str, Any]], None], pointer: str) -> None:
    document = _document()
    change(document)
    with pytest.raises(MalformedError) as caught:
        reading.read(document)
    assert caught.value.errors[0].pointer == pointer
    assert caught.value.errors[0].message


def test_more_packages_than_a_carrier_may_have_are_refused() -> None:
    document = _document()
    document["offers"] = [{"id": f"p{n}", "carrier": "A", "lots": ["a", "b"], "mrc": n} for n in range(55)]
    with pytest.raises(MalformedError) as caught:
        reading.read(document)
    assert "55 packages" in caught.value.errors[0].message


def test_at_most_twenty_errors_are_told() -> None:
    document = _document()
    document["offers"] = [{"id": n} for n in range(500)]
    with pytest.raises(MalformedError) as caught:
        reading.read(document)
    assert len(caught.value.errors) == 20


@pytest.mark.parametrize("data", [b'{"a": NaN}', b'{"a": 1, "a": 2}', b"[" * 100_000, b"\xff\xfe", b""])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        reading.decode(data)


def test_tags_regions_and_sites_are_read() -> None:
    document = _document()
    document["offers"][0] |= {"access_owner": "X", "entrance": "north", "path": ["duct"]}
    document["rules"] = [
        {"id": "home", "type": "diverse", "pairs": [["a", "b"]], "by": ["carrier", "owner"]},
        {"id": "site", "type": "same_carrier", "each_site": True},
        {"id": "west", "type": "same_carrier", "region": "west"},
    ]
    problem = reading.read(document)
    assert problem.offers[0].path == ("duct", "owner:X", "entrance:north")
    assert problem.rules == (
        Diverse("home", (("a", "b"),), ("carrier", "owner")),
        SameCarrier("site", (("a", "b"),)),
        SameCarrier("west", (("b",),)),
    )


@pytest.mark.parametrize("seed", range(40))
def test_a_problem_survives_its_way_to_the_child_process(seed: int) -> None:
    problem = small(seed)
    assert codec.load(Problem, json.loads(json.dumps(codec.dump(problem)))) == problem


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["lots", "offers", "rules", "id", "type", "carriers", "horizon_months", "mrc", "problem"]
                ),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_whatever_is_read_is_a_problem_or_malformed(document: Any) -> None:
    try:
        read = reading.read(document)
    except MalformedError:
        return
    assert isinstance(read, Problem)
