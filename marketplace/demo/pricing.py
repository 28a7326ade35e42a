"""What an invented carrier asks: a priced reply to what it may read of a request, and to nothing else."""

import random
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from marketplace.demo.cast import CarrierRole
from marketplace.kernel.money import RATE_STEP, cents

_PRICES: Mapping[str, tuple[str, str, str]] = {
    "data.dedicated-internet-access": ("210", "bandwidth_mbps", "0.55"),
    "data.broadband": ("58", "bandwidth_mbps", "0.13"),
    "data.sd-wan": ("310", "bandwidth_mbps", "0.72"),
    "data.dark-fibre": ("390", "distance_km", "28"),
    "voice.sip-trunk": ("60", "concurrent_calls", "9.80"),
    "voice.pri": ("265", "", "0"),
    "voice.toll-free": ("35", "toll_free_numbers", "1.50"),
    "voice.ucaas-seat": ("90", "seats", "18.40"),
    "mobile.pooled-data": ("120", "gb_per_month", "2.35"),
    "mobile.voice-and-data-plan": ("0", "sims", "33.50"),
}
"""By service type: a month's charge in the request's currency, and the charge for each unit of one feature."""
_ELSE = ("240", "", "0")
_RATES = {"minutes": Decimal("0.0142")}
"""By unit of prior usage: the market's price of one. All else is included in the monthly charge."""
_VALID_DAYS = 60
_DEVIATIONS = {
    "managed_router": "The router is sold, not managed; configuration help for the first month.",
    "diverse_entrance": "Same entrance, diverse path from the street on.",
    "cellular_backup": "Backup on 4G only at this site.",
    "single_sign_on": "SAML from the second quarter of next year on.",
    "restore_hours": "Next business day.",
}


def bid(view: Mapping[str, Any], carrier: CarrierRole, chance: random.Random, factor: Decimal) -> dict[str, Any] | None:
    """Return the body of a bid on every lot that ``carrier`` can serve, None if it can serve none.

    ``view`` is the carrier view as JSON values. ``factor`` scales all prices: later rounds of an auction are lower.
    """
    sites = {site["ref"]: site["place"] for site in view["sites"]}
    lines = {line["ref"]: line for line in view["lines"]}
    lots = []
    for lot in view["lots"]:
        members = [lines[ref] for ref in lot["lines"]]
        if all(_serves(carrier, line, sites.get(line["site"])) for line in members):
            lots.append(
                {
                    "lot": lot["ref"],
                    "lines": [_line(line, view["prior_usage"], carrier, chance, factor) for line in members],
                    "valid_until": _valid_until(view["schedule"]).isoformat(),
                }
            )
    if not lots:
        return None
    return {"request_version": view["version"], "term_months": view["term_months"], "lots": lots}


def _serves(carrier: CarrierRole, line: Mapping[str, Any], place: Mapping[str, Any] | None) -> bool:
    """Tell whether one of the carrier's own filters covers the line where it is."""
    for saved in carrier.filters:
        criteria = saved["criteria"]
        if not any(line["service_type"].startswith(code) for code in criteria.get("service_types", ())):
            continue
        territory = criteria.get("territory")
        if territory is None or place is None:
            return True
        if place["country"] in territory.get("countries", ()):
            return True
        if f"{place['country']}-{place['state']}" in territory.get("states", ()):
            return True
    return False


def _line(
    line: Mapping[str, Any],
    usage: list[Mapping[str, Any]],
    carrier: CarrierRole,
    chance: random.Random,
    factor: Decimal,
) -> dict[str, Any]:
    features = {feature["code"]: feature["value"] for feature in line["features"]}
    base, unit, charge = _PRICES.get(line["service_type"], _ELSE)
    monthly = Decimal(base) + Decimal(charge) * Decimal(features.get(unit, 0))
    # a local mood of this carrier at this line, up to nine percent either way
    scale = carrier.price_level * factor * (1 + Decimal(chance.randint(-90, 90)) / 1000)
    rates = [
        {
            "service_type": row["service_type"],
            "unit": row["unit"],
            "rate": str((_RATES.get(row["unit"], Decimal(0)) * scale).quantize(RATE_STEP)),
        }
        for row in usage
        if row["service_type"] == line["service_type"]
    ]
    return {
        "line": line["ref"],
        "mrc": str(cents(monthly * scale)),
        "nrc": str(cents(monthly * scale * Decimal(chance.choice(("0", "0.5", "1", "1"))))),
        "usage_rates": rates,
        "install_days": carrier.install_days + chance.randint(-5, 20),
        "answers": [_answer(feature, chance) for feature in line["features"]],
    }


def _answer(feature: Mapping[str, Any], chance: random.Random) -> dict[str, str]:
    code = feature["code"]
    throw = chance.random()
    if feature["priority"] == "nice" and code in _DEVIATIONS and throw < 0.35:  # noqa: PLR2004 - a third or so deviates
        return {"code": code, "fit": "deviates", "text": _DEVIATIONS[code]}
    return {"code": code, "fit": "exceeds" if throw > 0.93 else "meets"}  # noqa: PLR2004 - few do more than asked


def _valid_until(schedule: Mapping[str, Any]) -> date:
    """Return a day well behind the planned award."""
    if schedule["award_planned_on"]:
        last = date.fromisoformat(schedule["award_planned_on"])
    else:
        last = datetime.fromisoformat(schedule["closes_at"]).date()
    return last + timedelta(days=_VALID_DAYS)
