"""The unit of work: all or nothing, with the reactions that belong into it, as the right role and within limits."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from marketplace.kernel import work as kernel_work
from marketplace.kernel.access import NOBODY, SYSTEM, Kind, Principal
from marketplace.kernel.alarms import set_alarm
from marketplace.kernel.db import DatabaseRole
from marketplace.kernel.ids import OrganizationId, UserId
from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Reaction, Reactions, Reading, Work, Workshop
from marketplace.wiring import Marketplace
from tests.factories import ThingMoved

THINGS = frozenset({ThingMoved.name})
BUYER, PROVIDER = (
    Principal(kind, UserId(f"usr_{kind}"), OrganizationId(f"org_{kind}")) for kind in (Kind.BUYER, Kind.PROVIDER)
)


def with_reactions(market: Marketplace, *handles: Callable[[Work, Recorded], None]) -> Workshop:
    reactions = (Reaction(f"reaction {n}", THINGS, handle, immediate=True) for n, handle in enumerate(handles))
    return replace(market.workshop, reactions=Reactions(tuple(reactions)))


def figures(market: Marketplace) -> list[int]:
    with market.workshop.reading() as reading:
        rows = reading.session.connection().execute(text("SELECT data FROM kernel.journal ORDER BY id"))
        return [row.data["figure"] for row in rows]


def setting(reading: Reading, name: str) -> Any:
    return reading.session.connection().execute(text("SELECT current_setting(:name)"), {"name": name}).scalar_one()


def fail_in(workshop: Workshop) -> None:
    with workshop.work() as work:
        work.append(ThingMoved("a", 1))
        raise RuntimeError("after its event")


def test_work_that_fails_leaves_nothing_and_wakes_nobody(market: Marketplace) -> None:
    woken: list[str] = []
    workshop = replace(market.workshop, woken=lambda: woken.append("up"))
    with pytest.raises(RuntimeError, match="after its event"):
        fail_in(workshop)
    assert figures(market) == []
    assert woken == []


def test_subscribers_are_woken_after_a_commit_that_appended_and_by_no_other(market: Marketplace) -> None:
    seen_when_woken: list[list[int]] = []
    workshop = replace(market.workshop, woken=lambda: seen_when_woken.append(figures(market)))
    with workshop.work():
        pass
    with workshop.work() as work:
        work.append(ThingMoved("a", 1))
    assert seen_when_woken == [[1]]


def test_an_immediate_reaction_is_part_of_the_transaction_and_its_events_get_theirs(market: Marketplace) -> None:
    transactions: list[int] = []

    def count_down(work: Work, event: Recorded) -> None:
        transactions.append(work.session.connection().execute(text("SELECT txid_current()")).scalar_one())
        if event.data["figure"]:
            work.append(ThingMoved("a", event.data["figure"] - 1))

    with with_reactions(market, count_down).work() as work:
        work.append(ThingMoved("a", 3))
        assert transactions == []
    assert figures(market) == [3, 2, 1, 0]
    assert len(transactions) == 4
    assert len(set(transactions)) == 1


def test_an_immediate_reaction_that_fails_undoes_the_command(market: Marketplace) -> None:
    def append_more(work: Work, event: Recorded) -> None:
        if event.data["figure"] == 1:
            work.append(ThingMoved("a", 2))

    def fail_at_second(_: Work, event: Recorded) -> None:
        if event.data["figure"] == 2:
            raise LookupError("no such shelf")

    workshop = with_reactions(market, append_more, fail_at_second)
    with pytest.raises(LookupError), workshop.work() as work:
        work.append(ThingMoved("a", 1))
    assert figures(market) == []


def test_reactions_in_a_circle_end_in_an_error(market: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_work, "_MOST_REACTIONS", 20)

    def again(work: Work, _: Recorded) -> None:
        work.append(ThingMoved("a", 1))

    with pytest.raises(RuntimeError, match="circle"), with_reactions(market, again).work() as work:
        work.append(ThingMoved("a", 1))
    assert figures(market) == []


@pytest.mark.parametrize(
    ("principal", "role"),
    [
        (PROVIDER, "marketplace_carrier"),
        (BUYER, "marketplace_app"),
        (SYSTEM, "marketplace_app"),
        (NOBODY, "marketplace_app"),
    ],
)
def test_providers_are_served_by_the_carriers_role_and_only_they(
    market: Marketplace, principal: Principal, role: str
) -> None:
    for opened in (market.workshop.work, market.workshop.reading):
        with opened(principal) as reading:
            current = reading.session.connection().execute(text("SELECT current_user")).scalar_one()
            assert current == role
            assert setting(reading, "marketplace.organization") == principal.organization_id
            assert setting(reading, "marketplace.user") == principal.user_id
            assert setting(reading, "statement_timeout") == "30s"
            assert setting(reading, "lock_timeout") == "10s"


def test_the_desk_is_asked_for_and_serves_whom_it_is_told(market: Marketplace) -> None:
    for opened in (market.workshop.work, market.workshop.reading):
        with opened(PROVIDER, DatabaseRole.DESK) as reading:
            current = reading.session.connection().execute(text("SELECT current_user")).scalar_one()
            assert current == "marketplace_desk"
            assert setting(reading, "marketplace.organization") == PROVIDER.organization_id
    with market.workshop.work(PROVIDER, DatabaseRole.DESK) as work:
        work.append(ThingMoved("a", 1))
        set_alarm(work, "probe", "a", work.now)
        set_alarm(work, "probe", "a", work.now)
    assert figures(market) == [1]


@pytest.mark.parametrize(
    ("principal", "role"), [(PROVIDER, None), (PROVIDER, DatabaseRole.DESK), (SYSTEM, DatabaseRole.DESK)]
)
def test_no_immediate_reaction_runs_with_the_rights_of_carriers_or_the_desk(
    market: Marketplace, principal: Principal, role: DatabaseRole | None
) -> None:
    workshop = with_reactions(market, lambda _work, _event: None)
    with pytest.raises(RuntimeError, match="let it follow the journal"), workshop.work(principal, role) as work:
        work.append(ThingMoved("a", 1))
    assert figures(market) == []


def test_the_organization_of_one_transaction_is_gone_in_the_next_on_the_same_connection(market: Marketplace) -> None:
    market.database.carrier.dispose()  # tests before this one may have left several, of which each gets its turn
    with market.workshop.reading(PROVIDER) as reading:
        first = reading.session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one()
    with market.database.carrier.connect() as connection:
        pid, *who = connection.execute(
            text(
                "SELECT pg_backend_pid(), current_setting('marketplace.organization', true),"
                " current_setting('marketplace.user', true)"
            )
        ).one()
    assert pid == first
    assert who == ["", ""]


def test_a_glance_opens_no_transaction_and_knows_nobody(market: Marketplace) -> None:
    """Every call begins with one: whoever calls must not hold a connection in a transaction for it."""
    with market.workshop.glance() as reading:
        connection = reading.session.connection()
        who = connection.execute(text("SELECT current_setting('marketplace.organization', true)")).scalar_one()
        state = connection.connection.dbapi_connection.info.transaction_status  # type: ignore[union-attr]
    assert not who
    assert reading.principal == NOBODY
    assert state is TransactionStatus.IDLE


def test_a_provider_can_append_and_can_not_read_the_journal(market: Marketplace) -> None:
    with market.workshop.work(PROVIDER) as work:
        recorded = work.append(ThingMoved("a", 1))
    assert (recorded.seq, recorded.organization_id) == (1, PROVIDER.organization_id)
    assert figures(market) == [1]
    with pytest.raises(DBAPIError, match="permission denied"), market.workshop.reading(PROVIDER) as reading:
        reading.session.connection().execute(text("SELECT data FROM kernel.journal"))


def test_a_statement_that_takes_for_ever_is_ended(market: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_work, "STATEMENT_TIMEOUT_MS", 50)
    with pytest.raises(OperationalError, match="statement timeout"), market.workshop.work() as work:
        work.session.connection().execute(text("SELECT pg_sleep(20)"))


def test_waiting_for_a_lock_ends(market: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_work, "LOCK_TIMEOUT_MS", 50)
    with market.workshop.work() as holder:
        holder.append(ThingMoved("a", 1))
        with pytest.raises(OperationalError, match="lock timeout"), market.workshop.work() as waiting:
            waiting.append(ThingMoved("a", 2))
    assert figures(market) == [1]


def test_a_reading_sees_one_snapshot_and_writes_nothing(market: Marketplace) -> None:
    with market.workshop.reading() as reading:
        count = text("SELECT count(*) FROM kernel.journal")
        assert reading.session.connection().execute(count).scalar_one() == 0
        with market.workshop.work() as work:
            work.append(ThingMoved("a", 1))
        assert reading.session.connection().execute(count).scalar_one() == 0
    with pytest.raises(DBAPIError, match="read-only transaction"), market.workshop.reading() as reading:
        reading.session.connection().execute(
            text("INSERT INTO kernel.alarms (kind, key, due_at) VALUES ('a', 'a', now())")
        )
