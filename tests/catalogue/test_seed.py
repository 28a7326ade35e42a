from decimal import Decimal

import pytest

from marketplace.catalogue.model import Catalogue, FeatureKind, covers
from marketplace.catalogue.rules import validate_catalogue
from marketplace.catalogue.seed import from_document, load_seed, to_document
from marketplace.kernel import codec
from marketplace.kernel.errors import MalformedError

LEAVES = {
    "voice": "complete-calling-package long-distance local toll-free conferencing calling-card sip-trunk pri "
    "ucaas-seat contact-centre-seat",
    "data": "dial-up broadband dedicated-internet-access ip-transit ethernet-private-line "
    "ethernet-virtual-private-line access-e-line mpls-vpn sd-wan wavelength dark-fibre cloud-connect "
    "colocation-cross-connect ddos-protection",
    "mobile": "voice-and-data-plan pooled-data iot paging conferencing calling-card dial-up-access fixed-wireless",
}
CODES = tuple(f"{family}.{leaf}" for family, leaves in LEAVES.items() for leaf in leaves.split())


@pytest.fixture(scope="module")
def seed() -> Catalogue:
    return load_seed()


def test_every_service_type_of_the_market_is_there_and_no_other(seed: Catalogue) -> None:
    assert seed.codes() == CODES


def test_the_seed_has_no_errors(seed: Catalogue) -> None:
    assert validate_catalogue(seed) == ()


def test_the_seed_survives_its_document(seed: Catalogue) -> None:
    document = to_document(seed)
    codec.canonical(document)  # raises on a float
    assert from_document(document) == seed


@pytest.mark.parametrize("code", CODES)
def test_every_service_type_has_features_that_explain_themselves(seed: Catalogue, code: str) -> None:
    kind = seed.service_type(code)
    assert kind is not None
    assert len(kind.features) >= 4
    assert kind.description
    assert all(feature.help and feature.name for feature in kind.features)
    assert sum(feature.required for feature in kind.features) <= 1
    assert all(
        None not in (feature.minimum, feature.maximum, feature.unit)
        for feature in kind.features
        if feature.kind is FeatureKind.NUMBER
    )


@pytest.mark.parametrize("code", [code for code in CODES if code.startswith("data.")])
def test_a_data_service_can_say_its_purpose(seed: Catalogue, code: str) -> None:
    kind = seed.service_type(code)
    assert kind is not None
    purpose = kind.feature("purpose")
    assert purpose is not None
    assert purpose.choices == (
        "internet-access",
        "private-network",
        "backbone",
        "transport-to-isp",
        "voice",
        "other",
    )
    assert not purpose.required


@pytest.mark.parametrize(
    ("code", "required"),
    [
        ("data.dedicated-internet-access", "bandwidth_mbps"),
        ("data.dark-fibre", "fibre_pairs"),
        ("voice.sip-trunk", "concurrent_calls"),
        ("voice.ucaas-seat", "seats"),
        ("voice.long-distance", "minutes_per_month"),
        ("mobile.iot", "sims"),
        ("voice.local", None),
    ],
)
def test_only_what_nothing_can_be_priced_without_is_required(seed: Catalogue, code: str, required: str | None) -> None:
    kind = seed.service_type(code)
    assert kind is not None
    assert [feature.code for feature in kind.features if feature.required] == ([required] if required else [])


def test_bandwidth_reaches_from_a_modem_to_a_multi_terabit_route(seed: Catalogue) -> None:
    kind = seed.service_type("data.dedicated-internet-access")
    assert kind is not None
    bandwidth = kind.feature("bandwidth_mbps")
    assert bandwidth is not None
    assert (bandwidth.minimum, bandwidth.maximum, bandwidth.unit) == (Decimal("0.056"), Decimal(800000), "Mbps")


def test_an_unknown_code_leads_to_nothing(seed: Catalogue) -> None:
    assert seed.service_type("data") is None
    assert seed.service_type("data.telex") is None


def test_nodes_are_the_families_and_all_service_types(seed: Catalogue) -> None:
    assert seed.nodes() == ("voice", "data", "mobile", *CODES)


def test_a_node_covers_itself_and_all_below_and_nothing_beside(seed: Catalogue) -> None:
    covered = {node: {code for code in seed.codes() if covers(node, code)} for node in seed.nodes()}
    assert covered["data"] == {code for code in CODES if code.startswith("data.")}
    assert all(covered[code] == {code} for code in CODES)
    assert covers("data", "data")
    assert not covers("data.sd-wan", "data")
    assert not covers("data", "database.sd-wan")
    assert not covers("data.sd", "data.sd-wan")


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"version": "1"}, "/families"),
        ({"version": "1", "families": [], "famlies": []}, "/famlies"),
        (
            {"version": "1", "families": [{"code": "data", "name": "Data", "service_types": 3}]},
            "/families/0/service_types",
        ),
        ({"version": "1", "families": []}, "/families"),
    ],
)
def test_a_document_that_is_no_catalogue_is_refused_where_it_is_wrong(
    document: dict[str, object], pointer: str
) -> None:
    with pytest.raises(MalformedError) as caught:
        from_document(document)
    assert [error.pointer for error in caught.value.errors] == [pointer]
