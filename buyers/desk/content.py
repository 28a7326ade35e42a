"""From the parts that a buyer sends to the content of a request."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from buyers.requests.model import (
    AuctionChoice,
    Band,
    BillingPreferences,
    Content,
    FeatureValue,
    Line,
    Lot,
    Place,
    PriorUsage,
    ProviderList,
    Schedule,
    Site,
    WantedFeature,
)
from marketplace.kernel.ids import OrganizationId

Parts = Mapping[str, Any]
"""Parts of a request as validated input values: a part that is in it replaces the whole part."""


def merged(content: Content, parts: Parts, places: Mapping[str, Place]) -> Content:
    """Return ``content`` with ``parts`` replaced; ``places`` says where the named sites are, by site id."""
    changes: dict[str, Any] = {name: parts[name] for name in _PLAIN if name in parts}
    changes |= {name: build(parts[name]) for name, build in _BUILT.items() if name in parts}
    if "sites" in parts:
        changes["sites"] = tuple(Site(item["ref"], item["site_id"], places[item["site_id"]]) for item in parts["sites"])
    return replace(content, **changes)


def feature_value(value: object) -> FeatureValue:
    """Return an input value as a feature value."""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, bool | str | Decimal):
        return value
    raise TypeError(f"{value!r} is not a feature value")


def _line(item: Mapping[str, Any]) -> Line:
    features = tuple(
        WantedFeature(wish["code"], feature_value(wish["value"]), wish["priority"]) for wish in item["features"]
    )
    return Line(**{**item, "features": features})


def _providers(item: Mapping[str, Any]) -> ProviderList:
    return ProviderList(**{**item, "providers": tuple(OrganizationId(provider) for provider in item["providers"])})


_PLAIN = ("title", "description", "term_months", "start_date", "discount_rate", "disclosure")
_BUILT: Mapping[str, Callable[[Any], Any]] = {
    "lines": lambda items: tuple(_line(item) for item in items),
    "lots": lambda items: tuple(Lot(item["ref"], item["name"], tuple(item["lines"])) for item in items),
    "billing": lambda item: BillingPreferences(**item),
    "prior_usage": lambda items: tuple(PriorUsage(**item) for item in items),
    "provider_list": _providers,
    "disclosed_bands": lambda items: tuple(Band(item) for item in items),
    "schedule": lambda item: Schedule(**item),
    "auction": lambda item: AuctionChoice(**item),
}
