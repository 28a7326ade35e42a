import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.catalogue.model import Feature, FeatureKind, ServiceType
from marketplace.catalogue.rules import allowed, bandwidth_mbps, read_number, validate_selection
from marketplace.catalogue.seed import load_seed
from marketplace.kernel import codec
from marketplace.kernel.errors import FieldError

SEED = load_seed()
KINDS = [kind for family in SEED.families for kind in family.service_types]
PAIRS = [(kind, feature) for kind in KINDS for feature in kind.features]
TEXTS = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=500)


def right(feature: Feature) -> st.SearchStrategy[Any]:
    match feature.kind:
        case FeatureKind.NUMBER:
            numbers = st.decimals(feature.minimum, feature.maximum, places=0 if feature.whole else 3)
            return numbers.flatmap(lambda number: st.sampled_from([number, f"{number:f}", float(number)]))
        case FeatureKind.CHOICE:
            return st.sampled_from(feature.choices)
        case FeatureKind.CHOICES:
            return st.lists(st.sampled_from(feature.choices), min_size=1, unique=True)
        case FeatureKind.FLAG:
            return st.booleans()
        case FeatureKind.TEXT:
            return TEXTS


def wrong(feature: Feature) -> st.SearchStrategy[Any]:
    always: list[Any] = [None, {}, [], {"value": 1}, [None], [[]], "", " ", "\x00", "x" * 501]
    match feature.kind:
        case FeatureKind.NUMBER:
            assert feature.minimum is not None
            assert feature.maximum is not None
            numbers = [
                True,
                False,
                math.nan,
                math.inf,
                "NaN",
                "1e5",
                "1E999999999",
                "1_000",
                "+5",
                " 5",
                "\u0665",
                "5 Mbps",
            ]
            beyond = [feature.maximum + 1, str(feature.minimum - 1), 10**50, 10**5000, 1e300, Decimal("1E+999999")]
            broken = [0.5, "1.5"] if feature.whole else ["1.0000000001"]
            return st.sampled_from([*always, *numbers, *beyond, *broken])
        case FeatureKind.CHOICE:
            return st.sampled_from([*always, 1, True, feature.choices[0] + "x", [feature.choices[0]]])
        case FeatureKind.CHOICES:
            first = feature.choices[0]
            return st.sampled_from([*always, first, [first, first], [first, "x"], {first: True}, [1]])
        case FeatureKind.FLAG:
            return st.sampled_from([*always, 0, 1, "true", "false", "yes", [True]])
        case FeatureKind.TEXT:
            return st.sampled_from([*always, 1, True, "two\nlines", ["text"], "\u202eabc"])


@st.composite
def selections(draw: st.DrawFn) -> tuple[ServiceType, dict[str, Any]]:
    kind = draw(st.sampled_from(KINDS))
    given_features = [feature for feature in kind.features if feature.required or draw(st.booleans())]
    return kind, {feature.code: draw(right(feature)) for feature in draw(st.permutations(given_features))}


def errors_of(service_type: str, features: dict[str, Any]) -> tuple[FieldError, ...]:
    return validate_selection(SEED, service_type, features, pointer="/lines/0")[1]


@given(selections())
def test_what_the_catalogue_offers_is_accepted_and_typed(selection: tuple[ServiceType, dict[str, Any]]) -> None:
    kind, features = selection
    values, errors = validate_selection(SEED, kind.code, features, pointer="/lines/0")
    assert errors == ()
    assert list(values) == [feature.code for feature in kind.features if feature.code in features]
    types = {
        FeatureKind.NUMBER: Decimal,
        FeatureKind.CHOICE: str,
        FeatureKind.CHOICES: tuple,
        FeatureKind.FLAG: bool,
        FeatureKind.TEXT: str,
    }
    for feature in kind.features:
        if feature.code in values:
            assert type(values[feature.code]) is types[feature.kind]
            if feature.kind is FeatureKind.NUMBER:
                assert values[feature.code] == Decimal(str(features[feature.code]))


@given(selections())
def test_a_stored_selection_is_read_back_unchanged(selection: tuple[ServiceType, dict[str, Any]]) -> None:
    kind, features = selection
    values, _ = validate_selection(SEED, kind.code, features, pointer="")
    stored = codec.dump(values)
    again, errors = validate_selection(SEED, kind.code, stored, pointer="")
    assert (again, errors) == (values, ())
    assert codec.canonical(codec.dump(again)) == codec.canonical(stored)
    assert bandwidth_mbps(stored) == bandwidth_mbps(values) == values.get("bandwidth_mbps")


@settings(max_examples=500)
@given(st.data(), st.sampled_from(PAIRS))
def test_a_wrong_value_is_one_error_that_names_feature_value_and_what_is_allowed(
    data: st.DataObject, pair: tuple[ServiceType, Feature]
) -> None:
    kind, feature = pair
    features = {needed.code: data.draw(right(needed)) for needed in kind.features if needed.required}
    features[feature.code] = data.draw(wrong(feature))
    values, errors = validate_selection(SEED, kind.code, features, pointer="/lines/0")
    assert [error.pointer for error in errors] == [f"/lines/0/features/{feature.code}"]
    assert feature.code not in values
    message = errors[0].message
    assert message.startswith(f"{feature.code} ({feature.name}) is ")
    assert f"; it takes {allowed(feature)}" in message
    assert message.isprintable()


@given(st.sampled_from([pair for pair in PAIRS if pair[1].required]))
def test_a_missing_required_feature_is_one_error(pair: tuple[ServiceType, Feature]) -> None:
    kind, feature = pair
    errors = errors_of(kind.code, {})
    assert errors == (
        FieldError(
            f"/lines/0/features/{feature.code}",
            f"{feature.code} ({feature.name}) is missing; {kind.code} needs {allowed(feature)}",
        ),
    )


@pytest.mark.parametrize(
    ("service_type", "features", "message"),
    [
        (
            "data.broadband",
            {"bandwidth_mbps": 900000},
            "bandwidth_mbps (Bandwidth) is 900000; it takes a number with at most 6 decimals from 0.056 to 800000 Mbps",
        ),
        (
            "voice.ucaas-seat",
            {"seats": "2.5"},
            "seats (Seats) is '2.5'; it takes a whole number from 1 to 1000000 seats",
        ),
        (
            "data.broadband",
            {"bandwidth_mbps": 1, "medium": "fiber"},
            (
                "medium (Access medium) is 'fiber'; it takes one of fibre, copper, coax, fixed-wireless, satellite, "
                "mobile, any; did you mean fibre?"
            ),
        ),
        (
            "data.sd-wan",
            {"bandwidth_mbps": 1, "encryption": ["IPSec", "tls"]},
            (
                "encryption (Encryption) is ['IPSec', 'tls']; it takes a list of one or more, each once, of ipsec, "
                "tls; did you mean ipsec?"
            ),
        ),
        ("data.sd-wan", {"bandwidth_mbps": 1, "firewall": 1}, "firewall (Firewall) is 1; it takes true or false"),
    ],
)
def test_messages_say_what_would_be_right(service_type: str, features: dict[str, Any], message: str) -> None:
    assert [error.message for error in errors_of(service_type, features)] == [message]


@pytest.mark.parametrize(
    ("given_code", "ending"),
    [
        ("data.sd-wam", "did you mean data.sd-wan?"),
        ("SD WAN", "did you mean data.sd-wan?"),
        ("conferencing", "did you mean voice.conferencing or mobile.conferencing?"),
        ("telegraph-pole", "in the families voice, data, mobile"),
        ("x" * 10_000, "in the families voice, data, mobile"),
        ("voice", "voice.ucaas-seat, voice.contact-centre-seat"),
    ],
)
def test_an_unknown_service_type_is_one_error_with_what_was_probably_meant(given_code: str, ending: str) -> None:
    (error,) = errors_of(given_code, {"bandwidth_mbps": "nonsense"})
    assert error.pointer == "/lines/0/service_type"
    assert error.message.endswith(ending)
    assert len(error.message) < 500


def test_an_unknown_feature_is_one_error_with_what_was_probably_meant() -> None:
    (error,) = errors_of("data.broadband", {"bandwidth_mbps": 100, "bandwith_up_mbps": 10})
    assert error.pointer == "/lines/0/features/bandwith_up_mbps"
    assert error.message.startswith("'bandwith_up_mbps' is not a feature of data.broadband; it takes bandwidth_mbps,")
    assert "did you mean bandwidth_up_mbps" in error.message


def test_a_feature_of_another_service_type_is_unknown() -> None:
    (error,) = errors_of("data.broadband", {"bandwidth_mbps": 100, "seats": 10})
    assert error.pointer == "/lines/0/features/seats"


def test_the_signs_of_a_pointer_are_escaped_in_it() -> None:
    (error,) = errors_of("voice.local", {"a/b~c": 1})
    assert error.pointer == "/lines/0/features/a~1b~0c"


def test_a_flood_of_features_is_one_error() -> None:
    (error,) = errors_of("voice.local", {f"f{i}": i for i in range(5000)})
    assert error == FieldError("/lines/0/features", "5000 features are given; a line takes at most 100")


def test_each_wrong_feature_is_reported_and_the_right_ones_are_kept() -> None:
    values, errors = validate_selection(
        SEED, "data.broadband", {"ipv6": "yes", "medium": "coax", "restore_hours": -1}, pointer=""
    )
    assert values == {"medium": "coax"}
    assert {error.pointer for error in errors} == {
        "/features/ipv6",
        "/features/restore_hours",
        "/features/bandwidth_mbps",
    }


def test_choices_stand_in_the_catalogues_order_whatever_the_order_given() -> None:
    given_choices = {"bandwidth_mbps": 50, "cloud_provider": ["azure", "aws"]}
    values, errors = validate_selection(SEED, "data.cloud-connect", given_choices, pointer="")
    assert errors == ()
    assert values["cloud_provider"] == ("aws", "azure")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (0.1, "0.1"),
        ("100.00", "100"),
        (1e3, "1000"),
        (Decimal("1E+3"), "1000"),
        (1e-6, "0.000001"),
        (1e-7, None),
        ("-0", "0"),
        (-0.0, "0"),
        ("999999999999.999999", "999999999999.999999"),
        (10**12, None),
        (0.1 + 0.2, None),
        (Decimal("sNaN"), None),
        (True, None),
    ],
)
def test_a_number_is_read_exactly_and_written_one_way(value: object, plain: str | None) -> None:
    number = read_number(value)
    assert (None if number is None else str(number)) == plain


@given(st.decimals(allow_nan=False, allow_infinity=False) | st.floats() | st.integers())
def test_a_number_that_was_read_is_read_again_from_its_text(value: object) -> None:
    number = read_number(value)
    assert number is None or str(read_number(str(number))) == str(number)


def test_a_selection_without_bandwidth_has_none() -> None:
    assert bandwidth_mbps({"seats": Decimal(3)}) is None
    assert bandwidth_mbps({"bandwidth_mbps": "100"}) == Decimal(100)
