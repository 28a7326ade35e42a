"""Where a request's sites count as being, as exactly as it discloses them."""

from buyers.requests.model import Content, Disclosure, Place
from buyers.requests.view import PlaceView
from marketplace.geography.address import Address
from marketplace.geography.placing import Placing, Precision, place


def placings(content: Content) -> list[tuple[str, Placing]]:
    """Return each site's ref and where filters see it, what is missing for that, and what contradicts itself."""
    return [(site.ref, placing_of(site.place, content.disclosure)) for site in content.sites]


def placing_of(where: Place, disclosure: Disclosure) -> Placing:
    """Return where filters see a place, what is missing for that, and what contradicts itself."""
    return place(address_of(where), Precision(disclosure.value))


def address_of(where: Place | PlaceView) -> Address:
    """Return a place as geography takes it."""
    return Address(
        country=where.country,
        state=where.state,
        city=where.city,
        postal_code=where.postal_code,
        street=where.street,
        latitude=None if where.latitude is None else float(where.latitude),
        longitude=None if where.longitude is None else float(where.longitude),
    )
