"""The index accepts exactly what the plain predicate accepts, whatever is added, removed, folded, saved and loaded."""

import pickle
import threading
from copy import deepcopy
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buyers.requests.model import ListMode, ProviderList
from marketplace.kernel import codec, ids
from marketplace.kernel.ids import OrganizationId, RequestId
from matching import rules
from matching.index import searching
from matching.index.compiled import compiled
from matching.index.entries import ANY, Entry, Hit
from matching.index.index import Index, warm_up
from matching.index.snapshot import NoSnapshotError
from matching.model import LineFacts, RequestFacts, SiteFacts
from matching.places import Places
from matching.predicate import accepts
from sellers.model import Coverage, CoverageKind, Criteria, DateRange, Range

NODES = ["data", "data.sd-wan", "data.internet", "data.internet.dia", "voice", "voice.sip", "database"]
LEAVES = ["data.sd-wan", "data.internet.dia", "voice.sip", "database", "never.seen", "data"]
FEATURES = ["ipv6", "bgp", "backup_path", "diverse"]
FIGURES = [Decimal(text) for text in ("0", "1", "2", "2.0001", "3", "10", "99.9999", "100", "1000", "1E+30")]
DATES = [date(2030, 1, 1), date(2030, 6, 1), date(2031, 1, 1), date(2036, 1, 1)]
KEYS = [*range(1, 40), 2**63 + 1, 2**64 - 1]
PROVIDERS = [OrganizationId(f"org_{number}") for number in range(4)]
FILTER_IDS = ["f1", "f2", "f3", "a much longer identifier", "flt_" + "a7" * 12, "flt_" + "z2" * 12]

EMPTY: npt.NDArray[np.uint64] = np.empty(0, np.uint64)


def packed(keys: set[int]) -> npt.NDArray[np.uint64]:
    return np.array(sorted(keys), np.uint64)


def tuples(values: list[str], size: int = 3) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=size, unique=True).map(tuple)


figures = st.one_of(st.none(), st.sampled_from(FIGURES))
ranges = st.builds(Range, low=figures, high=figures)
days = st.one_of(st.none(), st.sampled_from(DATES))
coverages = st.one_of(
    st.just(Coverage()),
    st.just(Coverage(CoverageKind.ALL)),
    st.integers(1, 5).map(lambda sites: Coverage(CoverageKind.AT_LEAST, sites=sites)),
    st.sampled_from(["0", "1", "9.999999", "10", "24.999999", "25", "33.333333", "33.333334", "50", "66.7", "100"]).map(
        lambda share: Coverage(CoverageKind.SHARE, percent=Decimal(share))
    ),
)
everything = st.builds(
    Criteria,
    service_types=tuples(NODES),
    coverage=coverages,
    bandwidth_mbps=st.one_of(st.none(), ranges),
    sites=st.one_of(st.none(), ranges),
    monthly_spend=st.one_of(st.none(), ranges),
    term_months=st.one_of(st.none(), ranges),
    start_date=st.one_of(st.none(), st.builds(DateRange, low=days, high=days)),
    required_features=tuples(FEATURES, 2),
    excluded_features=tuples(FEATURES, 2),
    industries=tuples(["J", "K", ""]),
    sizes=tuples(["50-249", "250+"]),
    regions=tuples(["US-West"]),
    currencies=tuples(["USD", "EUR"]),
    consolidated_invoice=st.sampled_from([None, True, False]),
)


def only(criteria: Criteria, kept: set[str]) -> Criteria:
    """Return the criteria with all but ``kept`` left out: filters that state little accept often enough to test it."""
    return Criteria(**{name: getattr(criteria, name) for name in kept})


names = [field.name for field in fields(Criteria) if "territory" not in field.name]
criterias = st.one_of(everything, st.builds(only, everything, st.sets(st.sampled_from(names), max_size=4)))
# small and large territories, one that names nothing, and keys that no site has
few = st.sets(st.sampled_from(KEYS), max_size=3)
many = st.sets(st.sampled_from(KEYS), min_size=13, max_size=20)
territories = st.one_of(st.none(), few.map(packed), many.map(packed))
entries = st.builds(
    Entry,
    filter_id=st.sampled_from(FILTER_IDS),
    provider_id=st.sampled_from(PROVIDERS),
    criteria=criterias,
    include=territories,
    exclude=st.one_of(st.none(), territories),
)
lines = st.builds(
    LineFacts,
    ref=st.just("L1"),
    service_type=st.sampled_from(LEAVES),
    bandwidth_mbps=figures,
    features=st.frozensets(st.sampled_from([*FEATURES, "unheard_of"])),
)
sites = st.builds(
    SiteFacts,
    ref=st.just("S1"),
    keys=st.frozensets(st.sampled_from(KEYS), max_size=6),
    lines=st.lists(lines, max_size=3).map(tuple),
)
requests = st.builds(
    RequestFacts,
    request_id=st.just(RequestId("req_1")),
    sites=st.lists(sites, max_size=4).map(tuple),
    currency=st.sampled_from(["USD", "EUR", "XXX", ""]),
    consolidated_invoice=st.booleans(),
    term_months=st.sampled_from([1, 10, 100]),
    start_date=days,
    monthly_spend=figures,
    industry=st.sampled_from(["", "J", "K", "Q"]),
    size=st.sampled_from(["", "50-249"]),
    region=st.sampled_from(["", "US-West"]),
)
lists = st.one_of(
    st.just(ANY),
    st.builds(
        ProviderList,
        mode=st.sampled_from(list(ListMode)),
        providers=st.lists(st.sampled_from([*PROVIDERS, OrganizationId("org_unknown")]), max_size=3).map(tuple),
        grant=st.booleans(),
        distribute=st.booleans(),
    ),
)
changes = st.lists(
    st.one_of(entries, entries, entries, st.sampled_from(FILTER_IDS), st.sampled_from(["rebuild", "snapshot"])),
    max_size=14,
)


def oracle(stored: dict[str, Entry], facts: RequestFacts, providers: ProviderList = ANY) -> list[Hit]:
    def places(entry: Entry) -> Places:
        include, exclude = entry.include, entry.exclude
        return Places(
            None if include is None else frozenset(include.tolist()),
            None if exclude is None else frozenset(exclude.tolist()),
        )

    return sorted(
        Hit(entry.provider_id, entry.filter_id)
        for entry in stored.values()
        if rules.admits(providers, OrganizationId(entry.provider_id)) and accepts(entry.criteria, facts, places(entry))
    )


def change(index: Index, stored: dict[str, Entry], step: Entry | str) -> Index:
    """Do one step to an index and to a dictionary beside it."""
    if isinstance(step, Entry):
        index.add(step)
        stored[step.filter_id] = step
    elif step == "rebuild":
        index.rebuild()
    elif step == "snapshot":
        with TemporaryDirectory() as folder:
            index.save(Path(folder) / "index", position=7)
            index = Index.load(Path(folder) / "index")
            assert index.position == 7
    else:
        assert index.remove(step) == (stored.pop(step, None) is not None)
    return index


def line(
    service: str = "data.sd-wan", bandwidth: Decimal | None = None, features: frozenset[str] = frozenset()
) -> LineFacts:
    return LineFacts("L1", service, bandwidth, features)


def request_of(*sites: SiteFacts) -> RequestFacts:
    return RequestFacts(RequestId("req_1"), sites, "USD", False, 36, None, None)


def site(*keys: int, lines: tuple[LineFacts, ...] = (line(),)) -> SiteFacts:
    return SiteFacts("S", frozenset(keys), lines)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes, st.lists(st.tuples(requests, lists), min_size=1, max_size=4))
def test_the_index_is_the_twin_of_the_predicate(
    steps: list[Entry | str], asked: list[tuple[RequestFacts, ProviderList]]
) -> None:
    index, stored = Index(), dict[str, Entry]()
    for step in steps:
        index = change(index, stored, step)
        assert len(index) == len(stored)
        for facts, providers in asked:
            expected = oracle(stored, facts, providers)
            assert index.search(facts, providers) == expected
            assert index.providers(facts, providers) == len({hit.provider_id for hit in expected})


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(criterias, min_size=1, max_size=9),
    st.lists(territories, min_size=1, max_size=7),
    st.lists(requests, min_size=1, max_size=3),
    st.lists(sites, min_size=1, max_size=5),
    st.integers(60, 140),
)
def test_many_filters_and_many_sites(
    criteria: list[Criteria],
    places: list[npt.NDArray[np.uint64] | None],
    asked: list[RequestFacts],
    pattern: list[SiteFacts],
    size: int,
) -> None:
    stored = {
        f"filter {at}": Entry(
            f"filter {at}",
            PROVIDERS[at % 3],
            criteria[at % len(criteria)],
            places[at % len(places)],
            places[at // 5 % len(places)] if at % 5 == 0 else None,
        )
        for at in range(size)
    }
    many_sites = tuple(pattern[at * at % len(pattern)] for at in range(size))
    index = Index()
    index.add_many(list(stored.values())[:50])
    index.rebuild()
    index.add_many(list(stored.values())[50:])
    for at in range(0, 60, 3):
        assert index.remove(f"filter {at}")
        del stored[f"filter {at}"]
    asked = [*asked, replace(asked[0], sites=many_sites)]
    for facts in asked:
        assert index.search(facts) == oracle(stored, facts)
    index.rebuild()
    for facts in asked:
        assert index.search(facts) == oracle(stored, facts)


def test_one_line_at_one_site_must_satisfy_all() -> None:
    index = Index()
    wanted = Criteria(service_types=("data",), bandwidth_mbps=Range(low=Decimal(100)), required_features=("bgp",))
    index.add(Entry("f1", "p1", wanted, packed({1})))
    slow = line(bandwidth=Decimal(10), features=frozenset({"bgp"}))
    plain = line(bandwidth=Decimal(100))
    both = line(bandwidth=Decimal(100), features=frozenset({"bgp"}))
    assert index.search(request_of(site(1, lines=(slow, plain)))) == []
    assert index.search(request_of(site(1, lines=(plain,)), site(2, lines=(both,)))) == []
    assert index.search(request_of(site(1, lines=(plain,)), site(1, lines=(both,)))) == [Hit("p1", "f1")]


def test_more_codes_than_a_word_has_bits_are_told_apart() -> None:
    index = Index()
    for number in range(150):
        named = Criteria(
            service_types=(f"family.service{number}",),
            required_features=(f"feature{number}", "all"),
            regions=(f"region{number}", "everywhere"),
        )
        index.add(Entry(f"f{number}", "p", named))
    for _ in range(2):
        for number in (0, 63, 64, 149):
            asked = line(f"family.service{number}", features=frozenset({f"feature{number}", "all", "other"}))
            facts = replace(request_of(site(lines=(asked,))), region=f"region{number}")
            assert index.search(facts) == [Hit("p", f"f{number}")]
            assert index.search(replace(facts, region=f"region{number + 1}")) == []
        index.rebuild()


def test_copied_and_stored_facts_are_found_like_the_first_ones() -> None:
    index = Index()
    index.add(Entry("f1", "p1", Criteria(), packed({1, 2**64 - 1})))
    for key in (1, 2**64 - 1):
        facts = request_of(site(key))
        for same in (deepcopy(facts), pickle.loads(pickle.dumps(facts)), codec.load(RequestFacts, codec.dump(facts))):  # noqa: S301
            assert same == facts
            assert index.search(same) == [Hit("p1", "f1")]


def test_features_that_share_a_bit_are_told_apart() -> None:
    index, stored = Index(), dict[str, Entry]()
    for number in range(150):
        name = f"feature{number}"
        for kind, named in (("wants", {"required_features": (name,)}), ("refuses", {"excluded_features": (name,)})):
            entry = Entry(f"{kind} {number}", "p", Criteria(**named))
            stored[entry.filter_id] = entry
            index.add(entry)
    for _ in range(2):
        for asked in ({0}, {64}, {0, 64, 128}, {1, 149}):
            facts = request_of(site(lines=(line(features=frozenset(f"feature{number}" for number in asked)),)))
            assert index.search(facts) == oracle(stored, facts)
            assert len(index.search(facts)) == 150
        index.rebuild()


def test_what_is_named_only_after_a_rebuild_hides_no_filter_that_was_there() -> None:
    index, stored = Index(), dict[str, Entry]()

    def add(filter_id: str, criteria: Criteria) -> None:
        stored[filter_id] = Entry(filter_id, "p", criteria)
        index.add(stored[filter_id])

    add("anything", Criteria())
    add("above", Criteria(service_types=("data",)))
    add("required", Criteria(required_features=("bgp",)))
    index.rebuild()
    asked = line("data.internet.dia", features=frozenset({"bgp", "ipv6"}))
    facts = replace(request_of(site(lines=(asked,))), region="US-West")
    for named in (
        Criteria(service_types=("data.internet.dia",)),
        Criteria(service_types=("data.internet",)),
        Criteria(required_features=("ipv6",)),
        Criteria(excluded_features=("ipv6",)),
        Criteria(regions=("US-West",)),
    ):
        add(f"f{len(stored)}", named)
        assert index.search(facts) == oracle(stored, facts)
    for _ in range(2):
        index.rebuild()
        assert index.search(facts) == oracle(stored, facts)
        add("one more", Criteria(service_types=("data.internet.dia.gold", "data")))
        assert index.search(facts) == oracle(stored, facts)


def test_filters_with_a_territory_each() -> None:
    index, stored = Index(), dict[str, Entry]()
    for number in range(300):
        keys = {1000 + number, 5000 + number // 7, *((9,) if number % 2 else ()), *range(20_000, 20_000 + number % 40)}
        entry = Entry(f"f{number}", f"p{number % 5}", Criteria(), packed(keys), packed({7000 + number % 3}))
        stored[entry.filter_id] = entry
    index.add_many(stored.values())
    for _ in range(2):
        for keys in ({1007}, {5003}, {9}, {9, 7001}, {20_005}, {4}, {1001, 1002, 20_030}):
            facts = request_of(site(*keys), site(5001))
            assert index.search(facts) == oracle(stored, facts)
        index.rebuild()


@pytest.mark.parametrize("kept", [1, 60_000, 16_000_000])
def test_requests_of_all_sizes_in_turn_do_not_disturb_each_other(kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much of its scratch a search may keep for the next one: nothing, some of it, all."""
    monkeypatch.setattr(searching, "_KEPT", kept)
    index, stored = Index(), dict[str, Entry]()
    for number in range(200):
        keys = packed({number % 37, 100 + number % 11, 200 + number})
        wanted = Coverage(CoverageKind.AT_LEAST, sites=1 + number % 3)
        stored[f"f{number}"] = Entry(f"f{number}", f"p{number % 5}", Criteria(coverage=wanted), keys)
    index.add_many(list(stored.values())[:150])
    index.rebuild()
    index.add_many(list(stored.values())[150:])
    for size in (1, 300, 2, 65, 500, 1, 64, 129, 3, 500):
        lines = tuple(line("voice.sip", Decimal(at)) for at in range(1, 1 + size % 40))
        facts = request_of(*(site(at % 37, 100 + at % 13, 200 + at, lines=lines) for at in range(size)))
        assert (hits := index.search(facts)) == oracle(stored, facts)
        assert hits, "something must be found"


def test_an_equal_territory_is_kept_once() -> None:
    index = Index()
    keys = packed(set(range(1, 6000)))
    for number in range(10):
        index.add(Entry(f"f{number}", "p", Criteria(), keys if number % 2 else keys.copy()))
    index.rebuild()
    index.add(Entry("later", "p", Criteria(), keys.copy()))
    index.rebuild()
    assert index._state.segment.atlas.postings.size == keys.size
    assert len(index.search(request_of(site(77)))) == 11


def test_figures_of_any_size_are_compared_exactly() -> None:
    index = Index()
    most = Decimal("99999999999999.9999")
    index.add(Entry("exact", "p", Criteria(monthly_spend=Range(most, most))))
    index.add(Entry("open", "p", Criteria(monthly_spend=Range(low=most))))
    index.add(Entry("reversed", "p", Criteria(monthly_spend=Range(Decimal(5), Decimal(4)))))

    def found(spend: str | None) -> list[str]:
        figure = None if spend is None else Decimal(spend)
        return [hit.filter_id for hit in index.search(replace(request_of(site()), monthly_spend=figure))]

    assert found("99999999999999.9999") == ["exact", "open"]
    assert found("99999999999999.99985") == []
    assert found("99999999999999.99991") == ["open"]
    assert found("1E+400") == ["open"]
    assert found("1E-400") == []
    assert found(None) == ["exact", "open", "reversed"]


def test_a_share_is_rounded_up_exactly() -> None:
    index = Index()
    for percent in ("33.333333", "33.333334", "0", "100"):
        share = Coverage(CoverageKind.SHARE, percent=Decimal(percent))
        index.add(Entry(percent, "p", Criteria(coverage=share), packed({1})))
    one_of_three = index.search(request_of(site(1), site(2), site(3)))
    assert [hit.filter_id for hit in one_of_three] == ["0", "33.333333"]


def test_ids_come_back_as_they_went_in() -> None:
    index = Index()
    given_ids = {"", "é" * 7, "é" * 8, "x" * 15, "x" * 16, "flt_" + "2" * 24, "flt_" + "1" * 24, "x" * 500}
    given_ids |= {ids.new("flt") for _ in range(20)} | {
        ids.new(f"p{chr(97 + n // 26)}{chr(97 + n % 26)}") for n in range(80)
    }
    for one in given_ids:
        index.add(Entry(one, "p", Criteria()))
    index.rebuild()
    assert [hit.filter_id for hit in index.search(request_of(site()))] == sorted(given_ids)
    assert all(index.remove(one) for one in given_ids)
    assert len(index) == 0
    assert not index.remove("x" * 500)


def test_what_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "index"
    index = Index()
    index.add(Entry("f1", "p1", Criteria(), packed({1})))
    index.save(path)
    whole = path.read_bytes()
    for damaged in (b"", b"something else", whole[:40], whole[:-1], whole.replace(b"index 3", b"index 0")):
        path.write_bytes(damaged)
        with pytest.raises(NoSnapshotError):
            Index.load(path)
    assert [file.name for file in tmp_path.iterdir()] == ["index"]


def test_a_loaded_index_changes_without_touching_its_file(tmp_path: Path) -> None:
    index = Index()
    index.add_many(Entry(f"f{number}", "p1", Criteria(), packed({number})) for number in range(1, 200))
    index.save(tmp_path / "index")
    first = Index.load(tmp_path / "index")
    assert first.remove("f5")
    first.add(Entry("f6", "p2", Criteria(), packed({5})))
    assert first.search(request_of(site(5, 6))) == [Hit("p2", "f6")]
    second = Index.load(tmp_path / "index")
    assert second.search(request_of(site(5, 6))) == [Hit("p1", "f5"), Hit("p1", "f6")]


def test_readers_see_each_filter_before_or_after_a_change() -> None:
    """Every filter accepts in each of its versions: a search that misses one, or has one twice, saw half a change."""
    index = Index()
    steady = [f"s{number}" for number in range(200)]
    index.add_many(Entry(one, "p1", Criteria(), packed({1, 2})) for one in steady)
    index.rebuild()
    facts = request_of(site(1))
    wrong: list[object] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                found = [hit.filter_id for hit in index.search(facts) if hit.filter_id.startswith("s")]
                if sorted(found) != sorted(steady):
                    wrong.append(len(found))
                    return
        except Exception as error:  # noqa: BLE001 - a thread's error must fail the test
            wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for turn in range(600):
            index.add(Entry(steady[turn % 200], f"p{turn}", Criteria(), packed({1, 3 + turn % 50})))
            index.add(Entry("passing", "p1", Criteria(regions=(f"r{turn}",)), None))
            assert index.remove("passing")
            if turn % 100 == 50:
                index.rebuild()
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert wrong == []
    assert len(index) == 200


def test_changes_during_a_rebuild_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    from matching.index import folding  # noqa: PLC0415 - patched here alone

    index = Index()
    index.add_many(Entry(f"f{number}", "p1", Criteria(), packed({1})) for number in range(5))
    plain = folding.fold

    def busy(taken: folding.Taken) -> object:
        folded = plain(taken)
        index.remove("f0")
        index.add(Entry("f1", "p2", Criteria(), packed({2})))
        index.add(Entry("f9", "p3", Criteria(), None))
        index.add(Entry("gone", "p3", Criteria(), None))
        index.remove("gone")
        return folded

    monkeypatch.setattr(folding, "fold", busy)
    index.rebuild()
    assert len(index) == 5
    assert [hit.filter_id for hit in index.search(request_of(site(1)))] == ["f2", "f3", "f4", "f9"]
    assert [hit.filter_id for hit in index.search(request_of(site(2)))] == ["f1", "f9"]


def test_code_that_cannot_be_kept_on_disk_is_compiled_all_the_same() -> None:
    made: dict[str, object] = {}
    # a function without a file: numba has no place to keep it, as in a read-only installation without a home
    exec("def twice(number):\n    return 2 * number\n", made)  # noqa: S102 - text of this test
    assert compiled("int64(int64)")(made["twice"])(21) == 42  # type: ignore[type-var, operator]


def test_warming_up_leaves_nothing_behind() -> None:
    warm_up()
    assert len(Index()) == 0
