import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache, reduce
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from marketplace.bidding import engine, replay_check, transcript
from marketplace.bidding.commands import Command, MarkAwarded, OpenBids, OpenedPrice, PlaceBid
from marketplace.bidding.events import LotEvent
from marketplace.bidding.model import LotState, Refusal
from marketplace.bidding.rules import Decrement, DecrementKind, Option, Rules, SoftClose
from marketplace.bidding.transcript import Signed, WrongTranscriptError
from marketplace.bidding.visibility import alias
from marketplace.cli.main import app
from marketplace.kernel import codec
from marketplace.kernel.chain import GENESIS, Recorded, leaf
from marketplace.kernel.ids import BidId, LotId, OrganizationId, RequestId, UserId
from marketplace.kernel.security import Keyring

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANN, BEA = OrganizationId("org_ann"), OrganizationId("org_bea")
PLATFORM = OrganizationId("platform")
BUYER = OrganizationId("org_buyer")
ENGLISH = Rules(
    "english",
    "open",
    "EUR",
    T0,
    T0 + timedelta(minutes=10),
    decrement=Decrement(DecrementKind.ABSOLUTE, Decimal(1)),
    soft_close=SoftClose(60, 60),
    disclosed=(Option.ALL_PRICES,),
)
SEALED = Rules("sealed_first_price", "sealed", "EUR", T0, T0 + timedelta(minutes=10))


def _pem() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@cache
def _keyring(name: str = "ours") -> Keyring:
    return Keyring({f"key-{name}": _pem()}, "https://market.example.com")


class Chain:
    """A lot whose events are chained as the journal chains them."""

    def __init__(self, rules: Rules) -> None:
        self.events: list[Recorded] = []
        first = engine.schedule(LotId("lot_1"), rules, (ANN, BEA), T0 - timedelta(hours=1), secret="of the lot")
        self.state = engine.replay(first)
        self._keep(first, PLATFORM)

    def _keep(self, events: Sequence[Any], by: OrganizationId) -> None:
        for event in events:
            told = LotEvent(RequestId("req_1"), LotId("lot_1"), event)
            previous = self.events[-1].hash if self.events else GENESIS
            seq = len(self.events) + 1
            bare = Recorded(
                told.name, told.stream, seq, None, event.at, UserId(f"usr_of_{by}"), by, told.data(), previous, ""
            )
            self.events.append(replace(bare, hash=leaf(bare)))

    def do(self, command: Command, at: datetime, by: OrganizationId) -> None:
        decided = engine.outcome(self.state, command, at)
        assert not isinstance(decided, Refusal), decided
        self.state = decided.state
        self._keep(decided.events, by)

    def bid(self, bidder: OrganizationId, amount: str, seconds: int) -> str:
        """Place a bid and return its event's hash."""
        mark = f"{bidder}_{seconds}"
        command = PlaceBid(bidder, BidId(f"bid_{mark}"), Decimal(amount), f"commit_{mark}", None, f"key_{mark}")
        self.do(command, T0 + timedelta(seconds=seconds), bidder)
        return next(one.hash for one in reversed(self.events) if one.name == "bid.placed")

    def close(self, **prices: str) -> None:
        events = engine.ring(self.state, self.state.closes_at)
        self.state = reduce(engine.evolve, events, self.state)
        self._keep(events, PLATFORM)
        if not self.state.opened:
            opened = tuple(OpenedPrice(BidId(bid), Decimal(price)) for bid, price in prices.items())
            self.do(OpenBids(opened), self.state.closes_at, PLATFORM)


def _signed(made: transcript.Transcript, keyring: Keyring | None = None) -> Any:
    keyring = keyring or _keyring()
    keys = keyring.public_keys
    return codec.dump(Signed(made, keys, keyring.sign(transcript.USE, transcript.sign_with(made, keys))))


@cache
def _english() -> Chain:
    chain = Chain(ENGLISH)
    chain.bid(ANN, "100.10", 10)
    chain.bid(BEA, "95", 20)
    chain.bid(ANN, "90", 595)
    chain.close()
    return chain


@cache
def _sealed() -> Chain:
    chain = Chain(SEALED)
    chain.bid(ANN, "100", 10)
    chain.bid(BEA, "95", 20)
    chain.close(bid_org_ann_10="100", bid_org_bea_20="95")
    return chain


def _full(chain: Chain) -> Any:
    return _signed(transcript.full("LOT1", chain.state, chain.events))


def _for(chain: Chain, bidder: OrganizationId) -> Any:
    view = engine.view(chain.state, bidder, chain.state.closes_at)
    return _signed(transcript.for_bidder("LOT1", chain.state, chain.events, bidder, view))


def _check(document: Any, trusted: dict[str, str] | None = None) -> transcript.Checked:
    return transcript.check(transcript.read(json.loads(json.dumps(document))), trusted)


@pytest.mark.parametrize("chain", [_english, _sealed])
def test_a_full_transcript_replays_to_the_standing_on_screen(chain: Any) -> None:
    made = chain()
    checked = _check(_full(made), _keyring().public_keys)
    standing = engine.standing(made.state)
    assert checked.replayed
    assert [(line.bidder, line.amount) for line in checked.results.standing] == [
        (line.bidder, line.amount) for line in standing
    ]
    assert [one.payment for one in checked.results.candidates] == list(engine.payments(made.state).values())
    assert replay_check.replayed(made.events) == made.state
    assert tuple(replay_check.differences(made.state, replay_check.replayed(made.events))) == ()


@pytest.mark.parametrize("chain", [_english, _sealed])
@pytest.mark.parametrize(("own", "rival"), [(ANN, BEA), (BEA, ANN)])
def test_a_bidder_reads_its_own_events_and_of_its_rival_nothing(
    chain: Any, own: OrganizationId, rival: OrganizationId
) -> None:
    made = chain()
    document = _for(made, own)
    text = json.dumps(document)
    assert rival not in text
    assert "usr_of_" + rival not in text
    shown = [one["shown"] for one in document["transcript"]["events"] if one["shown"]]
    assert {one["type"] for one in shown} <= {"bid.placed", "auction.opened", "auction.closed", "auction.extended"}
    assert sum(one["type"] == "bid.placed" for one in shown) == sum(bidder == own for bidder, _ in made.state.bids)
    assert _check(document).transcript.reader == alias(made.state, own)


def test_before_the_award_of_a_sealed_lot_no_rivals_price_is_told() -> None:
    results = _for(_sealed(), ANN)["transcript"]["results"]
    assert [line["amount"] for line in results["standing"]] == ["100"]
    assert "95" not in json.dumps(results)


def test_prices_by_alias_are_told_where_the_rules_tell_them() -> None:
    made = _english()
    results = _for(made, ANN)["transcript"]["results"]
    assert [(line["bidder"], line["amount"]) for line in results["standing"]] == [
        (alias(made.state, ANN), "90.00"),
        (alias(made.state, BEA), "95.00"),
    ]


def test_who_is_awarded_is_named_to_the_buyer_and_to_the_winner_alone() -> None:
    made = Chain(ENGLISH)
    made.bid(ANN, "90", 10)
    made.bid(BEA, "95", 20)
    made.close()
    made.do(MarkAwarded(BidId("bid_org_ann_10")), made.state.closes_at, BUYER)
    assert _check(_full(made)).results.awarded == (ANN,)
    assert _check(_for(made, ANN)).results.awarded == (alias(made.state, ANN),)
    assert _check(_for(made, BEA)).results.awarded == ()
    assert BUYER not in json.dumps(_for(made, BEA))


def test_a_hash_can_not_be_found_by_guessing_what_lies_between_two_own_events() -> None:
    """With two receipts, all that an event is made of, and its number, nothing came between, or something did."""
    made = Chain(SEALED)
    first, second = made.bid(ANN, "100", 10), made.bid(ANN, "99", 20)
    own = made.events[-1]
    assert (own.previous, own.hash) == (first, second)
    guessed = {name: value for name, value in own.data.items() if name != "salt"}
    assert leaf(replace(own, data=guessed)) != second
    assert leaf(own) == second
    salts = {one.data["salt"] for one in made.events}
    assert len(salts) == len(made.events)
    assert all(len(salt) > 24 for salt in salts)


def test_where_the_number_of_bids_is_hidden_a_bidder_gets_an_excerpt() -> None:
    """What it is given is the same, whatever its rivals did: but for the hashes, which are random to it."""
    told = []
    for rivals in ((), ("95",), ("95", "94", "93")):
        made = Chain(SEALED)
        made.bid(ANN, "100", 10)
        for number, price in enumerate(rivals):
            made.bid(BEA, price, 11 + number)
        made.bid(ANN, "50", 30)
        sealed = {bid.bid_id: "99" for bid in made.state.standing.values()}
        made.close(**sealed | {"bid_org_ann_30": "50"})
        document = _for(made, ANN)
        _check(document, _keyring().public_keys)
        given = document["transcript"]
        assert given["head"] == made.events[-1].hash
        hashes = [one.pop("hash") for one in given["events"]]
        assert set(hashes) < {one.hash for one in made.events}
        told.append(given["events"])
    assert told[0] == told[1] == told[2]
    assert all(one["seq"] is None and one["shown"]["previous"] is None for one in told[0])
    assert "salt" not in json.dumps(told)


def test_an_excerpt_that_tells_a_place_is_none_and_a_receipt_is_for_its_own_bid() -> None:
    made = _sealed()
    good = transcript.for_bidder("LOT1", made.state, made.events, ANN, engine.view(made.state, ANN, T0))
    placed = next(one for one in made.events if one.name == "bid.placed")
    keys = _keyring().public_keys
    given = _receipt(made, placed.seq, bid_id="bid_org_ann_10", sequence=None)
    assert transcript.check_receipt(good, transcript.read_receipt(given, keys)) is None
    other = transcript.read_receipt(_receipt(made, placed.seq, bid_id="bid_other", sequence=None), keys)
    with pytest.raises(WrongTranscriptError, match="bid_id"):
        transcript.check_receipt(good, other)
    first, *rest = good.events
    for changed in (replace(first, seq=2), replace(first, shown=None)):
        with pytest.raises(WrongTranscriptError, match="event"):
            _check(_signed(replace(good, events=(changed, *rest))))


def test_a_bidder_reads_neither_the_scheduling_nor_the_secret_of_its_lot() -> None:
    for made in (_english(), _sealed()):
        for bidder in (ANN, BEA):
            assert "of the lot" not in json.dumps(_for(made, bidder))
        assert "of the lot" in json.dumps(_full(made))


def _paths(document: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(document, dict):
        return [path for name, value in document.items() for path in _paths(value, (*at, name))]
    if isinstance(document, list):
        return [path for index, value in enumerate(document) for path in _paths(value, (*at, index))]
    return [at]


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_any_changed_field_is_found(data: st.DataObject) -> None:
    source = data.draw(st.sampled_from([_full(_english()), _for(_english(), BEA), _full(_sealed())]))
    document = json.loads(json.dumps(source))
    path = data.draw(st.sampled_from(_paths(document)))
    *way, last = path
    holder = reduce(lambda part, name: part[name], way, document)
    value = holder[last]
    if isinstance(value, str) and value:
        index = data.draw(st.integers(0, len(value) - 1))
        letter = data.draw(st.sampled_from("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_ \n"))
        holder[last] = value[:index] + letter + value[index + 1 :]
    elif isinstance(value, bool):
        holder[last] = not value
    else:
        holder[last] = 7 if value != 7 else 8
    if holder[last] == value:
        return
    with pytest.raises(WrongTranscriptError):
        _check(document, _keyring().public_keys)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_forger_with_its_own_key_still_has_to_forge_the_chain(data: st.DataObject) -> None:
    made = _english()
    events = list(made.events)
    index = data.draw(st.integers(0, len(events) - 1))
    what = data.draw(st.sampled_from(["drop", "swap", "change"]))
    if what == "drop":
        del events[index]
    elif what == "swap":
        other = data.draw(st.integers(0, len(events) - 1).filter(lambda at: at != index))
        events[index], events[other] = events[other], events[index]
    else:
        events[index] = replace(events[index], at=events[index].at + timedelta(seconds=1))
    with pytest.raises(WrongTranscriptError):
        _check(_signed(transcript.full("LOT1", made.state, events)))


def test_results_that_the_events_do_not_lead_to_are_found_with_their_line() -> None:
    made = _english()
    good = transcript.full("LOT1", made.state, made.events)
    first, *rest = good.results.standing
    forged = replace(good, results=replace(good.results, standing=(replace(first, amount=Decimal(1)), *rest)))
    with pytest.raises(WrongTranscriptError, match="standing, line 1"):
        _check(_signed(forged))


def test_a_key_that_is_given_is_believed_and_not_the_one_in_the_file() -> None:
    document = _signed(transcript.full("LOT1", _english().state, _english().events), _keyring("forger"))
    assert _check(document).kid == "key-forger"
    with pytest.raises(WrongTranscriptError, match="unknown key"):
        _check(document, _keyring().public_keys)
    same_name = {"key-forger": _keyring().public_keys["key-ours"]}
    with pytest.raises(WrongTranscriptError, match="signature"):
        _check(document, same_name)


def _receipt(chain: Chain, seq: int, **changes: Any) -> dict[str, Any]:
    recorded = chain.events[seq - 1]
    plain = {
        "lot": "LOT1",
        "amount": "95.00",
        "received_at": recorded.at.isoformat(),
        "leaf": recorded.hash,
        "sequence": recorded.seq,
        "rules_hash": chain.state.rules_hash,
    } | changes
    return plain | {"signed": _keyring().sign(transcript.RECEIPT, codec.canonical(plain))}


def test_a_receipt_is_found_in_the_chain_that_it_is_of() -> None:
    made = _english()
    given = transcript.full("LOT1", made.state, made.events)
    keys = _keyring().public_keys
    seq = next(one.seq for one in made.events if one.name == "bid.placed")
    assert transcript.check_receipt(given, transcript.read_receipt(_receipt(made, seq), keys)) == seq
    sealed = transcript.read_receipt(_receipt(made, seq, sequence=None), keys)
    assert transcript.check_receipt(given, sealed) == seq
    for changes in ({"leaf": "0" * 64}, {"sequence": seq + 1}, {"rules_hash": "0" * 64}, {"lot": "LOT2"}):
        with pytest.raises(WrongTranscriptError):
            transcript.check_receipt(given, transcript.read_receipt(_receipt(made, seq, **changes), keys))
    with pytest.raises(WrongTranscriptError, match="amount"):
        transcript.read_receipt(_receipt(made, seq) | {"amount": "1.00"}, keys)
    with pytest.raises(WrongTranscriptError, match="signature"):
        transcript.read_receipt(_receipt(made, seq), _keyring("forger").public_keys)


def test_the_command_checks_files_and_names_what_is_wrong(tmp_path: Path) -> None:
    def file(name: str, content: Any) -> Path:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    def run(*arguments: Any) -> tuple[int, str]:
        ended = CliRunner().invoke(app, ["verify", *map(str, arguments)])
        return ended.exit_code, ended.output

    made = _english()
    good, keys = file("t.json", _full(made)), file("keys.json", _keyring().public_keys)
    pem = file("key.pem", _keyring().public_keys["key-ours"])
    seq = next(one.seq for one in made.events if one.name == "bid.placed")
    receipt = file("r.json", {"receipts": [_receipt(made, seq)]})
    for key in (keys, pem):
        code, out = run(good, "--key", key, "--receipt", receipt)
        assert code == 0, out
        assert f"1. {ANN}: 90.00 EUR" in out
        assert f"candidate for the award: {ANN}, paid 90.00 EUR" in out
        assert f"event {seq} of the chain" in out
    code, out = run(good)
    assert (code, "came with the file" in out) == (0, True)
    assert run(receipt, "--key", pem)[0] == 0
    assert run(file("jws.txt", _receipt(made, seq)["signed"]), "--key", keys)[0] == 0
    assert run(receipt)[0] == 1
    assert run(file("other.json", _for(made, ANN)), "--key", keys, "--receipt", receipt)[0] == 0
    excerpt, sealed = file("excerpt.json", _for(_sealed(), ANN)), file("s.json", _receipt(_sealed(), 3, sequence=None))
    code, out = run(excerpt, "--key", keys, "--receipt", sealed)
    assert code == 0, out
    assert "an event of the chain" in out
    assert "the rules hide how many" in out
    forged = json.loads(good.read_text(encoding="utf-8"))
    forged["transcript"]["events"][2]["shown"]["data"]["event"]["amount"] = "1.00"
    code, out = run(file("forged.json", forged), "--key", keys)
    assert (code, "WRONG" in out) == (1, True)
    assert run(file("no.json", "{"), "--key", keys)[0] == 1
    assert run(tmp_path / "none.json")[0] == 1


def test_a_stored_state_that_differs_is_told_field_by_field() -> None:
    made = _english()
    other: LotState = made.state._replace(
        extensions=7, bidders=made.state.bidders.delete(ANN), closes_at=made.state.closes_at + timedelta(seconds=1)
    )
    found = {one.field: (one.stored, one.replayed) for one in replay_check.differences(other, made.state)}
    assert set(found) == {"extensions", "closes_at", f"bidders {ANN}"}
    assert found["extensions"] == ("7", "1")
    broken = [*made.events[:2], replace(made.events[2], at=T0), *made.events[3:]]
    with pytest.raises(ValueError, match="event 3 is not as it was written"):
        replay_check.replayed(broken)


def test_checking_imports_nothing_that_connects() -> None:
    code = "import marketplace.cli.verify, sys; print({'psycopg', 'asyncpg', 'httpx', 'uvicorn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - own code
    assert done.stdout.strip() == "set()"
