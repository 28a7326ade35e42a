"""The positive list: the only fields of a request that an invited provider sees before the award."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from buyers.requests.auction_view import AuctionView, auction_view
from buyers.requests.model import (
    Attachment,
    Band,
    Bands,
    BillingPreferences,
    Content,
    Disclosure,
    FeatureValue,
    Line,
    Lot,
    Place,
    Priority,
    PriorUsage,
)

# These types never reuse those of the model: a field that is added there must not appear here by itself. Names and
# nesting follow the content, so that a JSON Pointer into the one is a JSON Pointer into the other.


@dataclass(frozen=True, slots=True)
class FeatureView:
    """A wanted feature value; its unit is that of the catalogue."""

    code: str
    value: FeatureValue
    priority: Priority


@dataclass(frozen=True, slots=True)
class LineView:
    """One service at one site of the request, or at the whole company when ``site`` is empty."""

    ref: str
    service_type: str
    site: str
    quantity: int
    features: tuple[FeatureView, ...]
    priority: Priority
    note: str


@dataclass(frozen=True, slots=True)
class LotView:
    """Lines that are awarded as one."""

    ref: str
    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A place as far as the disclosure level goes; what lies beyond it is empty."""

    country: str
    state: str
    city: str
    postal_code: str
    street: str
    latitude: Decimal | None
    longitude: Decimal | None


@dataclass(frozen=True, slots=True)
class SiteView:
    """A site, known by its name inside this request alone."""

    ref: str
    place: PlaceView


@dataclass(frozen=True, slots=True)
class BillingView:
    """How the buyer wants to be billed, without its purchase-order number."""

    currency: str
    period: str
    consolidated: bool
    payment_days: int
    invoice_format: str
    tax_exempt: bool


@dataclass(frozen=True, slots=True)
class UsageView:
    """What is used today per month, without provider, spend and contract end."""

    service_type: str
    unit: str
    monthly_quantity: Decimal


@dataclass(frozen=True, slots=True)
class BandsView:
    """The demographic bands that the buyer ticked; the others are empty."""

    industry: str
    size: str
    region: str


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """When bids are taken and the award is planned, in UTC."""

    opens_at: datetime | None
    closes_at: datetime | None
    award_planned_on: date | None


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """A file that goes with the request; its hash is of the bytes that carriers get."""

    ref: str
    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CarrierView:
    """All that an invited provider sees of a request before the award."""

    pseudonym: str
    version: int
    catalogue_version: str
    title: str
    description: str
    term_months: int
    start_date: date | None
    discount_rate: Decimal
    disclosure: Disclosure
    sites: tuple[SiteView, ...]
    lines: tuple[LineView, ...]
    lots: tuple[LotView, ...]
    billing: BillingView
    prior_usage: tuple[UsageView, ...]
    bands: BandsView
    schedule: ScheduleView
    auction: AuctionView
    attachments: tuple[AttachmentView, ...] = ()


def carrier_view(
    request_version: int,
    pseudonym: str,
    content: Content,
    bands: Bands,
    lots: tuple[Lot, ...],
    *,
    catalogue_version: str,
) -> CarrierView:
    """Return what every invited provider sees; no other function builds it.

    Args:
        request_version: counts publications and amendments.
        pseudonym: the buyer's name for this request alone.
        content: everything that the buyer said, private parts included.
        bands: the buyer's demographics; only those in ``content.disclosed_bands`` are used.
        lots: the lots as published, see ``rules.default_lots``.
        catalogue_version: the version that the lines are written against.
    """
    return CarrierView(
        pseudonym=pseudonym,
        version=request_version,
        catalogue_version=catalogue_version,
        title=content.title,
        description=content.description,
        term_months=content.term_months,
        start_date=content.start_date,
        discount_rate=content.discount_rate,
        disclosure=content.disclosure,
        sites=tuple(SiteView(site.ref, place_view(site.place, content.disclosure)) for site in content.sites),
        lines=tuple(_line(line) for line in content.lines),
        lots=tuple(LotView(lot.ref, lot.name, lot.lines) for lot in lots),
        billing=_billing(content.billing),
        prior_usage=tuple(_usage(usage) for usage in content.prior_usage),
        bands=_bands(bands, content.disclosed_bands),
        schedule=ScheduleView(
            opens_at=content.schedule.opens_at,
            closes_at=content.schedule.closes_at,
            award_planned_on=content.schedule.award_planned_on,
        ),
        auction=auction_view(content.auction, content.billing.currency),
        attachments=tuple(_attachment(one) for one in content.attachments),
    )


def place_view(place: Place, disclosure: Disclosure) -> PlaceView:
    """Return a place as far as a level of disclosure goes."""
    exact = disclosure is Disclosure.EXACT
    building = exact or disclosure is Disclosure.BUILDING
    postal_code = building or disclosure is Disclosure.POSTAL_CODE
    return PlaceView(
        country=place.country,
        state=place.state,
        city=place.city,
        postal_code=place.postal_code if postal_code else "",
        street=place.street if building else "",
        latitude=place.latitude if exact else None,
        longitude=place.longitude if exact else None,
    )


def _line(line: Line) -> LineView:
    return LineView(
        ref=line.ref,
        service_type=line.service_type,
        site=line.site,
        quantity=line.quantity,
        features=tuple(FeatureView(wanted.code, wanted.value, wanted.priority) for wanted in line.features),
        priority=line.priority,
        note=line.note,
    )


def _billing(billing: BillingPreferences) -> BillingView:
    return BillingView(
        currency=billing.currency,
        period=billing.period,
        consolidated=billing.consolidated,
        payment_days=billing.payment_days,
        invoice_format=billing.invoice_format,
        tax_exempt=billing.tax_exempt,
    )


def _attachment(one: Attachment) -> AttachmentView:
    return AttachmentView(one.ref, one.name, one.media_type, one.size, one.sha256)


def _usage(usage: PriorUsage) -> UsageView:
    return UsageView(usage.service_type, usage.unit, usage.monthly_quantity)


def _bands(bands: Bands, disclosed: tuple[Band, ...]) -> BandsView:
    return BandsView(
        industry=bands.industry if Band.INDUSTRY in disclosed else "",
        size=bands.size if Band.SIZE in disclosed else "",
        region=bands.region if Band.REGION in disclosed else "",
    )
