"""The scratch marketplace of a busy day: buyers, carriers with filters, and the access tokens of all of them.

Who is there is written into the tables as the product's services would, which hash a password for each; what happens
on the day goes over HTTP. One seed makes one market.

- **Buyers** have two sites each, in one of 12 states by a Zipf law.
- **Carriers** each sell 3 of 10 services in 4 of the states. Each filter names one of the services, one to four of the
  states and, every other time, a range of bandwidths; so a request meets about a tenth of the carriers.
"""

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, select
from sqlalchemy.engine import Engine
from sqlmodel import Session, SQLModel, col

from buyers.registry.model import VerificationStatus
from buyers.registry.tables import BuyerRow, SiteRow
from marketplace.identity import sessions, store
from marketplace.identity.tables import OrganizationRow, UserRow
from marketplace.kernel import codec, ids
from marketplace.kernel.access import Kind, UserRole
from marketplace.wiring import Marketplace
from sellers.model import Criteria, ProviderStatus, Range, Territory
from sellers.rules import terms_hash
from sellers.tables import FilterRow, InvitationRow, ProviderRow, TermsRow

SERVICES = (
    "data.broadband",
    "data.dedicated-internet-access",
    "data.ip-transit",
    "data.ethernet-private-line",
    "data.ethernet-virtual-private-line",
    "data.access-e-line",
    "data.mpls-vpn",
    "data.sd-wan",
    "data.ddos-protection",
    "data.cloud-connect",
)
_PLACES = (
    ("CA", "Sacramento", "95814"),
    ("TX", "Austin", "78701"),
    ("FL", "Orlando", "32801"),
    ("NY", "Albany", "12207"),
    ("PA", "Harrisburg", "17101"),
    ("IL", "Springfield", "62701"),
    ("OH", "Columbus", "43215"),
    ("GA", "Atlanta", "30303"),
    ("NC", "Raleigh", "27601"),
    ("MI", "Lansing", "48933"),
    ("CO", "Denver", "80202"),
    ("WA", "Olympia", "98501"),
)
_BANDWIDTHS = (50, 100, 200, 500, 1000, 10_000)
_TERMS = "# Terms of a benchmark\n\n1. **Term.** As stated in the bid.\n2. **Law.** State of New York.\n"


@dataclass(frozen=True, slots=True)
class Size:
    """How many there are; ``pages`` are live pages, ``filters`` those of each provider."""

    buyers: int
    providers: int
    requests: int
    pages: int
    filters: int = 20


@dataclass(frozen=True, slots=True)
class Member:
    """An organization as its admin plays it. ``things``: a buyer's sites; a carrier's terms."""

    organization_id: str
    token: str
    things: tuple[str, ...]


@dataclass(slots=True)
class Place:
    """Where the day takes place: its folder, its owner's database, who is there."""

    folder: Path
    owner: Engine
    buyers: tuple[Member, ...]
    carriers: tuple[Member, ...]
    by_id: dict[str, Member] = field(init=False)

    def __post_init__(self) -> None:
        """Index who is there."""
        self.by_id = {one.organization_id: one for one in (*self.buyers, *self.carriers)}

    def invitations(self) -> dict[str, list[tuple[Member, str]]]:
        """Return, of each request, the carriers that received it with their invitations, in a steady order."""
        query = select(col(InvitationRow.request_id), col(InvitationRow.provider_id), col(InvitationRow.id))
        found: dict[str, list[tuple[Member, str]]] = {}
        with self.owner.connect() as connection:
            for request_id, provider_id, invitation_id in connection.execute(query.order_by(col(InvitationRow.id))):
                found.setdefault(request_id, []).append((self.by_id[provider_id], invitation_id))
        return found


def furnish(market: Marketplace, size: Size, chance: random.Random) -> Place:
    """Write all members and begin a session for each."""
    now = datetime.now(UTC)
    buyers = [_buyer(number, chance, now) for number in range(size.buyers)]
    carriers = [_carrier(number, chance, now, size.filters) for number in range(size.providers)]
    owner = create_engine(market.database.owner)
    organizations = [rows[0] for rows in (*buyers, *carriers)]
    with Session(owner, expire_on_commit=False) as session:
        session.add_all(organizations)
        session.flush()
        session.add_all(row for rows in (*buyers, *carriers) for row in rows[1:3])
        session.flush()
        session.add_all(row for rows in (*buyers, *carriers) for row in rows[3:])
        session.commit()
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")  # as the server does by itself after a while
    return Place(
        market.settings.folder,
        owner,
        _members(market, Kind.BUYER, buyers, SiteRow),
        _members(market, Kind.PROVIDER, carriers, TermsRow),
    )


def _members(
    market: Marketplace, kind: Kind, written: Sequence[Sequence[SQLModel]], things: type[SQLModel]
) -> tuple[Member, ...]:
    """Begin a session for each organization's admin, as a sign-in does once the password is checked."""
    made = []
    with market.workshop.work() as work:
        for rows in written:
            organization, user = rows[0], rows[1]
            if not isinstance(organization, OrganizationRow) or not isinstance(user, UserRow):
                raise TypeError("an organization and its user come first")
            known = store.user(work, user.id)
            if known is None:
                raise RuntimeError(f"{user.id} was written a moment ago")
            session = sessions.begin_session(work, known, factor_used=True)
            token = sessions.tokens_of(work, session, known, kind).access_token
            owned = tuple(str(row.id) for row in rows if isinstance(row, things) and hasattr(row, "id"))
            made.append(Member(organization.id, token, owned))
    return tuple(made)


def _account(kind: Kind, email: str, now: datetime) -> tuple[OrganizationRow, UserRow]:
    organization = OrganizationRow(id=ids.new("org"), kind=kind.value, created_at=now)
    user = UserRow(
        id=ids.new("usr"),
        organization_id=organization.id,
        email=email,
        full_name="Robin Vale",
        role=UserRole.ADMIN.value,
        active=True,
        password_hash=secrets.token_hex(8),  # nobody signs in with a password
        created_at=now,
    )
    return organization, user


def _buyer(number: int, chance: random.Random, now: datetime) -> tuple[SQLModel, ...]:
    email = f"desk@buyer-{number}.example"
    organization, user = _account(Kind.BUYER, email, now)
    (state, city, postal_code), *_ = chance.choices(_PLACES, [1 / rank for rank in range(1, len(_PLACES) + 1)])
    employees = int(10 * 1000 ** chance.random())
    buyer = BuyerRow(
        organization_id=organization.id,
        name=f"Quillback Holdings {number}",
        contact={"name": user.full_name, "email": email, "phone": "+1 212 555 0100", "address": ""},
        demographics={
            "industry": chance.choice("CGHIJKMPQ"),
            "employees": employees,
            "sites": 2,
            "country": "US",
            "region": state,
            "annual_telecom_spend": None,
        },
        status=VerificationStatus.VERIFIED.value,
        status_since=now,
        verified_until=now + timedelta(days=365),
        created_at=now,
    )
    sites = [
        SiteRow(
            id=ids.new("sit"),
            buyer_id=organization.id,
            label=f"Branch {letter}",
            country="US",
            state=state,
            city=city,
            postal_code=postal_code,
            street=f"{chance.randint(1, 999)} Main Street",
            opening_hours="",
            contact_name="",
            contact_phone="",
            contact_email="",
        )
        for letter in "AB"
    ]
    return organization, user, buyer, *sites


def _carrier(number: int, chance: random.Random, now: datetime, filters: int) -> tuple[SQLModel, ...]:
    email = f"desk@carrier-{number}.example"
    organization, user = _account(Kind.PROVIDER, email, now)
    provider = ProviderRow(
        id=organization.id,
        name=f"Carrier {number}",
        status=ProviderStatus.APPROVED.value,
        reference="",
        contact_name=user.full_name,
        contact_email=email,
        contact_phone="",
        registered_at=now,
    )
    terms = TermsRow(
        id=ids.new("terms"),
        provider_id=organization.id,
        title="Terms",
        version=1,
        text=_TERMS,
        sha256=terms_hash(_TERMS),
        created_at=now,
    )
    services, homes = chance.sample(SERVICES, 3), [f"US-{state}" for state, *_ in chance.sample(_PLACES, 4)]
    rows = [
        FilterRow(
            id=ids.new("flt"),
            provider_id=organization.id,
            ordinal=ordinal,
            name=f"filter {ordinal}",
            criteria=codec.dump(_criteria(chance, services, homes)),
            active=True,
            delivery="at once",
            revision=1,
            saved_at=now,
        )
        for ordinal in range(1, filters + 1)
    ]
    return organization, user, provider, terms, *rows


def _criteria(chance: random.Random, services: Sequence[str], homes: Sequence[str]) -> Criteria:
    low, high = sorted(chance.sample(_BANDWIDTHS, 2))
    return Criteria(
        service_types=(chance.choice(services),),
        territory=Territory(states=tuple(chance.sample(homes, chance.randint(1, len(homes))))),
        bandwidth_mbps=Range(Decimal(low), Decimal(high)) if chance.random() < 0.5 else None,
    )


def request_parts(buyer: Member, chance: random.Random, closes_at: datetime) -> dict[str, Any]:
    """Return what a buyer asks for, as the API takes it: one circuit at each of its sites, by an open auction."""
    service, bandwidth = chance.choice(SERVICES), chance.choice(_BANDWIDTHS)
    feature = {"code": "bandwidth_mbps", "value": bandwidth}
    numbers = range(1, len(buyer.things) + 1)
    return {
        "title": "Circuits for our branches",
        "description": "As fast as they can be had; the present ones end in a year.",
        "term_months": 36,
        "sites": [{"ref": f"S{number}", "site_id": buyer.things[number - 1]} for number in numbers],
        "lines": [
            {"ref": f"L{number}", "service_type": service, "site": f"S{number}", "features": [feature]}
            for number in numbers
        ],
        "lots": [{"ref": "T1", "lines": [f"L{number}" for number in numbers]}],
        "auction": {"format": "english", "decrement": "0.01", "base": "own"},
        "schedule": {"closes_at": closes_at.isoformat()},
    }
