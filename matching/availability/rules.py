"""Pure decisions of a look-up: as what a place is compared, what may be told of a footprint, and the counts.

Who keeps its footprint private is counted and never named. That it can't be singled out either: it counts for a
service type only while at least ``FLOOR`` providers with private footprints offer that service type somewhere, and its
speed counts as rounded down to a step that at least ``FLOOR`` of them reach somewhere. So whatever an answer says of a
private provider is true of ``FLOOR`` of them at least, as far as the marketplace knows.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from marketplace.catalogue.model import Catalogue, covers
from marketplace.geography import keys, placing
from marketplace.geography.address import Address, postal_area
from marketplace.geography.placing import Precision
from matching.availability.model import ComparedAs, InForce, Located, PlaceAnswer, ServiceAnswer, Shown
from sellers.footprints.model import Offer, Visibility
from sellers.model import Net

FLOOR = 3
"""Providers that a statement on a private footprint must fit at least."""
_STEPS = (Decimal(5), Decimal(2), Decimal(1))

_Speeds = dict[int, Decimal]
"""The best speed of each provider."""


def step(mbps: Decimal) -> Decimal:
    """Return a speed rounded down to 1, 2 or 5 times a power of ten."""
    power = Decimal(1).scaleb(mbps.adjusted())
    rounded = next(factor * power for factor in _STEPS if factor * power <= mbps)
    return Decimal(f"{rounded:f}")


def located(address: Address) -> Located:
    """Return where a place is compared with footprints.

    A street with its postal code is one building, whatever else is near. Without one, a map point is compared with all
    buildings in its cell of about 130 m, and a postal code alone with all buildings that have it.
    """
    point = address.point
    found: set[int] = set()
    add = ""
    findings: tuple[str, ...] = ()
    if address.country:
        placed = placing.place(address, Precision.EXACT)
        found = {key for key in placed.keys if not keys.is_near(key)}
        add, findings = placed.add, placed.findings
    elif point:
        found = set(keys.cells_of_point(*point))
    else:
        add = "the country"
    as_what = ComparedAs.REGION if found else ComparedAs.NOTHING
    if found and keys.building_key(address.country, address.postal_code, address.street) is not None:
        as_what = ComparedAs.BUILDING
    elif point:
        as_what = ComparedAs.POINT
        found.add(keys.near_building_key(keys.cells_of_point(*point)[keys.FINEST]))
    elif found and address.postal_code:
        as_what = ComparedAs.POSTAL_CODE
        found.add(keys.near_postal_key(postal_area(address.country, address.postal_code)))
    return Located(as_what, frozenset(found), add, findings)


def shown(footprints: Sequence[InForce], catalogue: Catalogue) -> tuple[tuple[Shown, ...], ...]:
    """Return what buyers may be told of each offer of each footprint, in their order."""
    below = {node: tuple(code for code in catalogue.codes() if covers(node, code)) for node in catalogue.nodes()}
    ceilings = _ceilings(footprints, below)
    found = []
    for number, footprint in enumerate(footprints):
        private = footprint.standing.visibility is Visibility.PRIVATE
        name = "" if private else footprint.standing.name
        found.append(
            tuple(
                Shown(number, name, offer.net, _speeds(offer, below, ceilings if private else None))
                for offer in footprint.offers
            )
        )
    return tuple(found)


def _speeds(
    offer: Offer, below: Mapping[str, tuple[str, ...]], ceilings: Mapping[str, Decimal] | None
) -> Mapping[str, Decimal]:
    """Return the speed that is told by service type; ``ceilings`` are for private footprints."""
    leaves = {leaf for node in offer.service_types for leaf in below.get(node, ())}
    if ceilings is None:
        return dict.fromkeys(leaves, offer.down_mbps)
    rounded = step(offer.down_mbps)
    return {leaf: min(rounded, ceilings[leaf]) for leaf in leaves if leaf in ceilings}


def _ceilings(footprints: Sequence[InForce], below: Mapping[str, tuple[str, ...]]) -> Mapping[str, Decimal]:
    """Return by service type the step that ``FLOOR`` private footprints reach; none where fewer offer it."""
    best: defaultdict[str, _Speeds] = defaultdict(dict)
    for number, footprint in enumerate(footprints):
        if footprint.standing.visibility is Visibility.PRIVATE:
            for offer in footprint.offers:
                for leaf, speed in _speeds(offer, below, None).items():
                    _keep_best(best[leaf], number, speed)
    return {
        leaf: step(sorted(speeds.values(), reverse=True)[FLOOR - 1])
        for leaf, speeds in best.items()
        if len(speeds) >= FLOOR
    }


def together(found: Sequence[Shown], codes: Iterable[str]) -> Mapping[str, str]:
    """Return for each service type the first one that every offer says the same of: it stands for all of them."""
    said: dict[str, list[tuple[int, Decimal]]] = {code: [] for code in codes}
    for number, offer in enumerate(found):
        for leaf, speed in offer.speeds.items():
            said[leaf].append((number, speed))
    firsts: dict[tuple[tuple[int, Decimal], ...], str] = {}
    return {code: firsts.setdefault(tuple(words), code) for code, words in said.items()}


def condensed(found: Shown, firsts: Mapping[str, str]) -> Shown:
    """Return an offer that names only the service types which stand for others."""
    return replace(found, speeds={leaf: speed for leaf, speed in found.speeds.items() if firsts[leaf] == leaf})


def answer(found: Iterable[Shown], asked: Mapping[str, Sequence[str]], minimum_mbps: Decimal) -> PlaceAnswer:
    """Return the counts of one place.

    Args:
        found: the offers that hold there.
        asked: the service types that were asked for, by the one that stands for them.
        minimum_mbps: what is slower doesn't count.
    """
    on: defaultdict[str, _Speeds] = defaultdict(dict)
    near: defaultdict[str, _Speeds] = defaultdict(dict)
    names: dict[int, str] = {}
    for offer in found:
        names[offer.provider] = offer.name
        speeds = on if offer.net is Net.ON else near
        for leaf, speed in offer.speeds.items():
            if leaf in asked and speed >= minimum_mbps:
                _keep_best(speeds[leaf], offer.provider, speed)
    alike: dict[ServiceAnswer, list[str]] = {}
    for leaf, leaves in asked.items():
        if leaf in on or leaf in near:
            alike.setdefault(_service(on.get(leaf, {}), near.get(leaf, {}), names), []).extend(leaves)
    every_on: set[int] = set().union(*on.values())
    every_near: set[int] = set().union(*near.values())
    services = tuple(replace(service, service_types=tuple(leaves)) for service, leaves in alike.items())
    return PlaceAnswer(len(every_on), len(every_near - every_on), services)


def _service(on: _Speeds, near: _Speeds, names: Mapping[int, str]) -> ServiceAnswer:
    only_near = {provider: speed for provider, speed in near.items() if provider not in on}
    return ServiceAnswer(
        (),
        len(on),
        len(only_near),
        step(max(on.values())) if on else None,
        step(max(only_near.values())) if only_near else None,
        tuple(sorted(name for provider in on if (name := names[provider]))),
        tuple(sorted(name for provider in only_near if (name := names[provider]))),
    )


def _keep_best(speeds: _Speeds, provider: int, speed: Decimal) -> None:
    if speed > speeds.get(provider, Decimal(-1)):
        speeds[provider] = speed
