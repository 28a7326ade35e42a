"""What tests of several rooms need made: signed-in users of every kind and role."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from fastapi.testclient import TestClient
from sqlalchemy import Connection, create_engine

from marketplace.identity import service, sessions, store
from marketplace.identity.tables import UserRow
from marketplace.kernel import ids
from marketplace.kernel.access import Kind, Principal, UserRole
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.journal import Event
from marketplace.kernel.security import hash_password
from marketplace.wiring import Marketplace

PASSWORD = "violet-harbour-granite-49"
REGISTRATION: dict[str, Any] = {
    "name": "Riverbend Public Library",
    "contact": {
        "name": "Dana Whitfield",
        "email": "dana@riverbend-library.example.org",
        "phone": "+1 212 555 0100",
        "address": "Riverbend Public Library\n12 Canal Street\nAlbany, NY",
    },
    "demographics": {"industry": "P", "employees": 120, "sites": 9, "country": "US", "region": "NY"},
}
"""The body of ``POST /buyers`` for a business that exists nowhere."""


@dataclass(frozen=True, slots=True)
class ThingMoved(Event):
    """An event of no room, for tests of what carries events. Carriers may append to its kind of stream, too."""

    name: ClassVar[str] = "thing.moved"
    thing: str
    figure: int

    @property
    def stream(self) -> str:
        return f"lot:{self.thing}"


@contextmanager
def as_owner(market: Marketplace) -> Iterator[Connection]:
    """Yield a connection of the database's owner, to look behind the application; committed when the block ends."""
    engine = create_engine(market.database.owner)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user with a session: the principal for services, the headers for HTTP."""

    principal: Principal
    headers: dict[str, str]
    email: str
    password: str


@cache
def _hash() -> str:
    return hash_password(PASSWORD)


def a_user(
    market: Marketplace,
    kind: Kind = Kind.BUYER,
    role: UserRole = UserRole.ADMIN,
    organization_id: OrganizationId | None = None,
) -> SignedIn:
    """Return a signed-in user who has done all first steps, of a new organization unless one is given.

    There is one platform: users of kind platform share it.
    """
    with market.workshop.work() as work:
        if organization_id is None and kind is Kind.PLATFORM:
            found = store.platform_id(work)
            organization_id = None if found is None else OrganizationId(found)
        organization_id = organization_id or service.create_organization(work, kind)
        user_id = ids.new("usr")
        row = UserRow(
            id=user_id,
            organization_id=organization_id,
            email=f"{user_id}@example.com",
            full_name="Robin Vale",
            role=role,
            password_hash=_hash(),
            created_at=work.now,
        )
        store.add(work, row)
        tokens = sessions.tokens_of(work, sessions.begin_session(work, row, factor_used=True), row, kind)
    bearer = f"Bearer {tokens.access_token}"
    return SignedIn(
        sessions.authenticate(market.workshop, bearer), {"Authorization": bearer}, f"{user_id}@example.com", PASSWORD
    )


def sign_in(client: TestClient, email: str, password: str, code: str = "") -> dict[str, str]:
    """Sign in over HTTP and return the headers that the session's calls need."""
    answer = client.post("/sessions", json={"email": email, "password": password, "code": code})
    assert answer.status_code == 201, answer.text
    tokens: dict[str, Any] = answer.json()
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def a_registered_buyer(client: TestClient, market: Marketplace, email: str = "") -> SignedIn:
    """Return an admin, signed in, of a buyer that has just registered and is not verified."""
    contact = REGISTRATION["contact"] | ({"email": email} if email else {})
    answer = client.post("/buyers", json=REGISTRATION | {"contact": contact})
    assert answer.status_code == 201, answer.text
    return a_user(market, Kind.BUYER, organization_id=answer.json()["buyer_id"])
