"""The table that says which service type of the catalogue an E-Rate product is, and with which features.

- Ethernet, lit fiber, SMDS, frame relay, ATM, microwave: ``data.dedicated-internet-access`` where the purpose is
  internet access, else ``data.ethernet-virtual-private-line``; so is 'Other' of fiber, copper or wireless.
- T-1, DS-3, OC-12, leased line …: ``data.dedicated-internet-access`` or ``data.ethernet-private-line``.
- MPLS: ``data.mpls-vpn``. Wavelength: ``data.wavelength``.
- Dark fiber, leased or IRU, and self-provisioned fiber that a provider builds: ``data.dark-fibre``.
- DSL, cable modem, power lines, ISDN, satellite: ``data.broadband``.
- Wireless data service, data plan, air card: ``mobile.fixed-wireless``; without a speed it is
  ``mobile.voice-and-data-plan``.
- 'Other' of 'Other', and standalone internet access: ``data.ip-transit`` for internet access without a circuit,
  ``data.dedicated-internet-access`` with one, ``data.ethernet-virtual-private-line`` for data connections.

Voice: PRI, SIP, VoIP (a seat a unit), local lines, cellular plans and paging have their own types; long distance,
toll-free and unnamed voice are the complete calling package, because the file has no minutes. Equipment, cabling,
maintenance and managed inside networks (Category Two) are no services of the catalogue.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from marketplace.catalogue.model import Catalogue, FeatureValue
from marketplace.catalogue.rules import validate_selection
from marketplace.standards.erate_rows import ErateRow

_DIA = "data.dedicated-internet-access"
_EVPL = "data.ethernet-virtual-private-line"
_PLAN = "mobile.voice-and-data-plan"
_PACKAGE = "voice.complete-calling-package"

# Searched in order in the product's words: the type for internet access, the type for other purposes, the medium.
_PRODUCTS: tuple[tuple[str, str, str, str], ...] = (
    (r"dark fiber|self provisioned|applicant owned", "data.dark-fibre", "data.dark-fibre", "fibre"),
    (r"\bmpls\b|multi ?protocol label", "data.mpls-vpn", "data.mpls-vpn", ""),
    (r"wavelength|\b[dc]wdm\b", "data.wavelength", "data.wavelength", "fibre"),
    (r"satellite", "data.broadband", "data.broadband", "satellite"),
    (r"cable modem", "data.broadband", "data.broadband", "coax"),
    (r"\ba?dsl\b|digital subscriber|power line|\bisdn\b|broadband", "data.broadband", "data.broadband", ""),
    (r"microwave|fixed wireless", _DIA, _EVPL, "fixed-wireless"),
    (r"ethernet|lit fiber|multimegabit|\bsmds\b|frame relay|\batm\b|asynchronous transfer", _DIA, _EVPL, ""),
    (r"\b(t|ds|e) ?[1-4]\b|\boc ?[0-9]+\b|sonet|leased line|private line", _DIA, "data.ethernet-private-line", ""),
    (r"wireless|cellular|air ?card|mobile|hot ?spot|data plan", "mobile.fixed-wireless", "mobile.fixed-wireless", ""),
)
_VOICE: tuple[tuple[str, str, str], ...] = (
    (r"\bpri\b|primary rate", "voice.pri", ""),
    (r"\bsip\b", "voice.sip-trunk", "concurrent_calls"),
    (r"voip|voice over|hosted|interconnected|unified", "voice.ucaas-seat", "seats"),
    (r"cellular|wireless|mobile", _PLAN, "sims"),
    (r"paging|pager", "mobile.paging", "pagers"),
    (r"long distance|toll|\b800\b|satellite", _PACKAGE, "lines"),
    (r"local|\bpots\b|plain old|centrex|analog|phone|business line", "voice.local", "lines"),
    (r"", _PACKAGE, "lines"),
)
_EQUIPMENT = re.compile(
    r"internal connections|managed internal|equipment|maintenance|distribution|cabling|connectors|\bracks?\b|caching|"
    r"data protection|software|antenna|\brouters?\b|\bswitch(es)?\b|access points?|firewall|\bups\b|electronics"
)
_PURPOSES: tuple[tuple[str, str], ...] = (
    (r"^internet access", "internet-access"),
    (r"backbone", "backbone"),
    (r"hub site|to an internet service provider", "transport-to-isp"),
    (r"between two or more|within the applicant", "private-network"),
    (r"voice", "voice"),
)
_MEDIA = {"fiber": "fibre", "copper": "copper", "wireless": "fixed-wireless"}
_MBPS = {"kbps": Decimal("0.001"), "mbps": Decimal(1), "gbps": Decimal(1000), "tbps": Decimal(1_000_000)}


class UnmappableError(Exception):
    """A row is no service of the catalogue; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a row asks for in the catalogue's words. ``counted``: its units are in a feature (seats, lines)."""

    service_type: str
    features: Mapping[str, FeatureValue]
    note: str
    counted: bool


def service_of(row: ErateRow, units: int, catalogue: Catalogue) -> Service:
    """Return the service of ``row`` at one site, of which ``units`` are bought there.

    Raises UnmappableError with the reason: equipment, unknown product, or what ``catalogue`` refuses.
    """
    offered, said = _facts(row, units)
    service_type, count = _service_type(row)
    if service_type == "mobile.fixed-wireless" and "bandwidth_mbps" not in offered:
        service_type, count = _PLAN, "sims"
    if count:
        offered[count] = Decimal(units)
    if service_type == "data.dark-fibre":
        _describe_fibre(row, offered, said)
    kind = catalogue.service_type(service_type)
    if kind is None:
        raise UnmappableError(f"catalogue {catalogue.version} has no {service_type}")
    wanted = {code: value for code, value in offered.items() if kind.feature(code) is not None}
    features, errors = validate_selection(catalogue, service_type, wanted, pointer="")
    if errors:
        raise UnmappableError(f"{service_type}: {errors[0].message}")
    if row.download_speed is not None and "bandwidth_mbps" not in wanted:
        said.append(f"Download {row.download_speed:f} {row.form_471_download_speed_unit_name or ''}".strip())
    if row.upload_speed is not None and row.upload_speed != row.download_speed and "bandwidth_up_mbps" not in wanted:
        said.append(f"Upload {row.upload_speed:f} {row.form_471_upload_speed_unit_name or ''}".strip())
    return Service(service_type, features, ". ".join(said), counted=bool(count))


def purpose_of(sentence: str | None) -> str:
    """Return the catalogue's choice for the form's purpose sentence, or nothing where there is none."""
    words = _words(sentence)
    if not words:
        return ""
    return next((choice for pattern, choice in _PURPOSES if re.search(pattern, words)), "other")


def _facts(row: ErateRow, units: int) -> tuple[dict[str, FeatureValue], list[str]]:
    """Return all features that the row states, whether or not the service type has them, and its own words."""
    features: dict[str, FeatureValue] = {}
    if purpose := purpose_of(row.form_471_purpose_name):
        features["purpose"] = purpose
    down = _mbps(row.download_speed, row.form_471_download_speed_unit_name)
    up = _mbps(row.upload_speed, row.form_471_upload_speed_unit_name)
    if down is not None:
        features["bandwidth_mbps"] = down
    if up is not None:
        features["bandwidth_up_mbps"] = up
    product = _words(row.form_471_product_name)
    special = next((medium for pattern, _, _, medium in _PRODUCTS if re.search(pattern, product)), "")
    if medium := special or _MEDIA.get(_words(row.form_471_function_name), ""):
        features["medium"] = medium
    said = [row.form_471_purpose_name] if row.form_471_purpose_name else []
    said.append(f"{row.form_471_function_name or 'No function'} / {row.form_471_product_name or 'no product'}")
    if units > 1:
        said.append(f"{units} units at this site")
    return features, said


def _describe_fibre(row: ErateRow, features: dict[str, FeatureValue], said: list[str]) -> None:
    product = _words(row.form_471_product_name)
    features["fibre_pairs"] = Decimal(1)
    said.append("The number of strands is not stated: one pair is assumed")
    if "dark fiber" in product:
        features["tenure"] = "iru" if re.search(r"\biru\b", product) else "lease"


def _service_type(row: ErateRow) -> tuple[str, str]:
    """Return the service type and the feature that counts its units, if it has one."""
    kind, function = _words(row.form_471_service_type_name), _words(row.form_471_function_name)
    product, purpose = _words(row.form_471_product_name), purpose_of(row.form_471_purpose_name)
    if found := _EQUIPMENT.search(f"{kind} {function} {product}"):
        raise UnmappableError(f"equipment or upkeep ({found[0]}) is no service of the catalogue")
    if re.search(r"voice|voip|phone", f"{kind} {function} {product}") or purpose == "voice":
        words = f"{function} {product}"
        return next((code, count) for pattern, code, count in _VOICE if re.search(pattern, words))
    internet = purpose == "internet-access"
    for pattern, for_internet, for_others, _ in _PRODUCTS:
        if re.search(pattern, product):
            return (for_internet if internet else for_others), ""
    if product not in {"", "other"} and "internet" not in product:
        raise UnmappableError(f"unknown product '{row.form_471_product_name}' of '{row.form_471_function_name}'")
    if function in _MEDIA:
        return (_DIA if internet else _EVPL), ""
    if internet or "internet" in product:
        bare = "no circuit" in _words(row.form_471_purpose_name)
        return ("data.ip-transit" if bare else _DIA), ""
    if purpose in {"", "other"}:
        raise UnmappableError("neither function nor product nor purpose says which service it is")
    return _EVPL, ""


def _mbps(speed: Decimal | None, unit: str | None) -> Decimal | None:
    factor = _MBPS.get(_words(unit))
    return speed * factor if speed and factor is not None else None


def _words(text: str | None) -> str:
    """Return ``text`` as lower-case words, so that spelling and punctuation of a product don't matter."""
    return " ".join(re.findall(r"[a-z0-9]+", (text or "").lower().replace("fibre", "fiber")))
