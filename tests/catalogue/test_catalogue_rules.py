from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from marketplace.catalogue.model import Catalogue, Family, Feature, FeatureKind, ServiceType
from marketplace.catalogue.rules import validate_catalogue
from marketplace.catalogue.seed import from_document, to_document
from marketplace.kernel.errors import MalformedError

SEATS = Feature("seats", "Seats", FeatureKind.NUMBER, "seats", Decimal(1), Decimal(10), whole=True)
MEDIUM = Feature("medium", "Medium", FeatureKind.CHOICE, choices=("fibre", "copper"))
FLAG = Feature("ipv6", "IPv6", FeatureKind.FLAG)


def catalogue(*features: Feature, **changes: Any) -> Catalogue:
    kind = ServiceType("data.sd-wan", "SD-WAN", "An overlay", features)
    return replace(Catalogue("2.0", (Family("data", "Data", (kind,)),)), **changes)


def found(made: Catalogue) -> list[tuple[str, str]]:
    return [(error.pointer, error.message) for error in validate_catalogue(made)]


def test_a_consistent_catalogue_has_no_errors() -> None:
    assert found(catalogue(SEATS, MEDIUM, FLAG)) == []


@pytest.mark.parametrize(
    ("feature", "below", "said"),
    [
        (replace(SEATS, code="Seats"), "/code", "'Seats' is no code here"),
        (replace(SEATS, code="s" * 61), "/code", "at most 60"),
        (replace(SEATS, name=" "), "/name", "is empty"),
        (replace(SEATS, minimum=Decimal(11)), "/minimum", "the minimum 11 is above the maximum 10"),
        (replace(SEATS, maximum=Decimal("9.5")), "/maximum", "the maximum is 9.5; it must be a whole number"),
        (replace(SEATS, maximum=Decimal("Infinity")), "/maximum", "Infinity"),
        (replace(SEATS, choices=("one",)), "/choices", "is a number and has choices"),
        (replace(MEDIUM, choices=()), "/choices", "give the values to choose from"),
        (replace(MEDIUM, choices=("fibre", "fibre")), "/choices/1", "'fibre' is empty, too long or given twice"),
        (replace(MEDIUM, choices=(" ",)), "/choices/0", "' ' is empty"),
        (replace(MEDIUM, unit="km"), "", "only a number has unit"),
        (replace(FLAG, maximum=Decimal(1)), "", "only a number has unit"),
        (replace(FLAG, code="bandwidth_mbps"), "", "must be a number in Mbps"),
        (replace(SEATS, code="bandwidth_mbps", unit="Gbps"), "", "must be a number in Mbps"),
    ],
)
def test_a_wrong_feature_is_one_error_that_points_at_it(feature: Feature, below: str, said: str) -> None:
    ((pointer, message),) = found(catalogue(feature))
    assert pointer == f"/families/0/service_types/0/features/0{below}"
    assert said in message


def test_codes_are_unique_in_their_list() -> None:
    assert [pointer for pointer, _ in found(catalogue(SEATS, SEATS))] == ["/families/0/service_types/0/features/1/code"]
    (family,) = catalogue(SEATS).families
    twice = replace(family, service_types=family.service_types * 2)
    assert [pointer for pointer, _ in found(catalogue(families=(twice,)))] == ["/families/0/service_types/1/code"]
    assert [pointer for pointer, _ in found(catalogue(families=(family, family)))] == ["/families/1/code"]


def test_a_service_type_carries_the_code_of_its_family() -> None:
    (family,) = catalogue(SEATS).families
    ((pointer, message),) = found(catalogue(families=(replace(family, code="voice"),)))
    assert pointer == "/families/0/service_types/0/code"
    assert "voice.sd-wan" in message


def test_one_code_has_one_meaning_in_all_service_types() -> None:
    (family,) = catalogue(SEATS).families
    other = ServiceType("data.wavelength", "Wavelength", "", (replace(SEATS, unit="chairs"),))
    made = catalogue(families=(replace(family, service_types=(*family.service_types, other)),))
    ((pointer, message),) = found(made)
    assert pointer == "/families/0/service_types/1/features/0"
    assert "seats is a number in chairs here and a number in seats elsewhere" in message


def test_a_catalogue_has_a_version_and_a_family() -> None:
    assert [pointer for pointer, _ in found(catalogue(version=""))] == ["/version"]
    assert [pointer for pointer, _ in found(catalogue(families=()))] == ["/families"]


def test_a_document_that_contradicts_itself_is_refused() -> None:
    document = to_document(catalogue(replace(MEDIUM, choices=())))
    with pytest.raises(MalformedError, match="contradicts itself"):
        from_document(document)
