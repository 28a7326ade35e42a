"""A filter that lets nothing through says why; one that can match is left alone."""

from decimal import Decimal

import pytest

from sellers.model import Coverage, CoverageKind, Criteria, Range, Territory
from sellers.rules import contradictions

FEATURES = {"data.broadband": frozenset({"bandwidth_mbps"}), "voice.local": frozenset({"lines"})}


@pytest.mark.parametrize(
    ("criteria", "said"),
    [
        (Criteria(service_types=("voice",), required_features=("bandwidth_mbps",)), "'bandwidth_mbps'"),
        (
            Criteria(territory=Territory(states=("US-WA",)), excluded_territory=Territory(states=("US-WA",))),
            "US-WA",
        ),
        (
            Criteria(territory=Territory(states=("US-WA",)), excluded_territory=Territory(countries=("US",))),
            "US-WA",
        ),
        (
            Criteria(coverage=Coverage(CoverageKind.AT_LEAST, sites=5), sites=Range(high=Decimal(3))),
            "At least 5 sites",
        ),
    ],
)
def test_a_contradiction_is_named(criteria: Criteria, said: str) -> None:
    (sentence,) = contradictions(criteria, FEATURES)
    assert said in sentence


@pytest.mark.parametrize(
    "criteria",
    [
        Criteria(),
        Criteria(service_types=("data",), required_features=("bandwidth_mbps",)),
        Criteria(required_features=("bandwidth_mbps",)),
        Criteria(territory=Territory(states=("US-WA",)), excluded_territory=Territory(states=("US-OR",))),
        Criteria(coverage=Coverage(CoverageKind.AT_LEAST, sites=3), sites=Range(high=Decimal(3))),
    ],
)
def test_what_can_match_is_not_called_a_contradiction(criteria: Criteria) -> None:
    assert contradictions(criteria, FEATURES) == ()
