"""The needs that a visitor may play: invented companies with real requests, of which carriers see a view."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from buyers.requests.leak_terms import IdentityTerms
from buyers.requests.model import (
    Band,
    Bands,
    BillingPreferences,
    Content,
    FeatureValue,
    Line,
    Lot,
    Place,
    Priority,
    PriorUsage,
    Site,
    WantedFeature,
)
from marketplace.terminals.tour.model import Company, Need

_ACCESS = "data.dedicated-internet-access"
_Spot = tuple[str, str, str, str]
"""State, city, postal code, street."""


def _sites(spots: Iterable[_Spot]) -> tuple[Site, ...]:
    return tuple(
        Site(f"S{number}", f"site {number}", Place("US", state, city, postal_code, street))
        for number, (state, city, postal_code, street) in enumerate(spots, start=1)
    )


def _company(name: str, domain: str, contact: tuple[str, str], address: str, labels: Iterable[str]) -> Company:
    """Return a company with all that would give it away; ``contact`` is a person's name and phone."""
    person, phone = contact
    email = f"{person.split(maxsplit=1)[0].lower()}@{domain}"
    named = {f"S{number}": label for number, label in enumerate(labels, start=1)}
    terms = IdentityTerms(
        names=(name,),
        domains=(domain,),
        emails=(email,),
        phones=(phone,),
        streets=(address.split(",", maxsplit=1)[0],),
        people=(person,),
    )
    return Company(name, person, email, phone, address, 40 * max(2, len(named)), named, terms)


def _wanted(values: Mapping[str, FeatureValue]) -> tuple[WantedFeature, ...]:
    nice = {"managed_router", "esim", "failover_routing"}
    return tuple(
        WantedFeature(code, value, Priority.NICE if code in nice else Priority.MUST) for code, value in values.items()
    )


def _access(ref: str, site: str, mbps: int) -> Line:
    features: dict[str, FeatureValue] = {
        "bandwidth_mbps": Decimal(mbps),
        "symmetric": True,
        "medium": "fibre",
        "availability_pct": Decimal("99.9"),
        "managed_router": True,
    }
    return Line(ref, _ACCESS, site, 1, _wanted(features))


def _billing(purchase_order: str) -> BillingPreferences:
    return BillingPreferences(payment_days=30, purchase_order=purchase_order)


def _offices() -> Need:
    sites = _sites(
        (
            ("CO", "Denver", "80202", "1422 Lantern Street"),
            ("CO", "Boulder", "80302", "77 Juniper Terrace"),
            ("CO", "Fort Collins", "80524", "309 Mill Race Lane"),
        )
    )
    content = Content(
        title="Internet access for three offices",
        description="Main line for design offices with large files. All three in service before the old lines end.",
        sites=sites,
        lines=(_access("L1", "S1", 500), _access("L2", "S2", 300), _access("L3", "S3", 200)),
        lots=tuple(Lot(f"T{at}", f"Site S{at}", (f"L{at}",)) for at in (1, 2, 3)),
        billing=_billing("LH-1107"),
        prior_usage=(PriorUsage(_ACCESS, "Mbps (95th pct.)", Decimal(410), Decimal(1240), "Summit Wireline"),),
        disclosed_bands=(Band.INDUSTRY, Band.SIZE),
    )
    company = _company(
        "Larkspur & Hale Architects",
        "larkspurhale.example",
        ("Ines Hale", "+1 303 555 0176"),
        "1422 Lantern Street, Denver, CO 80202",
        ("Denver studio", "Boulder studio", "Fort Collins studio"),
    )
    monthly = {"T1": Decimal(560), "T2": Decimal(390), "T3": Decimal(290)}
    bands = Bands("M: professional services", "50 to 249 people", "US-CO")
    return Need(
        "offices", "Three offices, Internet", "Three fibre lines in Colorado.", company, content, bands, monthly
    )


_BRANCHES: tuple[_Spot, ...] = (
    ("CO", "Denver", "80203", "20 Bannock Row"),
    ("CO", "Aurora", "80012", "615 Chambers Walk"),
    ("CO", "Pueblo", "81003", "17 Sandstone Avenue"),
    ("CO", "Grand Junction", "81501", "240 Orchard Mesa Lane"),
    ("CO", "Durango", "81301", "8 Rim Rock Street"),
    ("CO", "Greeley", "80631", "901 Beet Field Road"),
    ("UT", "Salt Lake City", "84111", "350 Quarry Street"),
    ("UT", "Provo", "84601", "66 Timpview Avenue"),
    ("UT", "Ogden", "84401", "1212 Switchback Road"),
    ("UT", "Moab", "84532", "5 Red Ledge Lane"),
    ("NM", "Albuquerque", "87102", "430 Acequia Street"),
    ("NM", "Santa Fe", "87501", "92 Adobe Row"),
    ("NM", "Farmington", "87401", "318 San Juan Terrace"),
    ("NM", "Gallup", "87301", "73 Mesa Gate"),
)


def _branches() -> Need:
    sites = _sites(_BRANCHES)
    speeds = {"Denver": 1000, "Salt Lake City": 500, "Albuquerque": 500}
    lines = tuple(_access(f"L{at}", site.ref, speeds.get(site.place.city, 200)) for at, site in enumerate(sites, 1))
    trunk: dict[str, FeatureValue] = {
        "concurrent_calls": Decimal(120),
        "e911": True,
        "number_porting": True,
        "failover_routing": True,
    }
    colorado = sum(site.place.state == "CO" for site in sites)
    content = Content(
        title="Dedicated Internet for fourteen branches, with SIP trunks",
        description="Branches with counters and cameras. Voice moves to SIP once the lines are in.",
        sites=sites,
        lines=(*lines, Line("L15", "voice.sip-trunk", features=_wanted(trunk))),
        lots=(
            Lot("T1", "Colorado, six sites", tuple(line.ref for line in lines[:colorado])),
            Lot("T2", "Utah and New Mexico, eight sites", tuple(line.ref for line in lines[colorado:])),
            Lot("T3", "Company-wide SIP trunks", ("L15",)),
        ),
        billing=_billing("QC-40881"),
        prior_usage=(
            PriorUsage(_ACCESS, "Mbps (95th pct.)", Decimal(1900), Decimal(6320), "Mesa Bell"),
            PriorUsage("voice.sip-trunk", "minutes", Decimal(88000), Decimal(1480), "Mesa Bell"),
        ),
        disclosed_bands=(Band.SIZE,),
    )
    company = _company(
        "Quillan Federal Thrift",
        "quillanthrift.example",
        ("Tobias Renner", "+1 303 555 0133"),
        "20 Bannock Row, Denver, CO 80203",
        (f"{city} branch" for _, city, _, _ in _BRANCHES),
    )
    monthly = {"T1": Decimal(2790), "T2": Decimal(3530), "T3": Decimal(1480)}
    bands = Bands("K: finance and insurance", "250 to 999 people", "US-CO")
    sentence = "Dedicated lines in three states and 120 voice channels, in three lots."
    return Need("branches", "Fourteen sites, Internet and SIP", sentence, company, content, bands, monthly)


def _fleet() -> Need:
    phones: dict[str, FeatureValue] = {
        "sims": Decimal(50),
        "gb_per_month": Decimal(10),
        "esim": True,
        "number_porting": True,
    }
    tablets: dict[str, FeatureValue] = {"gb_per_month": Decimal(300), "sims": Decimal(30)}
    content = Content(
        title="Mobile service for 80 devices",
        description="50 phones and 30 tablets of visiting staff. Numbers are ported.",
        term_months=24,
        lines=(
            Line("L1", "mobile.voice-and-data-plan", features=_wanted(phones)),
            Line("L2", "mobile.pooled-data", features=_wanted(tablets)),
        ),
        lots=(Lot("T1", "50 phones", ("L1",)), Lot("T2", "30 tablets, pooled data", ("L2",))),
        billing=_billing("BH-77"),
        prior_usage=(
            PriorUsage("mobile.voice-and-data-plan", "GB", Decimal(420), Decimal(1950), "Coastline Cellular"),
            PriorUsage("mobile.pooled-data", "GB", Decimal(260), Decimal(690), "Coastline Cellular"),
        ),
        disclosed_bands=(Band.INDUSTRY,),
    )
    company = _company(
        "Brightharbor Home Care",
        "brightharbor.example",
        ("Noor Castellan", "+1 505 555 0119"),
        "58 Cottonwood Gate, Santa Fe, NM 87505",
        (),
    )
    monthly = {"T1": Decimal(1950), "T2": Decimal(690)}
    bands = Bands("Q: health and social work", "50 to 249 people", "US-NM")
    sentence = "50 phones and 30 tablets of one company."
    return Need("fleet", "A mobile fleet of 80", sentence, company, content, bands, monthly)


def _clinics() -> Need:
    sites = _sites(
        (
            ("UT", "Salt Lake City", "84106", "2210 Foothill Crescent"),
            ("UT", "Provo", "84604", "14 Canyon Gate"),
            ("UT", "Ogden", "84403", "505 Harrison Row"),
            ("UT", "Logan", "84321", "31 Cache Street"),
        )
    )
    speeds = (500, 200, 200, 100)
    lines = tuple(_access(f"L{at}", f"S{at}", speed) for at, speed in enumerate(speeds, start=1))
    content = Content(
        title="Dedicated Internet for four clinics",
        description="Clinics with imaging. Fibre, symmetric; one carrier for all four.",
        sites=sites,
        lines=lines,
        lots=(Lot("T1", "All four sites", tuple(line.ref for line in lines)),),
        billing=_billing("FW-2026-031"),
        prior_usage=(PriorUsage(_ACCESS, "Mbps (95th pct.)", Decimal(610), Decimal(2180), "Mesa Bell"),),
        disclosed_bands=(Band.INDUSTRY, Band.SIZE),
    )
    company = _company(
        "Fennimore Veterinary Partners",
        "fennimorevets.example",
        ("Salma Idowu", "+1 801 555 0162"),
        "2210 Foothill Crescent, Salt Lake City, UT 84106",
        ("Head clinic", "Provo clinic", "Ogden clinic", "Logan clinic"),
    )
    bands = Bands("M: professional services", "50 to 249 people", "US-UT")
    sentence = "Four fibre lines in Utah, awarded as one lot."
    return Need("clinics", "Four clinics, Internet", sentence, company, content, bands, {"T1": Decimal(2180)})


NEEDS: Mapping[str, Need] = {need.code: need for need in (_offices(), _branches(), _fleet())}
"""What a visitor may choose as a buyer, by code."""

ASKED = _clinics()
"""The request that a visitor receives as a carrier."""
