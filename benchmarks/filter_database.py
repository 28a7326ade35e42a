"""What matching costs in a real marketplace: loading the index from the database, and publishing to thousands.

A scratch installation on the embedded, durable PostgreSQL. Its filters, territories and carriers are written into the
tables as the product's services would; all that is measured goes through the product's own functions.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import create_engine, func, insert, select
from sqlalchemy.engine import Engine
from sqlmodel import col

from benchmarks.filter_market import LEAVES, Keys, Market
from benchmarks.server import environment
from buyers.desk import service as desk
from buyers.desk.schemas import RequestParts
from marketplace import schema, wiring
from marketplace.demo import cast, enrolment
from marketplace.identity import service as identity
from marketplace.kernel import codec, http, ids, postgres, reactions
from marketplace.kernel.access import Kind
from marketplace.kernel.config import Settings
from marketplace.kernel.ids import OrganizationId
from marketplace.wiring import Marketplace
from matching import live
from matching.live import LiveIndex
from notifications.tables import NoticeRow
from sellers.model import Criteria, ProviderStatus, Territory
from sellers.tables import FilterRow, InvitationRow, ProviderRow, TerritoryRow

_AT_ONCE = 5_000
_SERVICE = "data.dedicated-internet-access"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The loading of an index: wall and CPU seconds."""

    filters: int
    pairs: int
    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Reached:
    """One publication: wall seconds of the submission (matching, invitations, lots), and of writing all notices."""

    invited: int
    submission: float
    notices: float


@contextmanager
def installed() -> Iterator[Marketplace]:
    """Make a scratch installation and remove it in the end."""
    folder = Path(mkdtemp(prefix="tenderline-benchmark-"))
    folder.chmod(0o711)  # where root may not make a user namespace, PostgreSQL runs as nobody and has to pass through
    try:
        given = {
            name.removeprefix("MARKETPLACE_").lower(): value
            for name, value in environment(folder).items()
            if name.startswith("MARKETPLACE_")
        }
        with wiring.opened(Settings(_env_file=None, **given)) as market:  # type: ignore[arg-type]
            schema.migrate(market.database.owner)
            yield market
    finally:
        postgres.stop(folder / "postgres")
        shutil.rmtree(folder, ignore_errors=True)


def load(market: Marketplace, made: Market) -> Loaded:
    """Write the filters of a market into the database and measure how long an index takes to load them."""
    engine = create_engine(market.database.owner)
    try:
        _write(engine, market, made)
    finally:
        engine.dispose()
    fresh = LiveIndex()
    wall, cpu = time.perf_counter(), time.process_time()
    with market.workshop.reading() as reading:
        fresh.caught_up(reading)
    if len(fresh) != len(made.filters):
        raise RuntimeError(f"the index holds {len(fresh)} of {len(made.filters)} filters")
    pairs = sum(len(keys) for keys in made.territories)
    return Loaded(len(fresh), pairs, time.perf_counter() - wall, time.process_time() - cpu)


def publish(market: Marketplace, providers: int) -> Reached:
    """Let ``providers`` carriers have a filter that accepts everything, and measure a publication that reaches all."""
    engine = create_engine(market.database.owner)
    try:
        owners = _providers(engine, market, [OrganizationId(ids.new("org")) for _ in range(providers)])
        _filters(engine, [(ids.new("flt"), owner, Criteria()) for owner in owners.values()])
    finally:
        engine.dispose()
    verifier = enrolment.platform_admin(market.workshop, cast.VERIFIER_EMAIL, "Noor Halloway")
    role = cast.buyers()[0]
    buyer = enrolment.buyer(market.workshop, replace(role, sites=role.sites[:1]))
    enrolment.decide(market.workshop, verifier, buyer.admin.organization_id, trust=True, reason="Invented.")
    reactions.catch_up(market.workshop)
    with market.workshop.work(buyer.admin) as work:
        request = desk.create(work, RequestParts.model_validate(_parts(next(iter(buyer.sites.values())))).given())
    with market.workshop.reading() as reading:
        live.of(reading).caught_up(reading)  # as in a server that is up
    began = time.perf_counter()
    with market.workshop.work(buyer.admin) as work:
        desk.submit(work, request.id, (), http.etag(request.revision))
    submission = time.perf_counter() - began
    began = time.perf_counter()
    reactions.catch_up(market.workshop)
    notices = time.perf_counter() - began
    with market.workshop.reading() as reading:
        query = select(func.count()).select_from(InvitationRow).where(col(InvitationRow.request_id) == request.id)
        invited = reading.session.execute(query).scalar_one()
        told = reading.session.execute(select(func.count()).select_from(NoticeRow)).scalar_one()
    if told < invited:
        raise RuntimeError(f"{invited} were invited, {told} notices written")
    return Reached(invited, submission, notices)


def _write(engine: Engine, market: Marketplace, made: Market) -> None:
    owners = _providers(engine, market, list(dict.fromkeys(one.provider_id for one in made.filters)))
    saved: dict[tuple[str, int], str] = {}
    rows: list[tuple[str, OrganizationId, Criteria]] = []
    node = dict(zip(LEAVES, LEAVES, strict=True))
    for one in made.filters:
        include, exclude = (
            Territory()
            if number < 0
            else Territory(saved=(saved.setdefault((one.provider_id, number), ids.new("ter")),))
            for number in (one.include, one.exclude)
        )
        criteria = replace(
            one.criteria,
            service_types=tuple(node.get(code, code) for code in one.criteria.service_types),
            territory=include,
            excluded_territory=exclude,
        )
        rows.append((one.filter_id, owners[one.provider_id], criteria))
    _territories(
        engine, [(key, owners[provider], made.territories[number]) for (provider, number), key in saved.items()]
    )
    rows.sort(key=lambda row: row[1])
    _filters(engine, rows)


def _providers(engine: Engine, market: Marketplace, wanted: list[OrganizationId]) -> dict[str, OrganizationId]:
    """Write approved providers; return the organization that stands for each of ``wanted``."""
    with market.workshop.work() as work:
        made = {one: identity.create_organization(work, Kind.PROVIDER) for one in wanted}
    now = datetime.now(UTC)
    rows = [
        {
            "id": organization_id,
            "name": f"Carrier {number}",
            "status": ProviderStatus.APPROVED,
            **dict.fromkeys(("reference", "contact_name", "contact_email", "contact_phone", "reason"), ""),
            "registered_at": now,
        }
        for number, organization_id in enumerate(made.values())
    ]
    _insert(engine, ProviderRow, rows)
    return {str(one): organization_id for one, organization_id in made.items()}


def _territories(engine: Engine, saved: list[tuple[str, str, Keys]]) -> None:
    now = datetime.now(UTC)
    shared = {"excluded": b"", "digest": "", "figures": {}, "content": {}, "revision": 1}
    times = {"created_at": now, "saved_at": now}
    rows = [
        {"id": key, "provider_id": provider, "name": key, "keys": keys.astype("<u8").tobytes(), **shared, **times}
        for key, provider, keys in saved
    ]
    for start in range(0, len(rows), 200):
        _insert(engine, TerritoryRow, rows[start : start + 200])


def _filters(engine: Engine, filters: list[tuple[str, OrganizationId, Criteria]]) -> None:
    now = datetime.now(UTC)
    rows = [
        {
            "id": filter_id,
            "provider_id": provider,
            "ordinal": ordinal,
            "name": "a filter",
            "criteria": codec.dump(criteria),
            "active": True,
            "delivery": "at once",
            "revision": 1,
            "saved_at": now,
        }
        for provider, own in groupby(filters, key=lambda row: row[1])
        for ordinal, (filter_id, _, criteria) in enumerate(own, start=1)
    ]
    _insert(engine, FilterRow, rows)


def _insert(engine: Engine, table: type, rows: list[dict[str, Any]]) -> None:
    with engine.begin() as connection:
        for start in range(0, len(rows), _AT_ONCE):
            connection.execute(insert(table), rows[start : start + _AT_ONCE])


def _parts(site_id: str) -> dict[str, Any]:
    return {
        "title": "Internet access",
        "description": "One circuit, asked of very many.",
        "term_months": 36,
        "sites": [{"ref": "S1", "site_id": site_id}],
        "lines": [
            {
                "ref": "L1",
                "service_type": _SERVICE,
                "site": "S1",
                "features": [{"code": "bandwidth_mbps", "value": 500}],
            }
        ],
        "schedule": {"closes_at": datetime.now(UTC) + timedelta(days=10)},
    }
