"""One contest: the marketplace over HTTP and ``pgbench`` take turns on the same PostgreSQL with the same load."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from statistics import median

from sqlalchemy.engine import URL

from benchmarks import cpu, load, pgbench
from benchmarks.load import Caller, Outcome, Plan
from benchmarks.pgbench import Opponent
from benchmarks.scratch import Bidder
from benchmarks.server import Server

_PATIENCE = 10.0  # seconds for what a round leaves behind
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Scenario:
    """How many lots are bid on, over how many connections."""

    lots: int
    connections: int

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"{self.lots:,} auction{'s' if self.lots > 1 else ''}, {self.connections} connections"


@dataclass(slots=True)
class Rounds:
    """What the rounds of one scenario led to; CPU is in microseconds per accepted bid, of all that worked for it.

    ``server_cpu`` is the part of the process that answers, without the worker that it started beside itself.
    """

    own: list[Outcome] = field(default_factory=list)
    others: list[Opponent] = field(default_factory=list)
    own_cpu: list[float] = field(default_factory=list)
    other_cpu: list[float] = field(default_factory=list)
    server_cpu: list[float] = field(default_factory=list)

    @property
    def valid(self) -> bool:
        """Whether every round measured the acceptance of bids."""
        return all(outcome.valid for outcome in self.own)

    @property
    def own_throughput(self) -> float:
        """The median of the marketplace's accepted bids a second."""
        return median(outcome.throughput for outcome in self.own)

    @property
    def other_throughput(self) -> float:
        """The median of pgbench's."""
        return median(opponent.throughput for opponent in self.others)

    @property
    def own_p99(self) -> float:
        """The median of the marketplace's 99th percentiles in milliseconds."""
        return median(outcome.p99 for outcome in self.own)

    @property
    def other_p99(self) -> float:
        """The median of pgbench's."""
        return median(opponent.p99 or 0.0 for opponent in self.others)


@dataclass
class Contest:
    """The two sides. ``postgres`` is the process of the server that both use."""

    server: Server
    database: URL
    postgres: int
    bidders: tuple[Bidder, ...]
    round: int = 0

    def play(self, scenario: Scenario, rounds: int, seconds: float, rate: float | None = None) -> Rounds:
        """Let both sides take turns, each first in every other round. Raises OSError, CalledProcessError."""
        played = Rounds()
        for number in range(rounds):
            self.round += 1
            turns: list[Callable[[Rounds, Scenario, float, float | None], None]] = [self._others_turn, self._own_turn]
            for turn in turns if number % 2 == 0 else reversed(turns):
                turn(played, scenario, seconds, rate)
        return played

    def bid(self, scenario: Scenario, seconds: float, rate: float | None = None) -> Outcome:
        """Let the marketplace alone take bids, from a process of the load's own."""
        self.round += 1
        return self._load(scenario, seconds, rate)

    def settle(self) -> None:
        """Wait until nothing is left of what was done before."""
        cpu.wait_until_quiet((self.server.pid, self.postgres), _PATIENCE)

    def _own_turn(self, played: Rounds, scenario: Scenario, seconds: float, rate: float | None) -> None:
        before, alone = self._used(), cpu.used_alone(self.server.pid)
        outcome = self._load(scenario, seconds, rate)
        self.settle()  # what follows from the bids is part of their price
        everything, server = self._used() - before, cpu.used_alone(self.server.pid) - alone
        played.own.append(outcome)
        played.own_cpu.append(everything / max(1, outcome.accepted) * _MICROSECONDS)
        played.server_cpu.append(server / max(1, outcome.accepted) * _MICROSECONDS)

    def _used(self) -> float:
        """Return the CPU seconds of all on the marketplace's side: server, worker, PostgreSQL, sender of the load."""
        return cpu.used(self.server.pid) + cpu.used(self.postgres) + cpu.used_by_waited_for()

    def _others_turn(self, played: Rounds, scenario: Scenario, seconds: float, rate: float | None) -> None:
        before = cpu.used(self.postgres) + cpu.used_by_waited_for()
        opponent = pgbench.run(
            self.database,
            lots=scenario.lots,
            bidders=len(self.bidders),
            connections=scenario.connections,
            seconds=seconds,
            round_=self.round,
            rate=rate,
        )
        self.settle()
        took = cpu.used(self.postgres) + cpu.used_by_waited_for() - before
        played.others.append(opponent)
        played.other_cpu.append(took / max(1.0, opponent.throughput * seconds) * _MICROSECONDS)

    def _load(self, scenario: Scenario, seconds: float, rate: float | None) -> Outcome:
        callers = tuple(
            tuple(
                Caller(bidder.token, bidder.terms_id, bidder.invitations[scenario.lots])
                for bidder in self.bidders[number :: scenario.connections]
            )
            for number in range(scenario.connections)
        )
        plan = Plan(self.server.host, self.server.port, seconds, rate, scenario.lots, self.round, callers)
        result = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", load.__name__],
            input=json.dumps(asdict(plan)),
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise OSError(f"The load could not be sent: {result.stderr[-600:]}")
        return Outcome(**json.loads(result.stdout))
