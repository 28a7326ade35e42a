"""From the parts that a buyer sends to the content of a request."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from buyers.requests.auction import (
    AnswerChoice,
    ArrangementChoice,
    AuctionChoice,
    CriterionChoice,
    DutchChoice,
    FinalOffersChoice,
    JapaneseChoice,
    ScoringChoice,
    SoftCloseChoice,
    StepChoice,
    TurnsChoice,
)
from buyers.requests.model import (
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
from buyers.requests.presets import chosen
from marketplace.kernel import codec
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


def document_of(content: Content) -> dict[str, Any]:
    """Return a content as JSON values, as its buyer reads it."""
    document: dict[str, Any] = codec.dump(content)
    for line in document["lines"]:
        for feature in line["features"]:
            if isinstance(feature["value"], dict):  # the stored form of a number
                feature["value"] = feature["value"]["number"]
    return document


def parts_of(content: Content) -> dict[str, Any]:
    """Return a content as the input that would make it: every part, to be checked again as input is."""
    document = document_of(content)
    del document["attachments"]  # they have a way of their own
    document["sites"] = [{"ref": site["ref"], "site_id": site["site_id"]} for site in document["sites"]]
    return document


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


def auction_choice(item: Mapping[str, Any]) -> AuctionChoice:
    """Return the choice of an auction from its given fields, on top of the preset that they name."""
    built = {name: build(item[name]) for name, build in _AUCTION.items() if name in item and item[name] is not None}
    return chosen({**item, **built})


def _scoring(item: Mapping[str, Any]) -> ScoringChoice:
    criteria = tuple(
        CriterionChoice(criterion["code"], tuple(AnswerChoice(**answer) for answer in criterion["answers"]))
        for criterion in item["criteria"]
    )
    return ScoringChoice(**{**item, "criteria": criteria})


def _japanese(item: Mapping[str, Any]) -> JapaneseChoice:
    return JapaneseChoice(**{**item, "prices": tuple(item.get("prices", ()))})


_AUCTION: Mapping[str, Callable[[Any], Any]] = {
    "decrement_steps": lambda items: tuple(StepChoice(**step) for step in items),
    "soft_close": lambda item: SoftCloseChoice(**item),
    "scoring": _scoring,
    "disclosed": tuple,
    "dutch": lambda item: DutchChoice(**item),
    "japanese": _japanese,
    "turns": lambda item: TurnsChoice(**item),
    "final_offers": lambda item: FinalOffersChoice(**item),
    "arrangement": lambda item: ArrangementChoice(**item),
}
_PLAIN = ("title", "description", "term_months", "start_date", "discount_rate", "disclosure")
_BUILT: Mapping[str, Callable[[Any], Any]] = {
    "lines": lambda items: tuple(_line(item) for item in items),
    "lots": lambda items: tuple(Lot(item["ref"], item["name"], tuple(item["lines"])) for item in items),
    "billing": lambda item: BillingPreferences(**item),
    "prior_usage": lambda items: tuple(PriorUsage(**item) for item in items),
    "provider_list": _providers,
    "disclosed_bands": lambda items: tuple(Band(item) for item in items),
    "schedule": lambda item: Schedule(**item),
    "auction": auction_choice,
}
