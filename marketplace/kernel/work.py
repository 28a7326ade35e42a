"""The unit of work: one transaction a command, its events, and the reactions that belong into the same transaction."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, TypeVar, cast

from sqlalchemy import text
from sqlmodel import Session

from marketplace.kernel import journal
from marketplace.kernel.access import NOBODY, SYSTEM, Kind, Principal
from marketplace.kernel.clock import Clock, database_clock
from marketplace.kernel.db import Database, DatabaseRole
from marketplace.kernel.journal import Recorded, Telling
from marketplace.kernel.memory import Memory
from marketplace.kernel.vault import Vault

T = TypeVar("T")

_MOST_REACTIONS = 100_000
"""More events than this in one transaction are a circle of reactions, not a market."""

STATEMENT_TIMEOUT_MS = 30_000
LOCK_TIMEOUT_MS = 10_000


class Reading:
    """A read-only transaction: a function that takes a ``Reading`` can't change the world.

    ``memory`` is what this process keeps beside the database. ``told`` are the streams that this very transaction has
    appended to: what it sees there is not committed.
    """

    def __init__(
        self,
        session: Session,
        principal: Principal,
        clock: Clock,
        vault: Vault,
        *,
        now: datetime,
        memory: Memory | None = None,
    ) -> None:
        self.session = session
        self.principal = principal
        self.vault = vault
        self.memory = memory or Memory()
        self.told: set[str] = set()
        self._asked: dict[Any, Any] = {}
        self._clock = clock
        self.now = now

    def once(self, key: tuple[str, ...], ask: Callable[[], T]) -> T:
        """Return what ``ask`` returns, asked once for each ``key``: one snapshot never gives two answers."""
        if key not in self._asked:
            self._asked[key] = ask()
        return cast("T", self._asked[key])

    def tick(self) -> datetime:
        """Read the clock again (after waiting for a lock) and return it."""
        self.now = self._clock(self.session).astimezone(UTC)
        return self.now


class Work(Reading):
    """A transaction that may write. Created and committed by ``Workshop.work`` alone."""

    def __init__(
        self,
        session: Session,
        principal: Principal,
        clock: Clock,
        vault: Vault,
        reactions: "Reactions",
        *,
        now: datetime,
        role: DatabaseRole,
        memory: Memory | None = None,
    ) -> None:
        super().__init__(session, principal, clock, vault, now=now, memory=memory)
        self._for_carriers = role is not DatabaseRole.APP or role_of(principal) is not DatabaseRole.APP
        self._reactions = reactions
        self._unsettled: deque[Recorded] = deque()
        self.appended = 0

    def once(self, key: tuple[str, ...], ask: Callable[[], T]) -> T:  # noqa: ARG002 - as of a reading
        """Return what ``ask`` returns now: what a transaction sees changes with what it and others write."""
        return ask()

    def hold(self, stream: str) -> None:
        """Let nobody else append to ``stream`` until this work is done (``journal.hold``)."""
        journal.hold(self.session, stream)

    def append(self, event: Telling) -> Recorded:
        """Append ``event`` to the journal as done by this work's principal, now."""
        recorded = journal.append(self.session, event, self.principal, self.now)
        self._note((recorded,))
        return recorded

    def append_all(self, events: Sequence[Telling]) -> list[Recorded]:
        """Append many events in their order, in two statements altogether."""
        recorded = journal.append_all(self.session, events, self.principal, self.now)
        self._note(recorded)
        return recorded

    def _note(self, recorded: Sequence[Recorded]) -> None:
        self._unsettled.extend(recorded)
        self.told.update(one.stream for one in recorded)
        self.appended += len(recorded)

    def settle(self) -> None:
        """Run the reactions that belong into this transaction until no event is left without them."""
        settled = 0
        while self._unsettled:
            run = self._next_run()
            settled += len(run)
            if settled > _MOST_REACTIONS:
                raise RuntimeError("reactions go in a circle")
            for reaction in self._reactions.immediate(run[0].name):
                if self._for_carriers:
                    raise RuntimeError(f"{reaction.name} would run with a carrier's rights: let it follow the journal")
                reaction.run(self, run)

    def _next_run(self) -> list[Recorded]:
        """Take the next event, and those of its name behind it where a reaction handles them together."""
        run = [self._unsettled.popleft()]
        if any(reaction.together for reaction in self._reactions.immediate(run[0].name)):
            while self._unsettled and self._unsettled[0].name == run[0].name:
                run.append(self._unsettled.popleft())
        return run


Handle = Callable[[Work, Recorded], None]
HandleTogether = Callable[[Work, Sequence[Recorded]], None]


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a room does when an event arrives.

    ``immediate``: in the event's own transaction. Otherwise in a transaction of its own, in journal order, with a
    cursor named ``name``: exactly once inside the database. ``together``: does what ``handle`` does for several events
    of one name that follow one another, where that is cheaper than one by one. ``finish``: what is left to do once for
    all events of a transaction, after the last of them.
    """

    name: str
    events: frozenset[str]
    handle: Handle
    immediate: bool = False
    together: HandleTogether | None = None
    finish: HandleTogether | None = None

    def run(self, work: Work, events: Sequence[Recorded]) -> None:
        """Handle ``events`` in their order."""
        for _name, same in groupby(events, lambda recorded: recorded.name):
            run = list(same)
            if self.together is not None and len(run) > 1:
                self.together(work, run)
            else:
                for recorded in run:
                    self.handle(work, recorded)
        if self.finish is not None and events:
            self.finish(work, events)


@dataclass(frozen=True, slots=True)
class Reactions:
    """All reactions of an application, as wired by it."""

    all: tuple[Reaction, ...] = ()

    def immediate(self, event: str) -> list[Reaction]:
        """Return the reactions to ``event`` that belong into its transaction, in wired order."""
        return [reaction for reaction in self.all if reaction.immediate and event in reaction.events]

    def followers(self) -> list[Reaction]:
        """Return the reactions that follow the journal with a cursor."""
        return [reaction for reaction in self.all if not reaction.immediate]


@dataclass(frozen=True, slots=True)
class Workshop:
    """Opens readings and works. ``woken`` is called after each commit that appended events."""

    database: Database
    vault: Vault
    reactions: Reactions = Reactions()
    clock: Clock = database_clock
    woken: Callable[[], None] = lambda: None
    memory: Memory = field(default_factory=Memory)

    @contextmanager
    def work(self, principal: Principal = SYSTEM, role: DatabaseRole | None = None) -> Iterator[Work]:
        """Open a transaction; commit when the block ends, roll back when it raises."""
        role = role or role_of(principal)
        with Session(self.database.engine(role), expire_on_commit=False) as session:
            now = self.clock.at(begin(session, principal))
            kept = self.clock, self.vault, self.reactions
            work = Work(session, principal, *kept, now=now, role=role, memory=self.memory)
            yield work
            work.settle()
            session.commit()
        if work.appended:
            self.woken()

    @contextmanager
    def reading(self, principal: Principal = SYSTEM, role: DatabaseRole | None = None) -> Iterator[Reading]:
        """Open a read-only transaction of one snapshot."""
        with Session(self.database.engine(role or role_of(principal)), expire_on_commit=False) as session:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
            now = self.clock.at(begin(session, principal))
            yield Reading(session, principal, self.clock, self.vault, now=now, memory=self.memory)

    @contextmanager
    def glance(self) -> Iterator[Reading]:
        """Look something up by statements that each stand for themselves: what a call asks before it begins.

        A transaction would cost more messages than the look-up. Row security knows nobody here.
        """
        with Session(self.database.engine(DatabaseRole.APP), expire_on_commit=False) as session:
            connection = session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            now = self.clock.at(connection.execute(text("SELECT clock_timestamp()")).scalar_one())
            yield Reading(session, NOBODY, self.clock, self.vault, now=now, memory=self.memory)


def role_of(principal: Principal) -> DatabaseRole:
    """Return the database role that serves ``principal``: a provider never gets the one that can read buyers."""
    return DatabaseRole.CARRIER if principal.kind is Kind.PROVIDER else DatabaseRole.APP


def begin(session: Session, principal: Principal = NOBODY) -> datetime:
    """Tell the transaction its limits, and for whom row security holds; return the database's time."""
    row = session.connection().execute(
        text(
            "SELECT clock_timestamp(), set_config('marketplace.organization', :organization, true),"
            " set_config('marketplace.user', :user, true),"
            " set_config('statement_timeout', :statement, true), set_config('lock_timeout', :lock, true)"
        ),
        {
            "organization": principal.organization_id,
            "user": principal.user_id,
            "statement": str(STATEMENT_TIMEOUT_MS),
            "lock": str(LOCK_TIMEOUT_MS),
        },
    )
    now: datetime = row.one()[0]
    return now
