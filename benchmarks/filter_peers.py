"""What the matching index is measured against: the plain predicate, a numpy scan, DuckDB and PostgreSQL.

Each peer holds the same filters, answers a request with the ids of those that accept it, and tells the CPU seconds of
the answer. A peer whose library is not installed is left out, and the report says so.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import psycopg
from numpy.typing import NDArray

from benchmarks.filter_market import CURRENCIES, FEATURES, INDUSTRIES, LEAVES, REGIONS, SIZES, Market
from matching.model import LineFacts, RequestFacts
from matching.predicate import accepts
from sellers.model import CoverageKind, DateRange, Range

Numbers = NDArray[np.int64]
Ids = set[int]

_SCALE = 10_000
"""Amounts and speeds have four decimals at most."""
_MOST = 2**62
_HIDDEN = 63
"""The bit of a band that the request keeps to itself."""
_ALL_BITS = -1


class Peer(Protocol):
    """Holds filters and finds those that accept a request."""

    name: str

    def search(self, facts: RequestFacts) -> tuple[Ids, float]:
        """Return the numbers of the accepting filters, and the CPU seconds that it took."""


def _bits(values: Sequence[str], known: Sequence[str]) -> int:
    return _signed(sum(1 << known.index(value) for value in values))


def _signed(bits: int) -> int:
    return bits - (1 << 64) if bits >> 63 else bits


def _leaves(nodes: Sequence[str]) -> int:
    """Return the leaves that are covered by nodes of the tree, as bits."""
    below = tuple(f"{node}." for node in nodes)
    return sum(1 << number for number, leaf in enumerate(LEAVES) if leaf in nodes or leaf.startswith(below))


def _ends(span: Range | DateRange | None) -> tuple[int, int]:
    """Return both ends of a range as whole numbers; open ones are further out than any value."""
    if isinstance(span, DateRange):
        low = -_MOST if span.low is None else span.low.toordinal()
        return low, _MOST if span.high is None else span.high.toordinal()
    if span is None:
        return -_MOST, _MOST
    low = -_MOST if span.low is None else int(span.low * _SCALE)
    return low, _MOST if span.high is None else int(span.high * _SCALE)


COLUMNS = (
    *("services", "required", "excluded"),
    *("bandwidth_low", "bandwidth_high", "sites_low", "sites_high", "spend_low", "spend_high"),
    *("term_low", "term_high", "start_low", "start_high"),
    *("industries", "sizes", "regions", "currencies", "consolidated"),
    *("kind", "needed", "percent", "include", "exclude"),
)
_KINDS = tuple(CoverageKind)


def _rows(market: Market) -> Iterator[tuple[int, ...]]:
    for one in market.filters:
        criteria, coverage = one.criteria, one.criteria.coverage
        spans = (
            criteria.bandwidth_mbps,
            criteria.sites,
            criteria.monthly_spend,
            criteria.term_months,
            criteria.start_date,
        )
        bands = (
            (criteria.industries, INDUSTRIES),
            (criteria.sizes, SIZES),
            (criteria.regions, REGIONS),
            (criteria.currencies, CURRENCIES),
        )
        yield (
            _leaves(criteria.service_types) if criteria.service_types else _ALL_BITS,
            _bits(criteria.required_features, FEATURES),
            _bits(criteria.excluded_features, FEATURES),
            *(end for span in spans for end in _ends(span)),
            *(_bits(values, known) if values else _ALL_BITS for values, known in bands),
            int(criteria.consolidated_invoice is not False),
            _KINDS.index(coverage.kind),
            coverage.sites or 0,
            int((coverage.percent or 0) * 1_000_000),
            one.include,
            one.exclude,
        )


@dataclass(frozen=True)
class Table:
    """The filters of a market in columns of 64-bit numbers, and the pairs of key and territory, sorted by key."""

    columns: Mapping[str, Numbers]
    keys: Numbers
    territories: Numbers

    @classmethod
    def of(cls, market: Market) -> "Table":
        """Return the table of a market."""
        flat = np.fromiter(
            (value for row in _rows(market) for value in row), dtype=np.int64, count=len(market.filters) * len(COLUMNS)
        ).reshape(-1, len(COLUMNS))
        keys = np.concatenate([*market.territories, np.empty(0, np.uint64)]).view(np.int64)
        numbers = np.repeat(np.arange(len(market.territories)), [len(found) for found in market.territories])
        order = np.argsort(keys, kind="stable")
        columns = {name: np.ascontiguousarray(flat[:, at]) for at, name in enumerate(COLUMNS)}
        return cls(columns, keys[order], numbers[order])


@dataclass(frozen=True)
class Asked:
    """A request in numbers: sites with the same lines share a profile."""

    facts: RequestFacts

    @cached_property
    def profiles(self) -> dict[tuple[LineFacts, ...], int]:
        """The kinds of sites, numbered."""
        return {lines: number for number, lines in enumerate(dict.fromkeys(site.lines for site in self.facts.sites))}

    @cached_property
    def profile_of_site(self) -> Numbers:
        """The profile of each site."""
        return np.array([self.profiles[site.lines] for site in self.facts.sites], dtype=np.int64)

    @cached_property
    def pairs(self) -> tuple[Numbers, Numbers]:
        """The pairs of key and site."""
        found = [(key, number) for number, site in enumerate(self.facts.sites) for key in sorted(site.keys)]
        keys = np.array([key for key, _ in found], dtype=np.uint64).view(np.int64)
        return keys, np.array([number for _, number in found], dtype=np.int64)

    @cached_property
    def lines(self) -> list[tuple[int, int, int, int]]:
        """Profile, leaf as a bit, bandwidth (-1: not named), features as bits, of each line of each profile."""
        return [
            (
                number,
                1 << LEAVES.index(line.service_type),
                -1 if line.bandwidth_mbps is None else int(line.bandwidth_mbps * _SCALE),
                _bits(tuple(line.features), FEATURES),
            )
            for lines, number in self.profiles.items()
            for line in lines
        ]

    @cached_property
    def whole(self) -> dict[str, int]:
        """What is asked of the request as a whole; -1 where it does not say."""
        facts = self.facts
        return {
            "sites": len(facts.sites) * _SCALE,
            "spend": -1 if facts.monthly_spend is None else int(facts.monthly_spend * _SCALE),
            "term": facts.term_months * _SCALE,
            "start": -1 if facts.start_date is None else facts.start_date.toordinal(),
            "industries": _signed(1 << INDUSTRIES.index(facts.industry)) if facts.industry else _signed(1 << _HIDDEN),
            "sizes": _signed(1 << SIZES.index(facts.size)) if facts.size else _signed(1 << _HIDDEN),
            "regions": _signed(1 << REGIONS.index(facts.region)) if facts.region else _signed(1 << _HIDDEN),
            "currencies": 1 << CURRENCIES.index(facts.currency),
            "consolidated": int(facts.consolidated_invoice),
        }


class PlainPredicate:
    """The predicate, filter by filter."""

    name = "plain predicate"

    def __init__(self, market: Market) -> None:
        self._market = market

    def search(self, facts: RequestFacts) -> tuple[Ids, float]:
        """Return the accepting filters and the CPU seconds."""
        began = time.process_time()
        found = {
            number
            for number, one in enumerate(self._market.filters)
            if accepts(one.criteria, facts, self._market.places(one))
        }
        return found, time.process_time() - began


class NumpyScan:
    """All filters in columns, compared column by column; territories by their keys in one sorted array."""

    name = "numpy scan"

    def __init__(self, table: Table) -> None:
        self._table = table

    def search(self, facts: RequestFacts) -> tuple[Ids, float]:
        """Return the accepting filters and the CPU seconds."""
        began = time.process_time()
        asked = Asked(facts)
        rows = self._as_a_whole(asked.whole)
        found = rows[self._passing(rows, asked) >= self._needed(rows, len(facts.sites))]
        took = time.process_time() - began
        return set(found.tolist()), took

    def _as_a_whole(self, whole: Mapping[str, int]) -> Numbers:
        columns = self._table.columns
        kept = (columns["sites_low"] <= whole["sites"]) & (whole["sites"] <= columns["sites_high"])
        kept &= (columns["term_low"] <= whole["term"]) & (whole["term"] <= columns["term_high"])
        for name in ("spend", "start"):
            if whole[name] >= 0:
                kept &= (columns[f"{name}_low"] <= whole[name]) & (whole[name] <= columns[f"{name}_high"])
        for name in ("industries", "sizes", "regions", "currencies"):
            kept &= (columns[name] & whole[name]) != 0
        if whole["consolidated"]:
            kept &= columns["consolidated"] == 1
        return np.flatnonzero(kept)

    def _passing(self, rows: Numbers, asked: Asked) -> Numbers:
        """Return how many sites pass, by row."""
        touched, inside = self._coverage(asked)
        include = self._places(self._table.columns["include"][rows], touched, everywhere=1)
        exclude = self._places(self._table.columns["exclude"][rows], touched, everywhere=0)
        leaving_out = np.flatnonzero(exclude > 0)
        passing = np.zeros(len(rows), dtype=np.int64)
        for number in range(len(asked.profiles)):
            accepting = self._accepting(rows, asked, number)
            here = asked.profile_of_site == number
            sites = inside[:, here]
            counts = np.where(accepting, sites.sum(axis=1)[include], 0)
            some = leaving_out[accepting[leaving_out]]
            counts[some] = (sites[include[some]] & ~sites[exclude[some]]).sum(axis=1)
            passing += counts
        return passing

    def _accepting(self, rows: Numbers, asked: Asked, profile: int) -> NDArray[np.bool_]:
        columns = self._table.columns
        found = np.zeros(len(rows), dtype=np.bool_)
        for number, leaf, bandwidth, features in asked.lines:
            if number == profile:
                one = (columns["services"][rows] & leaf) != 0
                required = columns["required"][rows]
                one &= ((required & features) == required) & ((columns["excluded"][rows] & features) == 0)
                if bandwidth >= 0:
                    one &= columns["bandwidth_low"][rows] <= bandwidth
                    one &= bandwidth <= columns["bandwidth_high"][rows]
                found |= one
        return found

    def _coverage(self, asked: Asked) -> tuple[Numbers, NDArray[np.bool_]]:
        """Return the touched territories, and by territory which sites lie inside; before them nowhere, everywhere."""
        keys, sites = asked.pairs
        first = np.searchsorted(self._table.keys, keys, "left")
        counts = np.searchsorted(self._table.keys, keys, "right") - first
        places = np.repeat(first - np.concatenate(([0], np.cumsum(counts)[:-1])), counts) + np.arange(counts.sum())
        found = self._table.territories[places]
        touched, numbers = np.unique(found, return_inverse=True)
        inside = np.zeros((len(touched) + 2, len(asked.facts.sites)), dtype=np.bool_)
        inside[1] = True
        inside[numbers + 2, np.repeat(sites, counts)] = True
        return touched, inside

    def _places(self, territories: Numbers, touched: Numbers, *, everywhere: int) -> Numbers:
        """Return where in ``inside`` each territory stands: 0 nowhere, ``everywhere`` for none."""
        at = np.searchsorted(touched, territories)
        known = np.zeros(len(territories), dtype=np.bool_)
        known[at < len(touched)] = touched[at[at < len(touched)]] == territories[at < len(touched)]
        return np.where(territories < 0, everywhere, np.where(known, at + 2, 0))

    def _needed(self, rows: Numbers, sites: int) -> Numbers:
        columns = self._table.columns
        kind = columns["kind"][rows]
        share = -(-(columns["percent"][rows] * sites) // 100_000_000)
        at_least = np.maximum(1, columns["needed"][rows])
        needed = np.ones(len(rows), dtype=np.int64)
        needed = np.where(kind == _KINDS.index(CoverageKind.ALL), sites, needed)
        needed = np.where(kind == _KINDS.index(CoverageKind.AT_LEAST), at_least, needed)
        return np.where(kind == _KINDS.index(CoverageKind.SHARE), np.maximum(1, share), needed)


_DUCK = """
WITH hit AS (
  SELECT DISTINCT t.territory, k.site FROM asked_keys k JOIN territory_keys t USING (key)
  UNION ALL SELECT -1, site FROM asked_sites
), kept AS (
  SELECT * FROM filters f
  WHERE f.sites_low <= $sites AND $sites <= f.sites_high AND f.term_low <= $term AND $term <= f.term_high
    AND ($spend < 0 OR (f.spend_low <= $spend AND $spend <= f.spend_high))
    AND ($start < 0 OR (f.start_low <= $start AND $start <= f.start_high))
    AND (f.industries & $industries) <> 0 AND (f.sizes & $sizes) <> 0
    AND (f.regions & $regions) <> 0 AND (f.currencies & $currencies) <> 0
    AND ($consolidated = 0 OR f.consolidated = 1)
    AND f.include IN (SELECT territory FROM hit)
), accepting AS (
  SELECT DISTINCT f.id, f.include, f.exclude, l.profile FROM kept f, asked_lines l
  WHERE (f.services & l.leaf) <> 0 AND (f.required & l.features) = f.required AND (f.excluded & l.features) = 0
    AND (l.bandwidth < 0 OR (f.bandwidth_low <= l.bandwidth AND l.bandwidth <= f.bandwidth_high))
), counted AS (
  SELECT h.territory, s.profile, count(*) AS sites FROM hit h JOIN asked_sites s USING (site) GROUP BY ALL
), passing AS (
  SELECT a.id, c.sites FROM accepting a JOIN counted c ON c.territory = a.include AND c.profile = a.profile
  WHERE a.exclude < 0
  UNION ALL
  SELECT a.id, count(*) FROM accepting a
  JOIN asked_sites s ON s.profile = a.profile JOIN hit h ON h.territory = a.include AND h.site = s.site
  WHERE a.exclude >= 0 AND NOT EXISTS (SELECT 1 FROM hit x WHERE x.territory = a.exclude AND x.site = s.site)
  GROUP BY a.id, a.profile
)
SELECT f.id FROM filters f JOIN (SELECT id, sum(sites) AS sites FROM passing GROUP BY id) p USING (id)
WHERE p.sites >= greatest(1, CASE f.kind
  WHEN {all} THEN $count WHEN {at_least} THEN f.needed
  WHEN {share} THEN (f.percent * $count + 99999999) // 100000000 ELSE 1 END)
"""


class DuckDb:
    """DuckDB in memory on one thread, one statement a request."""

    name = "DuckDB"

    def __init__(self, table: Table) -> None:
        import duckdb  # noqa: PLC0415 - a peer of the benchmark alone, which may not be installed

        self._duck = duckdb.connect(config={"threads": 1})
        self._duck.execute("SET enable_progress_bar = false")
        columns = {"id": np.arange(len(table.columns["kind"])), **table.columns}
        self._register("filters", columns)
        self._register("territory_keys", {"key": table.keys, "territory": table.territories})
        self._duck.execute("CREATE INDEX by_key ON territory_keys (key)")
        kinds = {kind.name.lower(): number for number, kind in enumerate(_KINDS)}
        self._statement = _DUCK.format(**kinds)

    def _register(self, name: str, columns: Mapping[str, Numbers]) -> None:
        self._duck.register("given", dict(columns))
        self._duck.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM given")  # noqa: S608 - names of ours
        self._duck.unregister("given")

    def search(self, facts: RequestFacts) -> tuple[Ids, float]:
        """Return the accepting filters and the CPU seconds; handing the request over is not counted."""
        asked = Asked(facts)
        keys, sites = asked.pairs
        lines = np.array(asked.lines, dtype=np.int64).reshape(-1, 4)
        self._register("asked_keys", {"key": keys, "site": sites})
        self._register("asked_sites", {"site": np.arange(len(facts.sites)), "profile": asked.profile_of_site})
        names = ("profile", "leaf", "bandwidth", "features")
        self._register("asked_lines", {name: np.ascontiguousarray(lines[:, at]) for at, name in enumerate(names)})
        given = {**asked.whole, "count": len(facts.sites)}
        began = time.process_time()
        rows = self._duck.execute(self._statement, given).fetchnumpy()["id"]
        took = time.process_time() - began
        return set(rows.tolist()), took


_POSTGRES_TABLES = """
CREATE TABLE filters (
  id int PRIMARY KEY, services int[] NOT NULL, required int[] NOT NULL, excluded int[] NOT NULL,
  bandwidth int8range NOT NULL, sites int8range NOT NULL, spend int8range NOT NULL, term int8range NOT NULL,
  start int8range NOT NULL, industries bigint NOT NULL, sizes bigint NOT NULL, regions bigint NOT NULL,
  currencies bigint NOT NULL, consolidated boolean NOT NULL, kind int NOT NULL, needed int NOT NULL,
  percent bigint NOT NULL, include int NOT NULL, exclude int NOT NULL
);
CREATE TABLE territory_keys (key bigint NOT NULL, territory int NOT NULL);
"""
_POSTGRES_INDEXES = """
CREATE INDEX ON filters USING gin (services);
CREATE INDEX ON filters USING gist (sites, spend, term);
CREATE INDEX ON filters (include);
CREATE INDEX ON territory_keys (key) INCLUDE (territory);
VACUUM ANALYZE;
"""
_POSTGRES = """
WITH asked_keys AS MATERIALIZED (SELECT * FROM unnest(%(keys)s::bigint[], %(key_sites)s::int[]) AS k(key, site)),
asked_sites AS MATERIALIZED (
  SELECT (number - 1)::int AS site, profile FROM unnest(%(profiles)s::int[]) WITH ORDINALITY AS s(profile, number)
), asked_lines AS MATERIALIZED (
  SELECT * FROM jsonb_to_recordset(%(lines)s) AS l(profile int, leaf int, bandwidth bigint, features int[])
), hit AS MATERIALIZED (
  SELECT DISTINCT t.territory, k.site FROM asked_keys k JOIN territory_keys t USING (key)
  UNION ALL SELECT -1, site FROM asked_sites
), accepting AS MATERIALIZED (
  SELECT DISTINCT f.id, f.include, f.exclude, l.profile FROM filters f, asked_lines l
  WHERE f.services && %(leaves)s::int[] AND f.services @> ARRAY[l.leaf] AND f.required <@ l.features
    AND NOT f.excluded && l.features AND (l.bandwidth < 0 OR f.bandwidth @> l.bandwidth)
    AND f.sites @> %(sites)s::bigint AND f.term @> %(term)s::bigint
    AND (%(spend)s < 0 OR f.spend @> %(spend)s::bigint) AND (%(start)s < 0 OR f.start @> %(start)s::bigint)
    AND f.industries & %(industries)s <> 0 AND f.sizes & %(sizes)s <> 0 AND f.regions & %(regions)s <> 0
    AND f.currencies & %(currencies)s <> 0 AND (%(consolidated)s = 0 OR f.consolidated)
    AND f.include IN (SELECT territory FROM hit)
), counted AS MATERIALIZED (
  SELECT h.territory, s.profile, count(*) AS sites FROM hit h JOIN asked_sites s USING (site) GROUP BY 1, 2
), passing AS (
  SELECT a.id, c.sites FROM accepting a JOIN counted c ON c.territory = a.include AND c.profile = a.profile
  WHERE a.exclude < 0
  UNION ALL
  SELECT a.id, count(*) FROM accepting a
  JOIN asked_sites s ON s.profile = a.profile JOIN hit h ON h.territory = a.include AND h.site = s.site
  WHERE a.exclude >= 0 AND NOT EXISTS (SELECT FROM hit x WHERE x.territory = a.exclude AND x.site = s.site)
  GROUP BY a.id, a.profile
)
SELECT f.id FROM filters f JOIN (SELECT id, sum(sites) AS sites FROM passing GROUP BY id) p USING (id)
WHERE p.sites >= greatest(1, CASE f.kind
  WHEN {all} THEN %(count)s WHEN {at_least} THEN f.needed
  WHEN {share} THEN (f.percent * %(count)s + 99999999) / 100000000 ELSE 1 END)
"""


class PostgreSql:
    """PostgreSQL with arrays under GIN and ranges under GiST, one prepared statement a request.

    Args:
        connection: to an empty database on the project's own server.
    """

    name = "PostgreSQL"

    def __init__(self, table: Table, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        connection.autocommit = True
        for statement in _POSTGRES_TABLES.split(";"):
            connection.execute(statement.encode())
        self._fill(table)
        for statement in _POSTGRES_INDEXES.split(";"):
            connection.execute(statement.encode())
        kinds = {kind.name.lower(): number for number, kind in enumerate(_KINDS)}
        self._statement = _POSTGRES.format(**kinds).encode()
        self._backend = connection.info.backend_pid

    def _fill(self, table: Table) -> None:
        columns = table.columns
        spans = ("bandwidth", "sites", "spend", "term", "start")
        with self._connection.cursor() as cursor:
            with cursor.copy("COPY filters FROM STDIN") as copy:
                for number in range(len(columns["kind"])):
                    row = {name: int(column[number]) for name, column in columns.items()}
                    copy.write_row(
                        (
                            number,
                            _array(row["services"], len(LEAVES)),
                            _array(row["required"], len(FEATURES)),
                            _array(row["excluded"], len(FEATURES)),
                            *(f"[{row[f'{span}_low']},{row[f'{span}_high']}]" for span in spans),
                            *(row[name] for name in ("industries", "sizes", "regions", "currencies")),
                            bool(row["consolidated"]),
                            *(row[name] for name in ("kind", "needed", "percent", "include", "exclude")),
                        )
                    )
            with cursor.copy("COPY territory_keys FROM STDIN") as copy:
                for start in range(0, len(table.keys), 100_000):
                    part = slice(start, start + 100_000)
                    pairs = zip(table.keys[part].tolist(), table.territories[part].tolist(), strict=True)
                    copy.write("".join(f"{key}\t{territory}\n" for key, territory in pairs))

    def search(self, facts: RequestFacts) -> tuple[Ids, float]:
        """Return the accepting filters and the CPU seconds of the server's process."""
        asked = Asked(facts)
        keys, sites = asked.pairs
        lines = [
            {"profile": profile, "leaf": leaf.bit_length() - 1, "bandwidth": bandwidth, "features": _numbers(features)}
            for profile, leaf, bandwidth, features in asked.lines
        ]
        given = {
            **asked.whole,
            "keys": keys.tolist(),
            "key_sites": sites.tolist(),
            "profiles": asked.profile_of_site.tolist(),
            "lines": json.dumps(lines),
            "leaves": [line["leaf"] for line in lines],
            "count": len(facts.sites),
        }
        before = _on_cpu(self._backend)
        rows = self._connection.execute(self._statement, given, prepare=True).fetchall()
        return {row[0] for row in rows}, _on_cpu(self._backend) - before


def _numbers(bits: int) -> list[int]:
    return [number for number in range(64) if bits >> number & 1]


def _array(bits: int, known: int) -> str:
    return "{" + ",".join(str(number) for number in range(known) if bits >> number & 1) + "}"


def _on_cpu(process: int) -> float:
    """Return the CPU seconds of a process to the nanosecond; where the system does not tell, the time of day."""
    file = Path(f"/proc/{process}/schedstat")
    return int(file.read_text().split()[0]) / 1e9 if file.exists() else time.perf_counter()
