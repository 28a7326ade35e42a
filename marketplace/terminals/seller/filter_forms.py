"""Filters as forms: the fields of a form from a saved filter and back, what is wrong by field, and starter presets."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pycountry

from marketplace.catalogue.model import Catalogue, Feature
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.pages import Form
from sellers.footprints import service as footprints
from sellers.schemas import FilterInput, FilterOutput

RANGES = {
    "bandwidth": "bandwidth_mbps",
    "sites": "sites",
    "spend": "monthly_spend",
    "term": "term_months",
    "start": "start_date",
}
"""The ranges of a filter by the first part of their two fields' names."""
_PLACES = ("countries", "states", "postal_prefixes", "cells", "saved")
_BANDS = ("industries", "sizes", "regions")
_FIELD_OF = (
    *((f"/criteria/territory/{place}", place) for place in _PLACES),
    ("/criteria/territory/net", "net"),
    ("/criteria/territory", "states"),
    *((f"/criteria/excluded_territory/{place}", f"x_{place}") for place in _PLACES),
    ("/criteria/excluded_territory", "x_states"),
    ("/criteria/coverage/sites", "coverage_sites"),
    ("/criteria/coverage/percent", "coverage_percent"),
    ("/criteria/coverage", "coverage_kind"),
    *((f"/criteria/{name}/{end}", f"{short}_{end}") for short, name in RANGES.items() for end in ("low", "high")),
    *((f"/criteria/{name}", f"{short}_low") for short, name in RANGES.items()),
    ("/criteria/required_features", "features"),
    ("/criteria/excluded_features", "features"),
    ("/criteria/consolidated_invoice", "consolidated"),
    *((f"/criteria/{name}", name) for name in ("service_types", *_BANDS, "currencies")),
)
"""Where the form has what a pointer of the API names; the first that it begins with."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A filter to begin with: the fields that it fills in. ``own_states``: with the states of the own footprint."""

    key: str
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    own_states: bool = False


_ACCESS = ("data.dedicated-internet-access", "data.broadband")
PRESETS = (
    Preset("internet", {"service_types": _ACCESS}, own_states=True),
    Preset("voice", {"service_types": ("voice",), "countries": ("US",)}),
    Preset("on-net", {"net": ("on-net",)}),
    Preset("large", {"sites_low": ("10",)}),
)


@cache
def states() -> tuple[tuple[str, str], ...]:
    """Return the states of the United States with the district, by code and name."""
    own = [one for one in pycountry.subdivisions if one.country_code == "US" and one.type in {"State", "District"}]
    return tuple(sorted(((one.code, one.name) for one in own), key=lambda pair: pair[1]))


def preset(reading: Reading, key: str, name: str, catalogue: Catalogue) -> Form:
    """Return the fields of a preset called ``name``; those of a new filter for an unknown one."""
    chosen = next((one for one in PRESETS if one.key == key), None)
    if chosen is None:
        return Form({"active": ("yes",), "delivery": ("at once",)})
    nodes = set(catalogue.nodes())
    fields = {"name": (name,), "active": ("yes",), "delivery": ("at once",), **chosen.fields}
    if "service_types" in fields:
        fields["service_types"] = tuple(code for code in fields["service_types"] if code in nodes)
    if chosen.own_states:
        fields["states"] = _own_states(reading)
    return Form(fields)


def _own_states(reading: Reading) -> tuple[str, ...]:
    """Return the states that the footprint in force names."""
    _, version = footprints.own(reading)
    if version is None:
        return ()
    rows = csv.DictReader(io.StringIO(footprints.file_of(reading, version.number).decode()))
    named = {f"{row.get('country') or 'US'}-{row['state']}" for row in rows if row.get("state")}
    return tuple(sorted(named & {code for code, _ in states()}))


def features_of(catalogue: Catalogue) -> list[Feature]:
    """Return the features of all services, each once, by name."""
    found = {one.code: one for family in catalogue.families for kind in family.service_types for one in kind.features}
    return sorted(found.values(), key=lambda one: one.name)


def form_of(saved: FilterOutput) -> Form:
    """Return the fields that say what a saved filter says."""
    criteria = saved.criteria.model_dump(mode="json")
    known = {code for code, _ in states()}
    fields: dict[str, tuple[str, ...]] = {
        "name": (saved.name,),
        "active": ("yes",) if saved.active else (),
        "delivery": (saved.delivery,),
        "revision": (str(saved.revision),),
        "service_types": tuple(criteria["service_types"]),
        "coverage_kind": (criteria["coverage"]["kind"],),
        "coverage_sites": _text(criteria["coverage"]["sites"]),
        "coverage_percent": _text(criteria["coverage"]["percent"]),
        "currencies": (" ".join(criteria["currencies"]),),
        "consolidated": ({True: "yes", False: "no", None: ""}[criteria["consolidated_invoice"]],),
        "net": (criteria["territory"]["net"],),
    }
    fields |= {name: tuple(criteria[name]) for name in _BANDS}
    required, excluded = criteria["required_features"], criteria["excluded_features"]
    fields["feature_code"] = (*required, *excluded)
    fields["feature_how"] = ("required",) * len(required) + ("excluded",) * len(excluded)
    for short, name in RANGES.items():
        span = criteria[name] or {"low": None, "high": None}
        fields |= {f"{short}_{end}": _text(span[end]) for end in ("low", "high")}
    for prefix, part in (("", "territory"), ("x_", "excluded_territory")):
        there = criteria[part]
        fields |= {f"{prefix}{name}": ("\n".join(there[name]),) for name in ("countries", "postal_prefixes", "cells")}
        fields[f"{prefix}saved"] = tuple(there["saved"])
    inside = criteria["territory"]["states"]
    fields["states"] = tuple(code for code in inside if code in known)
    fields["other_states"] = (" ".join(code for code in inside if code not in known),)
    fields["x_states"] = (" ".join(criteria["excluded_territory"]["states"]),)
    return Form(fields)


def _text(value: object) -> tuple[str, ...]:
    return () if value is None else (str(value),)


def input_of(form: Form) -> FilterInput:
    """Return what a form says as the API takes it. Raises MalformedError, which names the form's own fields."""
    values = {
        "name": form.text("name"),
        "active": form.ticked("active"),
        "delivery": form.text("delivery", "at once") or "at once",
        "criteria": _criteria(form),
    }
    try:
        return pages.checked(FilterInput, values)
    except MalformedError as malformed:
        raise by_field(malformed) from None


def _criteria(form: Form) -> dict[str, Any]:
    features = [
        (code.strip(), how)
        for code, how in zip(form.texts("feature_code"), form.texts("feature_how"), strict=False)
        if code.strip()
    ]
    return {
        "service_types": list(form.texts("service_types")),
        "territory": _territory(form, "") | {"net": form.text("net")},
        "excluded_territory": _territory(form, "x_"),
        "coverage": {
            "kind": form.text("coverage_kind") or "any",
            "sites": form.text("coverage_sites") or None,
            "percent": form.text("coverage_percent") or None,
        },
        **{name: _range(form, short) for short, name in RANGES.items()},
        "required_features": [code for code, how in features if how != "excluded"],
        "excluded_features": [code for code, how in features if how == "excluded"],
        **{name: list(form.texts(name)) for name in _BANDS},
        "currencies": _words(form.texts("currencies")),
        "consolidated_invoice": {"yes": True, "no": False}.get(form.text("consolidated")),
    }


def _territory(form: Form, prefix: str) -> dict[str, Any]:
    states_of = (*form.texts(f"{prefix}states"), *form.texts(f"{prefix}other_states"))
    return {
        "countries": _words(form.texts(f"{prefix}countries")),
        "states": _words(states_of),
        "postal_prefixes": _words(form.texts(f"{prefix}postal_prefixes")),
        "cells": _words(form.texts(f"{prefix}cells")),
        "saved": list(form.texts(f"{prefix}saved")),
    }


def _words(texts: Iterable[str]) -> list[str]:
    """Return what is listed in texts, separated by spaces, commas or lines."""
    return [word for text in texts for word in text.replace(",", " ").replace(";", " ").split()]


def _range(form: Form, short: str) -> dict[str, str | None] | None:
    low, high = (form.text(f"{short}_{end}") or None for end in ("low", "high"))
    return None if low is None and high is None else {"low": low, "high": high}


def by_field(malformed: MalformedError) -> MalformedError:
    """Return the same problem with each error at the form's field that it is about."""
    errors = tuple(FieldError(f"/{_field(error.pointer)}", error.message) for error in malformed.errors)
    return MalformedError(malformed.detail, errors=errors)


def _field(pointer: str) -> str:
    found = next((name for start, name in _FIELD_OF if pointer == start or pointer.startswith(f"{start}/")), None)
    return found or pointer.strip("/").split("/")[0]
