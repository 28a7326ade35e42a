"""What the players of a replay say: bodies of API calls made from an E-Rate file, the same for the same seed."""

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from buyers.requests.model import Bands, FeatureValue, Line, Place
from marketplace.kernel import codec
from marketplace.kernel.ids import RequestId
from marketplace.kernel.money import cents
from marketplace.standards.erate import Application, ErateProvider, ErateSite, WinningBid, content_of
from marketplace.standards.erate_filters import LearnedFilters, invited, synthetic_price
from matching.facts import facts_of
from sellers.model import Criteria, Range

MOST_RIVALS = 4
"""Providers that bid a synthetic price on one request."""
MOST_RIVAL_LOTS = 25
"""Lots of one request that one of them bids on."""
SYNTHETIC_NOTE = "synthetic price"
AWARD_REASON = "as in the published Form 471 award"
TERMS_TITLE = "Service terms"
_TERMS = """# Terms of {name}

A stand-in for the provider's terms and conditions: the published data holds none.

1. Services are billed monthly in arrears at the prices of the award.
2. Either side may end a service at the end of its term with 30 days' notice.
"""
_LONGEST_LABEL = 90
_SITE_COLUMNS = ("label", "street", "city", "state", "postal_code", "country", "latitude", "longitude")
_FIGURE = Decimal("0.0001")
_DEGREES = Decimal("0.000001")
_EDUCATION, _LIBRARIES = "P", "R"

Labels = Mapping[tuple[str, Place], str]
"""A buyer's own name of each of its sites, by entity number and place."""


@dataclass(frozen=True, slots=True)
class Cast:
    """A file as one replay sees it: the applications to play and, learned from all of them, filters and labels.

    ``providers`` won something in ``applications``; ``run`` names everything that this replay makes.
    """

    run: str
    seed: int
    applications: tuple[Application, ...]
    providers: tuple[ErateProvider, ...]
    filters: LearnedFilters
    labels: Mapping[str, Labels]
    firsts: Mapping[str, Application]
    """Each buyer's first application in the file, by entity number."""


def cast_of(
    run: str, seed: int, known: Sequence[Application], filters: LearnedFilters, limit: int | None = None
) -> Cast:
    """Return the cast of the first ``limit`` of the ``known`` applications."""
    played = tuple(known[:limit])
    names = {bid.spin: bid.spin_name for application in reversed(played) for bid in application.winning}
    by_buyer: dict[str, list[Application]] = defaultdict(list)
    for application in known:
        by_buyer[application.buyer.entity_number].append(application)
    return Cast(
        run,
        seed,
        played,
        tuple(ErateProvider(spin, names[spin]) for spin in sorted(names)),
        filters,
        {number: labels_of(members) for number, members in by_buyer.items()},
        {number: members[0] for number, members in by_buyer.items()},
    )


def labels_of(applications: Iterable[Application]) -> Labels:
    """Return a label for each site of one buyer: the site's name, numbered where two sites have the same."""
    labels: dict[tuple[str, Place], str] = {}
    taken: set[str] = set()
    for application in applications:
        for site in application.sites:
            if site_key(site) in labels:
                continue
            base = label = site.label[:_LONGEST_LABEL]
            number = 1
            while label.casefold() in taken:
                number += 1
                label = f"{base} ({number})"
            taken.add(label.casefold())
            labels[site_key(site)] = label
    return labels


def site_key(site: ErateSite) -> tuple[str, Place]:
    """Return what tells one site of a buyer from its others."""
    return site.entity_number, site.place


def buyer_registration(application: Application, domain: str) -> dict[str, Any]:
    """Return the registration of an application's buyer.

    The file says neither whom to ask for nor how many people work there: contact and phone are made up, and one
    employee a site is put down. Neither is shown to carriers.
    """
    buyer = application.buyer
    number = buyer.entity_number
    state = buyer.place.state or next((site.place.state for site in application.sites if site.place.state), "")
    address = ", ".join(filter(None, (buyer.place.street, buyer.place.city, state, buyer.place.postal_code)))
    return {
        "name": buyer.name[:200],
        "contact": {
            "name": f"Contact {number}",
            "email": f"contact@entity-{number}.{domain}".lower(),
            "phone": f"+1 202 555 {100 + int(_digest(number), 16) % 100:04}",
            "address": address,
        },
        "demographics": {
            "industry": _LIBRARIES if "library" in buyer.kind.lower() else _EDUCATION,
            "employees": len(application.sites),
            "sites": len(application.sites),
            "country": buyer.place.country,
            "region": state,
        },
    }


def evidence(application: Application) -> dict[str, Any]:
    """Return made-up evidence: a nine-digit number drawn from the entity number."""
    return {"numbers": {"duns": f"{1 + int(_digest(application.buyer.entity_number), 16) % 999_999_999:09}"}}


def provider_registration(provider: ErateProvider, domain: str) -> dict[str, Any]:
    """Return the registration of a provider, its SPIN as reference; the contact is made up."""
    return {
        "name": provider.name[:200],
        "contact_name": f"Desk {provider.spin}",
        "contact_email": f"desk@spin-{provider.spin}.{domain}".lower(),
        "reference": provider.spin,
    }


def terms_text(provider: ErateProvider) -> str:
    """Return stand-in terms and conditions of a provider."""
    return _TERMS.format(name=provider.name)


def filter_bodies(criteria: Sequence[Criteria]) -> list[dict[str, Any]]:
    """Return learned filters as the API takes them: figures with four decimals, rounded to accept more, not less."""
    return [
        {"name": f"Learned from awards: {', '.join(one.service_types)}", "criteria": codec.dump(_rounded(one))}
        for one in criteria
    ]


def _rounded(criteria: Criteria) -> Criteria:
    speeds = criteria.bandwidth_mbps
    if speeds is None:
        return criteria
    low = None if speeds.low is None else speeds.low.quantize(_FIGURE, ROUND_FLOOR)
    high = None if speeds.high is None else speeds.high.quantize(_FIGURE, ROUND_CEILING)
    return replace(criteria, bandwidth_mbps=Range(low, high))


def sites_csv(application: Application, labels: Labels) -> str:
    """Return the application's sites as a file for the import; the order gives them their refs."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_SITE_COLUMNS)
    for site in application.sites:
        place = site.place
        degrees = ("" if number is None else f"{in_degrees(number):f}" for number in (place.latitude, place.longitude))
        address = (place.street, place.city, place.state, place.postal_code, place.country)
        writer.writerow((labels[site_key(site)], *address, *degrees))
    return text.getvalue()


def in_degrees(number: Decimal) -> Decimal:
    """Return a coordinate as the address book keeps it: six decimals, a tenth of a metre."""
    return number.quantize(_DEGREES)


def request_parts(application: Application) -> dict[str, Any]:
    """Return everything of the application's request but its sites and its schedule."""
    content = content_of(application)
    return {
        "term_months": content.term_months,
        "lines": [_line(line) for line in content.lines],
        "lots": [{"ref": lot.ref, "name": lot.name, "lines": list(lot.lines)} for lot in content.lots],
    }


def title(application: Application) -> str:
    """Return the title of the application's request."""
    return content_of(application).title


def real_bid(application: Application, bid: WinningBid) -> dict[str, Any]:
    """Return the bid that won in reality, at its real prices."""
    prices = {price.line: (price.mrc, price.nrc) for price in bid.lines}
    return {"term_months": application.term_months, "lots": [_offer(application, ref, prices) for ref in bid.lots]}


def rivals(cast: Cast, application: Application) -> tuple[str, ...]:
    """Return the providers (SPIN) that bid synthetic prices: some of those that receive the request and didn't win."""
    facts = facts_of(RequestId(application.number), content_of(application), Bands())
    playing = {provider.spin for provider in cast.providers}
    winners = {bid.spin for bid in application.winning}
    found = [spin for spin in invited(cast.filters, facts) if spin in playing - winners]
    found.sort(key=lambda spin: _digest(cast.seed, application.number, spin))
    return tuple(found[:MOST_RIVALS])


def synthetic_bid(cast: Cast, application: Application, spin: str) -> dict[str, Any]:
    """Return a rival's bid on about half of the lots, at prices made up around the real ones and marked as such."""
    drawn = sorted((_digest(cast.seed, application.number, spin, lot.ref), lot.ref) for lot in application.lots)
    count = min(MOST_RIVAL_LOTS, (len(drawn) + 1) // 2)
    real = {price.line: price for bid in application.winning for price in bid.lines}
    prices = {
        line: (
            synthetic_price(cast.seed, application.number, spin, line, price.mrc),
            synthetic_price(cast.seed, application.number, spin, f"{line} once", price.nrc),
        )
        for line, price in real.items()
    }
    chosen = sorted((ref for _, ref in drawn[:count]), key=lambda ref: int(ref[1:]))
    offers = [_offer(application, ref, prices) | {"note": SYNTHETIC_NOTE} for ref in chosen]
    return {"term_months": application.term_months, "lots": offers}


def real_totals(application: Application) -> dict[str, Decimal]:
    """Return, by lot, what the winning bid costs over the request's term."""
    prices = {price.line: price for bid in application.winning for price in bid.lines}
    lines = {line.ref: line for line in application.lines}
    return {
        lot.ref: sum(
            (
                cents((prices[ref].mrc * application.term_months + prices[ref].nrc) * lines[ref].quantity)
                for ref in lot.lines
            ),
            Decimal(0),
        )
        for lot in application.lots
    }


def _offer(application: Application, ref: str, prices: Mapping[str, tuple[Decimal, Decimal]]) -> dict[str, Any]:
    lines = next(lot.lines for lot in application.lots if lot.ref == ref)
    priced = [{"line": line, "mrc": f"{prices[line][0]:.2f}", "nrc": f"{prices[line][1]:.2f}"} for line in lines]
    return {"lot": ref, "lines": priced}


def _line(line: Line) -> dict[str, Any]:
    return {
        "ref": line.ref,
        "service_type": line.service_type,
        "site": line.site,
        "quantity": line.quantity,
        "features": [{"code": wanted.code, "value": _value(wanted.value)} for wanted in line.features],
        "note": line.note,
    }


def _value(value: FeatureValue) -> object:
    """Return a feature value as JSON; a number stays a number."""
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return list(value) if isinstance(value, tuple) else value


def _digest(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()
