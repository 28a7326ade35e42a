"""The documented JSON of a problem (docs/award-problems.md), read and checked: limits, names, references."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, TypeVar, cast

from marketplace.awards.optimiser import reading_rules
from marketplace.awards.optimiser.fields import Fields, Findings
from marketplace.awards.optimiser.money import WHOLE_BP
from marketplace.awards.optimiser.problem import (
    Carrier,
    Condition,
    Discount,
    Lot,
    Metric,
    Offer,
    Problem,
    Rule,
    Tier,
)
from marketplace.kernel.errors import FieldError, MalformedError

MOST_LOTS = 5_000
MOST_CARRIERS = 500
MOST_OFFERS = 250_000
MOST_RULES = 300
MOST_TIERS = 5
MOST_DISCOUNTS_EACH = 4
PACKAGES_BESIDE = 50
"""A carrier may have this many packages and two for each lot: more are no offers, they are an attack on time."""

_LONGEST_HORIZON = 600
_MOST_TAGS = 50
_MOST_WEIGHT = 10**6
_HUNDRED = 100

Named = TypeVar("Named", Lot, Carrier, Offer, Discount, Rule)


def decode(data: bytes) -> Any:
    """Return the JSON document of ``data``. Raises MalformedError: no JSON, NaN, a name twice, too deep."""
    try:
        return json.loads(data, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"This is not JSON that can be read: {error}") from error


def read(document: Any) -> Problem:
    """Return the problem in a document: a bare problem, or one under ``problem``.

    Raises MalformedError with a pointer to each thing that is wrong, at most twenty.
    """
    findings = Findings()
    wrapped = isinstance(document, dict) and "problem" in document
    top = Fields(document["problem"] if wrapped else document, "/problem" if wrapped else "", findings)
    top.choice("money_unit", among=("cent",), default="cent")
    horizon = top.whole("horizon_months", least=1, most=_LONGEST_HORIZON)
    lots = tuple(_lot(item, pointer, findings) for item, pointer in top.items("lots", most=MOST_LOTS, needed=True))
    offers = tuple(
        _offer(item, pointer, findings, horizon)
        for item, pointer in top.items("offers", most=MOST_OFFERS, needed=False)
    )
    carriers = tuple(_carrier(item, pointer, findings) for item, pointer in top.items("carriers", most=MOST_CARRIERS))
    if not top.has("carriers"):
        carriers = tuple(Carrier(name) for name in sorted({offer.carrier for offer in offers}))
    most = MOST_DISCOUNTS_EACH * max(1, len(carriers))
    discounts = tuple(_discount(item, pointer, findings) for item, pointer in top.items("discounts", most=most))
    findings.stop()  # references are looked at where the things themselves are right
    read_rules = tuple(
        reading_rules.rule(item, pointer, findings, lots) for item, pointer in top.items("rules", most=MOST_RULES)
    )
    rules = tuple(rule for rule in read_rules if rule is not None)
    problem = Problem(
        horizon_months=horizon,
        lots=lots,
        carriers=carriers,
        offers=offers,
        discounts=discounts,
        rules=rules,
        discount_rate_bp=top.whole("discount_rate_bp", most=WHOLE_BP, default=0),
        renewal_uplift_bp=top.whole("renewal_uplift_bp", least=-WHOLE_BP, most=WHOLE_BP, default=0),
        currency=top.text("currency", "USD"),
        name=top.text("name", "") if top.has("name") else "",
        seed=top.text("seed", "") if top.has("seed") else "",
    )
    top.end()
    findings.stop()
    errors = checked(problem, top.pointer)
    if errors:
        raise MalformedError(f"This is not a problem that can be solved: {errors[0].message}", errors=errors)
    return problem


def checked(problem: Problem, pointer: str = "") -> tuple[FieldError, ...]:
    """Return what a problem refers to and there is not, what stands twice, and what is over a limit."""
    lots = {lot.id for lot in problem.lots}
    carriers = {carrier.id for carrier in problem.carriers}
    offers = {offer.id for offer in problem.offers}
    errors = [
        *_doubled(problem.lots, f"{pointer}/lots"),
        *_doubled(problem.carriers, f"{pointer}/carriers"),
        *_doubled(problem.offers, f"{pointer}/offers"),
        *_doubled(problem.discounts, f"{pointer}/discounts"),
        *_doubled(problem.rules, f"{pointer}/rules"),
    ]
    for number, offer in enumerate(problem.offers):
        at = f"{pointer}/offers/{number}"
        errors += _unknown({offer.carrier}, carriers, f"{at}/carrier", "carrier")
        errors += _unknown(offer.lots, lots, f"{at}/lots", "lot")
        if offer.requires is not None:
            errors += _unknown(offer.requires.scope or (), lots, f"{at}/requires/scope", "lot")
    for number, discount in enumerate(problem.discounts):
        at = f"{pointer}/discounts/{number}"
        errors += _unknown({discount.carrier}, carriers, f"{at}/carrier", "carrier")
        errors += _unknown(discount.scope or (), lots, f"{at}/scope", "lot")
    for number, rule in enumerate(problem.rules):
        at = f"{pointer}/rules/{number}"
        named = reading_rules.names_of(rule)
        errors += _unknown(named.carriers, carriers, at, "carrier")
        errors += _unknown(named.lots, lots, at, "lot")
        errors += _unknown(named.offers, offers, at, "offer")
    return (*errors, *_over_limits(problem, pointer))


def _over_limits(problem: Problem, pointer: str) -> list[FieldError]:
    most = PACKAGES_BESIDE + 2 * len(problem.lots)
    packages = Counter(offer.carrier for offer in problem.offers if len(offer.lots) > 1)
    discounts = Counter(discount.carrier for discount in problem.discounts)
    return [
        FieldError(f"{pointer}/offers", f"{count} packages of {carrier!r}; at most {most} are right")
        for carrier, count in packages.items()
        if count > most
    ] + [
        FieldError(f"{pointer}/discounts", f"{count} of {carrier!r}; at most {MOST_DISCOUNTS_EACH} are right")
        for carrier, count in discounts.items()
        if count > MOST_DISCOUNTS_EACH
    ]


def _doubled(items: Iterable[Named], pointer: str) -> list[FieldError]:
    seen: set[str] = set()
    errors = []
    for number, item in enumerate(items):
        if item.id in seen:
            errors.append(FieldError(f"{pointer}/{number}/id", f"{item.id!r} stands twice; ids are different"))
        seen.add(item.id)
    return errors[:1]


def _unknown(named: Iterable[str], known: set[str], pointer: str, what: str) -> list[FieldError]:
    missing = next((name for name in named if name not in known), None)
    return [] if missing is None else [FieldError(pointer, f"there is no {what} {missing!r}")]


def _lot(value: Any, pointer: str, findings: Findings) -> Lot:
    fields = Fields(value, pointer, findings)
    name = fields.text("id")
    lot = Lot(
        id=name,
        site=fields.text("site", name),
        weight=fields.whole("weight", most=_MOST_WEIGHT, default=1),
        incumbent=fields.maybe_text("incumbent"),
        switching_cost=fields.whole("switching_cost", default=0),
        required_features=fields.texts("required_features"),
        max_install_days=fields.maybe_whole("max_install_days"),
        reserve=fields.maybe_whole("reserve"),
        region=fields.maybe_text("region"),
        mbps=fields.whole("mbps", default=0),
    )
    fields.end()
    return lot


def _offer(value: Any, pointer: str, findings: Findings, horizon: int) -> Offer:
    fields = Fields(value, pointer, findings)
    tags = [
        f"{prefix}:{fields.text(name)}"
        for name, prefix in (("access_owner", "owner"), ("entrance", "entrance"))
        if fields.has(name)
    ]
    offer = Offer(
        id=fields.text("id"),
        carrier=fields.text("carrier"),
        lots=fields.texts("lots", most=MOST_LOTS, needed=True),
        mrc=fields.whole("mrc"),
        nrc=fields.whole("nrc", default=0),
        term_months=fields.whole("term_months", least=1, most=_LONGEST_HORIZON, default=horizon),
        quality=fields.whole("quality", most=_HUNDRED, default=0),
        install_days=fields.maybe_whole("install_days"),
        features=fields.texts("features"),
        path=(*fields.texts("path", most=_MOST_TAGS), *tags),
        requires=_condition(fields.values["requires"], f"{pointer}/requires", findings)
        if fields.has("requires")
        else None,
        discountable=fields.flag("discountable", default=True),
        xor_group=fields.maybe_text("xor_group"),
        extra=fields.whole("extra", default=0),
        malus=fields.whole("malus", least=-(10**11), default=0),
    )
    fields.end()
    return offer


def _condition(value: Any, pointer: str, findings: Findings) -> Condition:
    fields = Fields(value, pointer, findings)
    condition = Condition(fields.whole("min_lots", least=0, most=MOST_LOTS), scope_of(fields))
    fields.end()
    return condition


def _carrier(value: Any, pointer: str, findings: Findings) -> Carrier:
    fields = Fields(value, pointer, findings)
    carrier = Carrier(
        id=fields.text("id"),
        capacity_lots=fields.maybe_whole("capacity_lots"),
        capacity_sites=fields.maybe_whole("capacity_sites"),
        capacity_mbps=fields.maybe_whole("capacity_mbps"),
        min_award_lots=fields.whole("min_award_lots", default=0),
    )
    fields.has("name")
    fields.end()
    return carrier


def _discount(value: Any, pointer: str, findings: Findings) -> Discount:
    fields = Fields(value, pointer, findings)
    discount = Discount(
        id=fields.text("id"),
        carrier=fields.text("carrier"),
        metric=cast("Metric", fields.choice("metric", among=("lots", "sites", "mrc"))),
        tiers=tuple(_tier(item, at, findings) for item, at in fields.items("tiers", most=MOST_TIERS, needed=True)),
        scope=scope_of(fields),
    )
    fields.end()
    return discount


def _tier(value: Any, pointer: str, findings: Findings) -> Tier:
    fields = Fields(value, pointer, findings)
    tier = Tier(
        min=fields.whole("min", least=1),
        mrc_bp=fields.whole("mrc_bp", most=WHOLE_BP, default=0),
        nrc_bp=fields.whole("nrc_bp", most=WHOLE_BP, default=0),
        lump=fields.whole("lump", default=0),
    )
    fields.end()
    return tier


def scope_of(fields: Fields) -> tuple[str, ...] | None:
    """Return the lots of a ``scope``: ``all`` (None, the default), or a list of lots."""
    if not fields.has("scope") or fields.values["scope"] == "all":
        return None
    return fields.texts("scope", most=MOST_LOTS)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
